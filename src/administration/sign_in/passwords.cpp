#include "administration/sign_in/passwords.hpp"

#include <fmt/format.h>

namespace ciclo::administration {

Result<void> Passwords::require_person_in(sql::Session& session, const std::string& principal) const {
  CICLO_CHECK(identity_.get_user_in(session, principal));
  return {};
}

Result<std::optional<Password>> Passwords::find_in(sql::Session& session, const std::string& principal) const {
  CICLO_TRY(const auto row,
            session.query_one("SELECT hash, changed_ms, must_change FROM passwords WHERE principal = ?", {principal}));
  if (!row) return std::nullopt;
  return Password{
      .hash = row->text(0), .changed_at = from_unix_ms(row->integer(1)), .must_change = row->integer(2) != 0};
}

Result<void> Passwords::set_in(sql::Session& session, const std::string& principal, const std::string& hash,
                               bool must_change) {
  CICLO_CHECK(require_person_in(session, principal));
  CICLO_CHECK(session.execute(
      "INSERT INTO passwords (principal, hash, changed_ms, must_change) VALUES (?,?,?,?) ON CONFLICT (principal) "
      "DO UPDATE SET hash = excluded.hash, changed_ms = excluded.changed_ms, must_change = excluded.must_change",
      {principal, hash, to_unix_ms(clock_.now()), must_change}));
  return {};
}

Result<void> Passwords::rehash_in(sql::Session& session, const std::string& principal, const std::string& old_hash,
                                  const std::string& new_hash) {
  CICLO_CHECK(session.execute("UPDATE passwords SET hash = ? WHERE principal = ? AND hash = ?",
                              {new_hash, principal, old_hash}));
  return {};
}

Result<void> Passwords::remove_in(sql::Session& session, const std::string& principal) {
  CICLO_TRY(const auto removed, session.execute("DELETE FROM passwords WHERE principal = ?", {principal}));
  if (removed == 0) return fail(ErrorCode::not_found, fmt::format("'{}' has no password", principal));
  return {};
}

}  // namespace ciclo::administration
