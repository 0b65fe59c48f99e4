// People's own passwords in `Authorization: Basic …`, which MLflow's clients send with every request
// (MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD).
//
// The first request with a name and password is a sign-in like any other: throttled, with an audit row and an event.
// What was right is remembered for 5 minutes, under a hash keyed anew by every process, never the password itself, so
// that further requests cost no argon2id. Whenever a user, token, password, session or second factor changed, what is
// remembered is compared with the database again before it counts.
//
// Refused: accounts with one-time codes (a code is good once), temporary passwords, services.
// A password that has a token's form is TokenAuthenticator's; there the name does not matter.
//
// Thread safety: safe from any thread. Requests with the same credentials wait for one check.
#pragma once

#include <future>
#include <map>
#include <mutex>
#include <string>

#include "administration/authenticator.hpp"
#include "administration/sign_in/basic_credentials.hpp"
#include "administration/sign_in/sign_in.hpp"

namespace ciclo::administration {

inline constexpr std::string_view basic_token_id = "password";  // Caller::token_id of who signed in like this

class BasicAuthenticator final : public Authenticator {
 public:
  explicit BasicAuthenticator(SignIn& sign_in);
  Result<std::optional<resources::Caller>> authenticate(const http::Request& request) override;

 private:
  struct Known {
    std::string principal;
    std::string hash;  // of the password, as stored: another one means that it was changed
    TimePoint until;
    std::uint64_t revision = 0;  // of IdentityService, from before it was checked
  };
  std::string key_of(const BasicCredentials& credentials) const;
  Result<std::optional<resources::Caller>> remembered(const std::string& key);
  Result<resources::Caller> verify_once(const std::string& key, const BasicCredentials& credentials,
                                        const http::Request& request);
  Result<resources::Caller> verify(const std::string& key, const BasicCredentials& credentials,
                                   const http::Request& request);

  SignIn& sign_in_;
  const std::string secret_;  // the hash's key
  std::mutex mutex_;          // guards what follows
  std::map<std::string, Known> known_;
  std::map<std::string, std::shared_future<Result<resources::Caller>>> running_;
};

}  // namespace ciclo::administration
