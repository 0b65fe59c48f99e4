#include "administration/sign_in/sessions.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "administration/sign_in/cookies.hpp"
#include "base/digest.hpp"
#include "base/ids.hpp"

namespace ciclo::administration {
namespace {

constexpr std::size_t secret_bytes = 32;
constexpr std::chrono::minutes between_writes{1};
constexpr std::string_view columns = "id, principal, how, created_ms, last_used_ms";

std::string csrf_token(std::string_view secret) {
  return hmac_sha256_hex(secret, "ciclo csrf token");
}

Failure has_ended() {
  return fail(ErrorCode::unauthenticated, "the session has ended", {}, "sign in again");
}

}  // namespace

std::string_view Sessions::cookie_name() const {
  return settings_.is_secure ? "__Host-ciclo_session" : "ciclo_session";
}

SessionInfo Sessions::info_of(const sql::Row& row) const {
  SessionInfo info{.id = row.text(0),
                   .principal = row.text(1),
                   .how = row.text(2),
                   .created_at = from_unix_ms(row.integer(3)),
                   .last_used_at = from_unix_ms(row.integer(4)),
                   .expires_at = {}};
  info.expires_at = std::min(info.last_used_at + settings_.idle, info.created_at + settings_.longest);
  return info;
}

Result<OpenedSession> Sessions::start_in(sql::Session& session, const std::string& principal, const std::string& how) {
  CICLO_CHECK(make_room_in(session, principal));
  const std::string secret = random_hex(secret_bytes);
  const TimePoint now = clock_.now();
  SessionInfo info{.id = random_hex(8),
                   .principal = principal,
                   .how = how,
                   .created_at = now,
                   .last_used_at = now,
                   .expires_at = now + std::min(settings_.idle, settings_.longest)};
  CICLO_CHECK(
      session.execute("INSERT INTO sessions (hash, id, principal, how, created_ms, last_used_ms) VALUES (?,?,?,?,?,?)",
                      {sha256_hex(secret), info.id, principal, how, to_unix_ms(now), to_unix_ms(now)}));
  return OpenedSession{.info = std::move(info),
                       .csrf_token = csrf_token(secret),
                       .cookies = {set_cookie(cookie_name(), secret, settings_.is_secure)}};
}

Result<std::vector<std::string>> Sessions::open_in(sql::Session& session, const std::string& principal,
                                                   const std::string& how) {
  CICLO_TRY(OpenedSession opened, start_in(session, principal, how));
  return std::move(opened.cookies);
}

// Removes what has ended, and of the principal's own all but the newest used that leave room for one more.
Result<void> Sessions::make_room_in(sql::Session& session, const std::string& principal) {
  const TimePoint now = clock_.now();
  CICLO_CHECK(session.execute("DELETE FROM sessions WHERE created_ms <= ? OR last_used_ms <= ?",
                              {to_unix_ms(now - settings_.longest), to_unix_ms(now - settings_.idle)}));
  CICLO_TRY(const auto rows,
            session.query("SELECT id FROM sessions WHERE principal = ? ORDER BY last_used_ms DESC, id", {principal}));
  for (std::size_t i = settings_.most_per_principal - 1; i < rows.size(); ++i)
    CICLO_CHECK(session.execute("DELETE FROM sessions WHERE id = ?", {rows[i].text(0)}));
  return {};
}

std::optional<std::string> Sessions::secret_of(const http::Headers& headers) const {
  const auto cookie = cookie_of(headers, cookie_name());
  return cookie ? std::optional(std::string(*cookie)) : std::nullopt;
}

Result<std::optional<SessionInfo>> Sessions::find(const http::Headers& headers) {
  const auto secret = secret_of(headers);
  if (!secret) return std::nullopt;
  if (secret->size() != secret_bytes * 2) return has_ended();
  const std::string hash = sha256_hex(*secret);
  CICLO_TRY(const auto row, database_.read([&](sql::Session& session) {
    return session.query_one(
        fmt::format(
            "SELECT {} FROM sessions WHERE hash = ? AND principal IN (SELECT name FROM users WHERE disabled = 0)",
            columns),
        {hash});
  }));
  if (!row) return has_ended();
  const SessionInfo info = info_of(*row);
  const TimePoint now = clock_.now();
  if (info.expires_at <= now) return has_ended();
  if (now - info.last_used_at >= between_writes) note_use(hash, now);
  return info;
}

void Sessions::note_use(const std::string& hash, TimePoint now) {
  const auto noted = database_.write([&](sql::Session& session) {
    return session.execute("UPDATE sessions SET last_used_ms = ? WHERE hash = ?", {to_unix_ms(now), hash});
  });
  // A database that cannot be written (a full disk) must not keep people from looking at what is there; the session
  // ends the earlier for it.
  if (!noted) return;
}

std::string Sessions::csrf_token_of(const http::Headers& headers) const {
  const auto secret = secret_of(headers);
  return secret ? csrf_token(*secret) : std::string();
}

Result<std::vector<std::string>> Sessions::close_in(sql::Session& session, const http::Headers& headers) {
  if (const auto secret = secret_of(headers))
    CICLO_CHECK(session.execute("DELETE FROM sessions WHERE hash = ?", {sha256_hex(*secret)}));
  return removing_cookies();
}

std::vector<std::string> Sessions::removing_cookies() const {
  return {set_cookie(cookie_name(), "", settings_.is_secure)};
}

Result<void> Sessions::end_in(sql::Session& session, const std::string& principal, const std::string& id) {
  CICLO_TRY(const auto removed,
            session.execute("DELETE FROM sessions WHERE principal = ? AND id = ?", {principal, id}));
  if (removed == 0) return fail(ErrorCode::not_found, fmt::format("'{}' has no session '{}'", principal, id));
  return {};
}

Result<void> Sessions::end_all_in(sql::Session& session, const std::string& principal) {
  CICLO_CHECK(session.execute("DELETE FROM sessions WHERE principal = ?", {principal}));
  return {};
}

Result<std::vector<SessionInfo>> Sessions::list(const std::string& principal) {
  const TimePoint now = clock_.now();
  return database_.read([&](sql::Session& session) -> Result<std::vector<SessionInfo>> {
    CICLO_TRY(
        const auto rows,
        session.query(fmt::format("SELECT {} FROM sessions WHERE principal = ? ORDER BY created_ms DESC, id", columns),
                      {principal}));
    std::vector<SessionInfo> infos;
    for (const auto& row : rows)
      if (SessionInfo info = info_of(row); info.expires_at > now) infos.push_back(std::move(info));
    return infos;
  });
}

}  // namespace ciclo::administration
