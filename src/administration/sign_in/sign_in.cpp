#include "administration/sign_in/sign_in.hpp"

#include <fmt/format.h>

#include "administration/sign_in/password_rules.hpp"
#include "administration/sign_in/records.hpp"
#include "resources/reference.hpp"

namespace ciclo::administration {

using std::chrono::milliseconds;

struct SignIn::Account {
  bool is_known = false;
  std::string hash;  // empty: no password
  Attempt attempt;
};

struct SignIn::Verified {
  bool is_right = false;
  std::string new_hash;  // to be stored in place of the old one; empty: none
};

namespace {

enum class Verdict : std::uint8_t { refused, must_change, done };

struct Finished {
  Verdict verdict = Verdict::refused;
  SignInAnswer answer;
};

Failure not_right() {
  return fail(ErrorCode::unauthenticated, "the name, the password or the one-time code is not right", {},
              "where one-time codes are on, the current one must come with the password");
}

Failure needs_new_password() {
  return fail(ErrorCode::denied, "the password is a temporary one and must be changed", "/new_password",
              "sign in again with new_password beside the password");
}

Result<void> check_replacement(std::string_view name, std::string_view old_password, std::string_view new_password) {
  if (old_password == new_password)
    return fail(ErrorCode::invalid, "the new password is the old one", "/new_password", "choose another one");
  return check_new_password(name, new_password, "/new_password");
}

}  // namespace

SignIn::SignIn(Parts parts, Settings settings)
    : parts_(parts),
      settings_(settings),
      attempts_(parts.service.parts().clock),
      passwords_(parts.identity, parts.service.parts().clock),
      codes_(parts.sealer, parts.service.parts().clock) {}

Result<SignIn::Account> SignIn::look_up(const std::string& name) {
  const Account unknown{
      .is_known = false, .hash = {}, .attempt = {.name = attempt_name_of_unknown(name), .address = {}}};
  // What can be no name never reaches the database.
  if (!resources::check_name(name, "user name")) return unknown;
  return database().read([&](sql::Session& session) -> Result<Account> {
    const auto user = parts_.identity.get_user_in(session, name);
    if (!user && user.error().code == ErrorCode::not_found) return unknown;
    if (!user) return Failure(user.error());
    if (user->is_disabled || user->kind != PrincipalKind::person) return unknown;
    CICLO_TRY(const auto password, passwords_.find_in(session, name));
    return Account{
        .is_known = true, .hash = password ? password->hash : std::string(), .attempt = {.name = name, .address = {}}};
  });
}

Result<TimePoint> SignIn::token_end(const SignInRequest& request) const {
  const TimePoint latest = parts_.service.parts().clock.now() + settings_.longest_token;
  if (!request.expires_at || *request.expires_at <= latest) return request.expires_at.value_or(latest);
  return fail(ErrorCode::invalid, "the token would live for too long", "/expires_at",
              fmt::format("{} at the latest; for longer ones: ciclo user token create", format_rfc3339(latest)));
}

Result<SignInAnswer> SignIn::sign_in(const SignInRequest& request) {
  CICLO_CHECK(token_end(request));
  if (!request.new_password.empty())
    CICLO_CHECK(check_replacement(request.name, request.password, request.new_password));
  CICLO_TRY(Account account, look_up(request.name));
  account.attempt.address = attempt_address_of(request.remote_address);
  CICLO_TRY(const milliseconds wait, attempts_.charge(database(), account.attempt));
  if (wait.count() > 0)
    return SignInAnswer{.wait = wait, .principal = {}, .expires_at = {}, .token = {}, .session = {}};
  const auto verify = [&]() -> Result<Verified> {
    CICLO_TRY(const bool is_right, parts_.hasher.verify(account.hash, request.password));
    Verified verified{.is_right = is_right, .new_hash = {}};
    const bool changes = !request.new_password.empty();
    if (is_right && (changes || parts_.hasher.is_outdated(account.hash))) {
      CICLO_TRY(verified.new_hash, parts_.hasher.hash(changes ? request.new_password : request.password));
    }
    return verified;
  };
  const auto verified = verify();
  if (!verified) {
    CICLO_CHECK(attempts_.take_back(database(), account.attempt));
    return Failure(verified.error());
  }
  return finish(request, account, *verified);
}

Result<SignInAnswer> SignIn::finish(const SignInRequest& request, const Account& account, const Verified& verified) {
  const auto in_transaction = [&](sql::Session& session) -> Result<Finished> {
    Finished finished;
    std::string how = "password";
    bool is_good = verified.is_right;
    bool must_change = false;
    if (is_good) {
      CICLO_TRY(const auto password, passwords_.find_in(session, request.name));
      is_good = password && password->hash == account.hash;  // it may have been changed meanwhile
      must_change = is_good && password->must_change && request.new_password.empty();
      CICLO_TRY(const bool needs_code, codes_.is_on_in(session, request.name));
      if (is_good && needs_code) {
        how = "password and one-time code";
        CICLO_TRY(is_good, codes_.accept_in(session, request.name, request.code, must_change ? Use::look : Use::spend));
      }
    }
    SignInRecord record{.principal = account.is_known ? request.name : std::string(),
                        .how = how,
                        .address = request.remote_address,
                        .request_id = request.request_id,
                        .refusal = {}};
    if (!is_good) record.refusal = "name, password or code not right";
    else if (must_change) record.refusal = "a temporary password must be changed first";
    CICLO_CHECK(record_sign_in(session, parts_.service, record));
    if (!is_good) return finished;
    CICLO_CHECK(attempts_.succeeded_in(session, account.attempt));
    finished.verdict = must_change ? Verdict::must_change : Verdict::done;
    if (must_change) return finished;
    if (!request.new_password.empty()) CICLO_CHECK(replace_in(session, request.name, verified.new_hash, false));
    else if (!verified.new_hash.empty())
      CICLO_CHECK(passwords_.rehash_in(session, request.name, account.hash, verified.new_hash));
    CICLO_TRY(finished.answer, give_in(session, request, how));
    return finished;
  };
  CICLO_TRY(Finished finished, database().write(in_transaction));
  if (finished.verdict == Verdict::refused) return not_right();
  if (finished.verdict == Verdict::must_change) return needs_new_password();
  return std::move(finished.answer);
}

Result<SignInAnswer> SignIn::give_in(sql::Session& session, const SignInRequest& request, const std::string& how) {
  SignInAnswer answer;
  answer.principal = request.name;
  if (request.wants == Wants::nothing) return answer;
  if (request.wants == Wants::session) {
    CICLO_TRY(answer.session, parts_.sessions.start_in(session, request.name, how));
    answer.expires_at = answer.session->info.expires_at;
    return answer;
  }
  CICLO_TRY(answer.expires_at, token_end(request));
  CICLO_TRY(const MintedToken minted, parts_.identity.mint_in(session, {.principal = request.name,
                                                                        .purpose = sign_in_purpose,
                                                                        .only_workspace = {},
                                                                        .expires_at = answer.expires_at}));
  answer.token = minted.secret;
  return answer;
}

Result<void> SignIn::end_all_in(sql::Session& session, const std::string& user) {
  CICLO_CHECK(parts_.sessions.end_all_in(session, user));
  return parts_.identity.revoke_purpose_in(session, sign_in_purpose, user);
}

Result<void> SignIn::replace_in(sql::Session& session, const std::string& user, const std::string& hash,
                                bool must_change) {
  CICLO_CHECK(passwords_.set_in(session, user, hash, must_change));
  return end_all_in(session, user);
}

Result<milliseconds> SignIn::change_password(const OwnChange& change, const std::string& new_password) {
  const std::string& user = change.caller.principal;
  CICLO_CHECK(check_replacement(user, change.proof, new_password));
  CICLO_TRY(const Account account, look_up(user));
  const Attempt attempt{.name = user, .address = attempt_address_of(change.remote_address)};
  CICLO_TRY(const milliseconds wait, attempts_.charge(database(), attempt));
  if (wait.count() > 0) return wait;
  std::string new_hash;
  auto is_right = parts_.hasher.verify(account.hash, change.proof);
  if (is_right && *is_right) {
    auto hashed = parts_.hasher.hash(new_password);
    if (hashed) new_hash = *std::move(hashed);
    else is_right = Failure(std::move(hashed).error());
  }
  if (!is_right) {
    CICLO_CHECK(attempts_.take_back(database(), attempt));
    return Failure(is_right.error());
  }
  CICLO_TRY(const bool is_done, database().write([&](sql::Session& session) -> Result<bool> {
    CICLO_TRY(const auto password, passwords_.find_in(session, user));
    const bool is_good = *is_right && password && password->hash == account.hash;
    CICLO_CHECK(record_change(session, parts_.service, {change.caller, user, "change password"},
                              is_good ? "ciclo.user.password-changed" : ""));
    if (!is_good) return false;
    CICLO_CHECK(attempts_.succeeded_in(session, attempt));
    CICLO_CHECK(replace_in(session, user, new_hash, false));
    return true;
  }));
  if (!is_done) return fail(ErrorCode::denied, "the current password is not right", "/current_password");
  return milliseconds(0);
}

Result<std::string> SignIn::hash_new(const std::string& user, const std::string& password) {
  CICLO_CHECK(check_new_password(user, password, "/new_password"));
  return parts_.hasher.hash(password);
}

Result<void> SignIn::set_hash_in(sql::Session& session, const resources::Caller& caller, const std::string& user,
                                 const std::string& hash, Lasts lasts) {
  CICLO_TRY(const User who, parts_.identity.get_user_in(session, user));
  if (who.kind != PrincipalKind::person)
    return fail(ErrorCode::conflict,
                fmt::format("'{}' is a {}, which has tokens and no password", user, name_of(who.kind)), {},
                "give it a token: ciclo user token create");
  CICLO_CHECK(replace_in(session, user, hash, lasts == Lasts::temporary && caller.principal != user));
  return record_change(session, parts_.service, {caller, user, "set password"}, "ciclo.user.password-changed");
}

Result<void> SignIn::set_password(const resources::Caller& caller, const std::string& user, const std::string& password,
                                  Lasts lasts) {
  CICLO_TRY(const std::string hash, hash_new(user, password));
  return database().write([&](sql::Session& session) { return set_hash_in(session, caller, user, hash, lasts); });
}

Result<std::optional<std::string>> SignIn::sufficient_password(const std::string& user) {
  CICLO_TRY(const Account account, look_up(user));
  if (!account.is_known || account.hash.empty()) return std::nullopt;
  return database().read([&](sql::Session& session) -> Result<std::optional<std::string>> {
    CICLO_TRY(const auto password, passwords_.find_in(session, user));
    CICLO_TRY(const bool needs_code, codes_.is_on_in(session, user));
    if (!password || password->must_change || needs_code) return std::nullopt;
    return password->hash;
  });
}

Result<void> SignIn::remove_password(const resources::Caller& caller, const std::string& user) {
  return database().write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(passwords_.remove_in(session, user));
    CICLO_CHECK(end_all_in(session, user));
    return record_change(session, parts_.service, {caller, user, "remove password"}, "ciclo.user.password-removed");
  });
}

Result<void> SignIn::sign_out_everywhere(const resources::Caller& caller) {
  return database().write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(end_all_in(session, caller.principal));
    return record_change(session, parts_.service, {caller, caller.principal, "sign out everywhere"},
                         "ciclo.sign-in.ended");
  });
}

Result<Enrolment> SignIn::begin_codes(const resources::Caller& caller) {
  const std::string& user = caller.principal;
  return database().write([&](sql::Session& session) -> Result<Enrolment> {
    CICLO_TRY(const auto password, passwords_.find_in(session, user));
    if (!password)
      return fail(ErrorCode::conflict, fmt::format("'{}' has no password, which the codes would stand beside", user),
                  {}, "set one first: ciclo user set-password");
    CICLO_TRY(Enrolment enrolment, codes_.begin_in(session, user));
    CICLO_CHECK(record_change(session, parts_.service, {caller, user, "begin one-time codes"},
                              "ciclo.user.one-time-codes-begun"));
    return enrolment;
  });
}

Result<std::vector<std::string>> SignIn::confirm_codes(const resources::Caller& caller, const std::string& code) {
  const std::string& user = caller.principal;
  return database().write([&](sql::Session& session) -> Result<std::vector<std::string>> {
    CICLO_TRY(auto recovery, codes_.confirm_in(session, user, code));
    parts_.identity.note_change_in(session);  // a password alone, remembered as good, is so no longer
    CICLO_CHECK(record_change(session, parts_.service, {caller, user, "turn on one-time codes"},
                              "ciclo.user.one-time-codes-on"));
    return recovery;
  });
}

Result<milliseconds> SignIn::remove_own_codes(const OwnChange& change) {
  const std::string& user = change.caller.principal;
  const Attempt attempt{.name = user, .address = attempt_address_of(change.remote_address)};
  CICLO_TRY(const milliseconds wait, attempts_.charge(database(), attempt));
  if (wait.count() > 0) return wait;
  CICLO_TRY(const bool is_done, database().write([&](sql::Session& session) -> Result<bool> {
    CICLO_TRY(const bool is_on, codes_.is_on_in(session, user));
    bool is_good = !is_on;  // what is only pending protects nothing yet
    if (is_on) {
      CICLO_TRY(is_good, codes_.accept_in(session, user, change.proof, Use::spend));
    }
    CICLO_CHECK(record_change(session, parts_.service, {change.caller, user, "turn off one-time codes"},
                              is_good ? "ciclo.user.one-time-codes-off" : ""));
    if (!is_good) return false;
    CICLO_CHECK(attempts_.succeeded_in(session, attempt));
    CICLO_CHECK(codes_.remove_in(session, user));
    return true;
  }));
  if (!is_done)
    return fail(ErrorCode::denied, "the code is not right", "/code",
                "give the current code or a recovery code, or ask an administrator");
  return milliseconds(0);
}

Result<void> SignIn::remove_codes(const resources::Caller& caller, const std::string& user) {
  return database().write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(codes_.remove_in(session, user));
    return record_change(session, parts_.service, {caller, user, "turn off one-time codes"},
                         "ciclo.user.one-time-codes-off");
  });
}

}  // namespace ciclo::administration
