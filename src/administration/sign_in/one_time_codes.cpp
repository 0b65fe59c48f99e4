#include "administration/sign_in/one_time_codes.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include "base/digest.hpp"

#include "administration/secrets/rotation.hpp"
#include "administration/sign_in/one_time_code.hpp"

namespace ciclo::administration {
namespace {

constexpr std::size_t recovery_code_bytes = 10;

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

constexpr const char* table = "one_time_codes";
constexpr const char* sealed_column = "sealed_secret";

std::string place_of(const std::string& principal) {
  return sealed_place(table, sealed_column, {principal});
}

std::string stored_form(const std::string& principal, const std::string& recovery_code) {
  return sha256_hex("ciclo recovery code\n" + principal + "\n" + recovery_code);
}

}  // namespace

SealedColumns one_time_sealed_columns() {
  return {{.table = table, .key = {"principal"}, .column = sealed_column}};
}

Result<bool> OneTimeCodes::is_on_in(sql::Session& session, const std::string& principal) const {
  CICLO_TRY(const auto row, session.query_one("SELECT confirmed FROM one_time_codes WHERE principal = ?", {principal}));
  return row && row->integer(0) != 0;
}

Result<Enrolment> OneTimeCodes::begin_in(sql::Session& session, const std::string& principal) {
  CICLO_TRY(const bool is_on, is_on_in(session, principal));
  if (is_on)
    return fail(ErrorCode::conflict, "one-time codes are on already", {},
                "turn them off first: ciclo user totp disable --code <code>");
  CICLO_CHECK(hold_master_key(session, sealer_));
  const std::string secret = random_bytes(one_time_secret_bytes);
  CICLO_CHECK(session.execute(
      "INSERT INTO one_time_codes (principal, sealed_secret, confirmed, last_step) VALUES (?,?,0,0) "
      "ON CONFLICT (principal) DO UPDATE SET sealed_secret = excluded.sealed_secret, confirmed = 0, last_step = 0",
      {principal, sealer_.seal(secret, place_of(principal))}));
  return Enrolment{.secret = base32(secret), .uri = otpauth_uri(secret, principal, "Ciclo")};
}

Result<std::vector<std::string>> OneTimeCodes::confirm_in(sql::Session& session, const std::string& principal,
                                                          const std::string& code) {
  CICLO_TRY(const auto row,
            session.query_one("SELECT sealed_secret, confirmed FROM one_time_codes WHERE principal = ?", {principal}));
  if (!row || row->integer(1) != 0)
    return fail(ErrorCode::conflict, row ? "one-time codes are on already" : "there is no secret to confirm", {},
                "a new secret: ciclo user totp enable");
  CICLO_TRY(const std::string secret, sealer_.open_sealed(row->text(0), place_of(principal)));
  const auto step = matching_step(secret, code, clock_.now(), 0);
  if (!step)
    return fail(ErrorCode::invalid, "the code is not right", "/code",
                "give the six digits that the app shows now; its clock and the server's must agree to 30 s");
  CICLO_CHECK(session.execute("UPDATE one_time_codes SET confirmed = 1, last_step = ? WHERE principal = ?",
                              {*step, principal}));
  CICLO_CHECK(session.execute("DELETE FROM recovery_codes WHERE principal = ?", {principal}));
  std::vector<std::string> codes;
  for (std::size_t i = 0; i < recovery_codes; ++i) {
    codes.push_back(recovery_code_from(random_bytes(recovery_code_bytes)));
    CICLO_CHECK(session.execute("INSERT INTO recovery_codes (principal, hash) VALUES (?,?)",
                                {principal, stored_form(principal, *recovery_code_of(codes.back()))}));
  }
  return codes;
}

Result<bool> OneTimeCodes::accept_in(sql::Session& session, const std::string& principal, const std::string& code,
                                     Use use) {
  if (const auto recovery = recovery_code_of(code)) return accept_recovery_in(session, principal, *recovery, use);
  CICLO_TRY(const auto row, session.query_one("SELECT sealed_secret, last_step FROM one_time_codes WHERE principal = ? "
                                              "AND confirmed = 1",
                                              {principal}));
  if (!row) return false;
  CICLO_TRY(const std::string secret, sealer_.open_sealed(row->text(0), place_of(principal)));
  const auto step = matching_step(secret, code, clock_.now(), row->integer(1));
  if (!step) return false;
  if (use == Use::look) return true;
  CICLO_TRY(const auto changed,
            session.execute("UPDATE one_time_codes SET last_step = ? WHERE principal = ? AND last_step < ?",
                            {*step, principal, *step}));
  return changed == 1;
}

Result<bool> OneTimeCodes::accept_recovery_in(sql::Session& session, const std::string& principal,
                                              const std::string& code, Use use) {
  const std::string hash = stored_form(principal, code);
  if (use == Use::look) {
    CICLO_TRY(const auto row,
              session.query_one("SELECT 1 FROM recovery_codes WHERE principal = ? AND hash = ?", {principal, hash}));
    return row.has_value();
  }
  CICLO_TRY(const auto removed,
            session.execute("DELETE FROM recovery_codes WHERE principal = ? AND hash = ?", {principal, hash}));
  return removed == 1;
}

Result<void> OneTimeCodes::remove_in(sql::Session& session, const std::string& principal) {
  CICLO_CHECK(session.execute("DELETE FROM recovery_codes WHERE principal = ?", {principal}));
  CICLO_TRY(const auto removed, session.execute("DELETE FROM one_time_codes WHERE principal = ?", {principal}));
  if (removed == 0)
    return fail(ErrorCode::not_found, fmt::format("'{}' does not use one-time codes", principal), {},
                "they are turned on by: ciclo user totp enable");
  return {};
}

}  // namespace ciclo::administration
