// Sessions of people in the Studio: a random secret in a cookie, its SHA-256 in the database. A restart keeps them.
//
// A session ends 8 h after its last use, 24 h after its start, when it is signed out, when its user's password changes,
// or when its user is disabled or deleted; each takes effect with the next request, because every request reads the
// row. Its use is written down at most once a minute.
//
// Thread safety: safe from any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "platform/http/message.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::administration {

struct SessionInfo {
  std::string id;  // to name it by; no secret
  std::string principal;
  std::string how;  // "password", "password and one-time code", "single sign-on"
  TimePoint created_at;
  TimePoint last_used_at;
  TimePoint expires_at;  // when it ends if it is not used again
};

struct OpenedSession {
  SessionInfo info;
  std::string csrf_token;
  std::vector<std::string> cookies;  // values of set-cookie headers
};

class Sessions {
 public:
  struct Settings {
    std::chrono::milliseconds idle{std::chrono::hours(8)};
    std::chrono::milliseconds longest{std::chrono::hours(24)};
    std::size_t most_per_principal = 20;  // one more ends the one that was not used for longest
    // Served over TLS, by this server or one before it: the cookie is __Host-ciclo_session and Secure. Otherwise
    // ciclo_session, which a browser sends over plain HTTP.
    bool is_secure = false;
  };
  Sessions(sql::Database& database, const Clock& clock, Settings settings)
      : database_(database), clock_(clock), settings_(settings) {}

  Result<OpenedSession> start_in(sql::Session& session, const std::string& principal, const std::string& how);
  // The same for those who need the set-cookie headers alone.
  Result<std::vector<std::string>> open_in(sql::Session& session, const std::string& principal, const std::string& how);

  // The session of a request's cookie. Nothing without such a cookie; unauthenticated when it is not (or no longer)
  // good. Notes the use.
  Result<std::optional<SessionInfo>> find(const http::Headers& headers);
  // What x-ciclo-csrf must hold: an HMAC under the session's secret. Empty without a cookie.
  std::string csrf_token_of(const http::Headers& headers) const;

  // The set-cookie headers that remove the cookie.
  std::vector<std::string> removing_cookies() const;
  // Ends the request's session; the set-cookie headers that remove its cookie.
  Result<std::vector<std::string>> close_in(sql::Session& session, const http::Headers& headers);
  // Fails with not_found when the principal has no session of that id.
  Result<void> end_in(sql::Session& session, const std::string& principal, const std::string& id);
  Result<void> end_all_in(sql::Session& session, const std::string& principal);
  // Newest first; those that have ended are left out.
  Result<std::vector<SessionInfo>> list(const std::string& principal);

  std::string_view cookie_name() const;

 private:
  SessionInfo info_of(const sql::Row& row) const;
  void note_use(const std::string& hash, TimePoint now);
  Result<void> make_room_in(sql::Session& session, const std::string& principal);
  std::optional<std::string> secret_of(const http::Headers& headers) const;

  sql::Database& database_;
  const Clock& clock_;
  const Settings settings_;
};

}  // namespace ciclo::administration
