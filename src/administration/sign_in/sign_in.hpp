// Signing in with a password, and everything that changes how somebody may: own and temporary passwords, one-time
// codes.
//
// Unknown name, wrong password, missing and wrong code get the same answer, after the same work. Every attempt that is
// looked at leaves an audit row and an event (`ciclo.sign-in.succeeded`, `ciclo.sign-in.failed`) without what was
// typed.
//
// Changing or removing a password ends the user's sessions and the tokens that came from signing in; other tokens stay.
//
// Thread safety: safe from any thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "administration/sign_in/attempts.hpp"
#include "administration/sign_in/one_time_codes.hpp"
#include "administration/sign_in/password_hasher.hpp"
#include "administration/sign_in/passwords.hpp"
#include "administration/sign_in/sessions.hpp"
#include "resources/service.hpp"

namespace ciclo::administration {

inline constexpr const char* sign_in_purpose = "sign-in";  // of the tokens that signing in gives

// nothing: whether name and password are right is all that is asked.
enum class Wants : std::uint8_t { token, session, nothing };

struct SignInRequest {
  std::string name;
  std::string password;
  std::string code;          // a one-time or recovery code; empty: none
  std::string new_password;  // not empty: change it to this on the way
  Wants wants = Wants::token;
  std::optional<TimePoint> expires_at;  // of the token
  std::string remote_address;
  std::string request_id;
};

struct SignInAnswer {
  std::chrono::milliseconds wait{0};  // not zero: too many failures, nothing was looked at, try again after this
  std::string principal;
  TimePoint expires_at;
  std::string token;                     // for Wants::token
  std::optional<OpenedSession> session;  // for Wants::session
};

// A change of what one signs in with, that must be proved by what one has.
struct OwnChange {
  resources::Caller caller;
  std::string remote_address;
  std::string proof;  // the current password; a code
};

class SignIn {
 public:
  struct Parts {
    resources::ResourceService& service;
    IdentityService& identity;
    const Sealer& sealer;
    Sessions& sessions;
    PasswordHasher& hasher;
    // Whether somebody may decide how another one signs in: they could become them by it.
    std::function<Result<void>(const resources::Caller&, const std::string& user)> require_may_act_for;
  };
  struct Settings {
    std::chrono::milliseconds longest_token{std::chrono::hours(12)};
  };
  SignIn(Parts parts, Settings settings);

  // Fails with unauthenticated when anything is wrong; denied at "/new_password" when everything is right but the
  // password is a temporary one and no new one came; invalid when the new one breaks the rules.
  Result<SignInAnswer> sign_in(const SignInRequest& request);

  // How long to wait; zero: it is done. Fails with denied when the current password is wrong.
  Result<std::chrono::milliseconds> change_password(const OwnChange& change, const std::string& new_password);
  // Without proof: for administrators. A temporary one must be changed at the next sign-in; one's own never is.
  enum class Lasts : std::uint8_t { temporary, for_good };
  Result<void> set_password(const resources::Caller& caller, const std::string& user, const std::string& password,
                            Lasts lasts = Lasts::temporary);
  // Of a new password before there is a user for it; fails with invalid when it breaks the rules.
  Result<std::string> hash_new(const std::string& user, const std::string& password);
  Result<void> set_hash_in(sql::Session& session, const resources::Caller& caller, const std::string& user,
                           const std::string& hash, Lasts lasts);
  Result<void> remove_password(const resources::Caller& caller, const std::string& user);

  // Ends all sessions of a user and all tokens that came from signing in.
  Result<void> end_all_in(sql::Session& session, const std::string& user);
  // The same for the caller, with a record of it.
  Result<void> sign_out_everywhere(const resources::Caller& caller);

  Result<Enrolment> begin_codes(const resources::Caller& caller);
  Result<std::vector<std::string>> confirm_codes(const resources::Caller& caller, const std::string& code);
  // How long to wait; zero: it is done. Fails with denied when the code is wrong.
  Result<std::chrono::milliseconds> remove_own_codes(const OwnChange& change);
  Result<void> remove_codes(const resources::Caller& caller, const std::string& user);

  // The hash of the password that is enough to sign in now; nothing for somebody who is disabled, has none, must change
  // it, or must give a one-time code, too.
  Result<std::optional<std::string>> sufficient_password(const std::string& user);

  const Passwords& passwords() const { return passwords_; }
  const OneTimeCodes& codes() const { return codes_; }
  const Parts& parts() const { return parts_; }

 private:
  struct Account;
  struct Verified;
  Result<Account> look_up(const std::string& name);
  Result<SignInAnswer> finish(const SignInRequest& request, const Account& account, const Verified& verified);
  Result<SignInAnswer> give_in(sql::Session& session, const SignInRequest& request, const std::string& how);
  Result<void> replace_in(sql::Session& session, const std::string& user, const std::string& hash, bool must_change);
  Result<TimePoint> token_end(const SignInRequest& request) const;
  sql::Database& database() const { return parts_.service.parts().database; }

  const Parts parts_;
  const Settings settings_;
  Attempts attempts_;
  Passwords passwords_;
  OneTimeCodes codes_;
};

}  // namespace ciclo::administration
