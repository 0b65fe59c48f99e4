// A whole SignIn on a database in a temporary folder, with cheap hashes and a clock that tests move; for the tests
// here.
#pragma once

#include <sodium.h>

#include "administration/identity/migrations.hpp"
#include "administration/secrets/store.hpp"
#include "administration/sign_in/migrations.hpp"
#include "administration/sign_in/sign_in.hpp"
#include "resources/testing.hpp"

namespace ciclo::administration {

inline std::vector<sql::Migration> sign_in_test_migrations() {
  auto all = migrations();
  for (const auto& module : {secret_migrations(), sign_in_migrations()})
    all.insert(all.end(), module.begin(), module.end());
  return all;
}

struct TestSignIn {
  explicit TestSignIn(PasswordHasher::Settings cost = {.operations = crypto_pwhash_OPSLIMIT_MIN,
                                                       .memory = crypto_pwhash_MEMLIMIT_MIN})
      : resources(resources::KindTable(), sign_in_test_migrations()),
        sealer(*Sealer::open(resources.folder / "master.key")),
        identity(*resources.database, resources.clock),
        sessions(*resources.database, resources.clock, {}),
        hasher(cost),
        sign_in({*resources.service, identity, sealer, sessions, hasher,
                 [](const resources::Caller&, const std::string&) { return Result<void>(); }},
                {}) {}

  template <class Body>
  auto write(Body&& body) {
    return resources.database->write(std::forward<Body>(body));
  }
  // A user with a password that they chose.
  void add_user(const std::string& name, const std::string& password) {
    const auto created = write([&](sql::Session& s) { return identity.create_user_in(s, name, ""); });
    if (!created || !sign_in.set_password(caller(name), name, password)) throw std::runtime_error("no user");
  }
  static resources::Caller caller(const std::string& name) {
    return {.principal = name, .only_workspace = {}, .token_id = {}, .request_id = {}};
  }
  static SignInRequest request(const std::string& name, const std::string& password) {
    SignInRequest out;
    out.name = name;
    out.password = password;
    out.remote_address = "192.0.2.7";
    return out;
  }
  ErrorCode refusal(const SignInRequest& wanted) {
    const auto answer = sign_in.sign_in(wanted);
    return answer ? ErrorCode::internal : answer.error().code;
  }

  resources::TestResources resources;
  Sealer sealer;
  IdentityService identity;
  Sessions sessions;
  PasswordHasher hasher;
  SignIn sign_in;
};

}  // namespace ciclo::administration
