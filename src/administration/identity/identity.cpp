#include "administration/identity/identity.hpp"

#include <fmt/format.h>

#include <mutex>

#include "base/digest.hpp"
#include "base/ids.hpp"
#include "resources/reference.hpp"

namespace ciclo::administration {
namespace {

constexpr std::size_t max_known = 10'000;
constexpr std::string_view prefix = "ciclo_";

std::optional<TimePoint> optional_time(const sql::Row& row, std::size_t column) {
  const auto ms = row.optional_integer(column);
  return ms ? std::optional<TimePoint>(from_unix_ms(*ms)) : std::nullopt;
}

constexpr std::string_view token_columns =
    "id, principal, purpose, only_workspace, expires_ms, created_ms, on_behalf_of, only_actions, last_used_ms";
constexpr std::string_view user_columns = "name, display_name, created_ms, kind, disabled";
constexpr std::chrono::minutes use_resolution{1};  // of Token::last_used_at

Result<Token> token_of(const sql::Row& row) {
  Token token{.id = row.text(0),
              .principal = row.text(1),
              .purpose = row.text(2),
              .only_workspace = row.text(3),
              .expires_at = optional_time(row, 4),
              .created_at = from_unix_ms(row.integer(5)),
              .on_behalf_of = row.text(6),
              .only_actions = {},
              .last_used_at = optional_time(row, 8)};
  CICLO_TRY(const Json actions, parse_json(row.text(7)));
  for (const Json& action : actions) token.only_actions.push_back(action.get<std::string>());
  return token;
}

User user_of(const sql::Row& row) {
  const std::string& kind = row.text(3);
  return {.name = row.text(0),
          .display_name = row.text(1),
          .created_at = from_unix_ms(row.integer(2)),
          .kind = kind == "service"   ? PrincipalKind::service
                  : kind == "managed" ? PrincipalKind::managed
                                      : PrincipalKind::person,
          .is_disabled = row.integer(4) != 0};
}

Failure not_valid() {
  return fail(ErrorCode::unauthenticated, "the token is not valid: unknown, expired or revoked", {},
              "get a new one: ciclo user token create, or ciclo login");
}

}  // namespace

bool looks_like_token(std::string_view text) {
  return text.starts_with(prefix);
}

Result<User> IdentityService::create_user_in(sql::Session& session, const std::string& name,
                                             const std::string& display_name, PrincipalKind kind) {
  CICLO_CHECK(resources::check_name(name, "user name"));
  if (name == "system")
    return fail(ErrorCode::invalid, "the name 'system' is the server's own", "/name", "choose another name");
  const User user{.name = name,
                  .display_name = display_name.empty() ? name : display_name,
                  .created_at = clock_.now(),
                  .kind = kind};
  CICLO_TRY(const auto inserted,
            session.execute("INSERT INTO users (name, display_name, created_ms, kind) VALUES (?,?,?,?) ON CONFLICT "
                            "(name) DO NOTHING",
                            {user.name, user.display_name, to_unix_ms(user.created_at), name_of(kind)}));
  if (inserted > 0) return user;
  return fail(ErrorCode::already_exists, fmt::format("there is already a user '{}'", name), "/name");
}

Result<void> IdentityService::ensure_managed_in(sql::Session& session, const std::string& name,
                                                const std::string& display_name) {
  CICLO_CHECK(session.execute(
      "INSERT INTO users (name, display_name, created_ms, kind) VALUES (?,?,?,?) ON CONFLICT (name) DO NOTHING",
      {name, display_name, to_unix_ms(clock_.now()), name_of(PrincipalKind::managed)}));
  return {};
}

Result<User> IdentityService::set_disabled_in(sql::Session& session, const std::string& name, bool disabled) {
  CICLO_CHECK(session.execute("UPDATE users SET disabled = ? WHERE name = ?", {disabled, name}));
  forget_after_commit(session);
  return get_user_in(session, name);
}

Result<void> IdentityService::delete_user_in(sql::Session& session, const std::string& name) {
  CICLO_CHECK(get_user_in(session, name));
  CICLO_CHECK(session.execute("DELETE FROM tokens WHERE principal = ? OR on_behalf_of = ?", {name, name}));
  CICLO_CHECK(session.execute("DELETE FROM users WHERE name = ?", {name}));
  forget_after_commit(session);
  return {};
}

Result<User> IdentityService::get_user_in(sql::Session& session, const std::string& name) const {
  CICLO_TRY(const auto row,
            session.query_one(fmt::format("SELECT {} FROM users WHERE name = ?", user_columns), {name}));
  if (!row) return fail(ErrorCode::not_found, fmt::format("there is no user '{}'", name));
  return user_of(*row);
}

Result<std::vector<User>> IdentityService::list_users() {
  return database_.read([](sql::Session& session) -> Result<std::vector<User>> {
    CICLO_TRY(const auto rows, session.query(fmt::format("SELECT {} FROM users ORDER BY name", user_columns)));
    std::vector<User> users;
    for (const auto& row : rows) users.push_back(user_of(row));
    return users;
  });
}

Result<MintedToken> IdentityService::mint_in(sql::Session& session, const MintRequest& request) {
  MintedToken minted{.id = random_hex(8), .secret = std::string(prefix) + random_hex(24)};
  CICLO_CHECK(session.execute(
      "INSERT INTO tokens (id, hash, principal, purpose, only_workspace, expires_ms, created_ms, on_behalf_of, "
      "only_actions) VALUES (?,?,?,?,?,?,?,?,?)",
      {minted.id, sha256_hex(minted.secret), request.principal, request.purpose, request.only_workspace,
       request.expires_at ? sql::Value(to_unix_ms(*request.expires_at)) : sql::Value(), to_unix_ms(clock_.now()),
       request.on_behalf_of, to_text(Json(request.only_actions))}));
  return minted;
}

Result<void> IdentityService::revoke_in(sql::Session& session, const std::string& token_id) {
  CICLO_CHECK(session.execute("DELETE FROM tokens WHERE id = ?", {token_id}));
  forget_after_commit(session);
  return {};
}

Result<void> IdentityService::revoke_purpose_in(sql::Session& session, const std::string& purpose) {
  CICLO_CHECK(session.execute("DELETE FROM tokens WHERE purpose = ?", {purpose}));
  forget_after_commit(session);
  return {};
}

Result<void> IdentityService::revoke_purpose_in(sql::Session& session, const std::string& purpose,
                                                const std::string& principal) {
  CICLO_CHECK(session.execute("DELETE FROM tokens WHERE purpose = ? AND principal = ?", {purpose, principal}));
  forget_after_commit(session);
  return {};
}

Result<std::vector<Token>> IdentityService::list_tokens(const std::string& principal) {
  return database_.read([&](sql::Session& session) -> Result<std::vector<Token>> {
    CICLO_TRY(const auto rows,
              session.query(fmt::format("SELECT {} FROM tokens WHERE principal = ? ORDER BY created_ms", token_columns),
                            {principal}));
    std::vector<Token> tokens;
    for (const auto& row : rows) {
      CICLO_TRY(Token token, token_of(row));
      tokens.push_back(std::move(token));
    }
    return tokens;
  });
}

Result<Token> IdentityService::get_token(const std::string& token_id) {
  return database_.read([&](sql::Session& session) -> Result<Token> {
    CICLO_TRY(const auto row,
              session.query_one(fmt::format("SELECT {} FROM tokens WHERE id = ?", token_columns), {token_id}));
    if (!row) return fail(ErrorCode::not_found, fmt::format("there is no token '{}'", token_id));
    return token_of(*row);
  });
}

// A token of a principal that is disabled, or acts for one that is, is as good as none.
Result<IdentityService::Known> IdentityService::read_token(const std::string& hash) {
  return database_.read([&](sql::Session& session) -> Result<Known> {
    CICLO_TRY(const auto row,
              session.query_one(fmt::format("SELECT {} FROM tokens WHERE hash = ?", token_columns), {hash}));
    if (!row) return not_valid();
    CICLO_TRY(const Token token, token_of(*row));
    CICLO_TRY(const auto barred, session.query_one("SELECT name FROM users WHERE name IN (?, ?) AND disabled <> 0",
                                                   {token.principal, token.on_behalf_of}));
    if (barred) return not_valid();
    return Known{.caller = {.principal = token.principal,
                            .only_workspace = token.only_workspace,
                            .on_behalf_of = token.on_behalf_of,
                            .only_actions = token.only_actions,
                            .token_id = token.id,
                            .request_id = {}},
                 .expires_at = token.expires_at,
                 .noted_at = token.last_used_at.value_or(TimePoint())};
  });
}

Result<resources::Caller> IdentityService::authenticate(std::string_view secret) {
  if (!secret.starts_with(prefix) || secret.size() > 256) return not_valid();
  const std::string hash = sha256_hex(secret);
  std::optional<Known> known;
  std::uint64_t epoch = 0;
  {
    const std::shared_lock lock(mutex_);
    epoch = epoch_;
    if (const auto found = known_.find(hash); found != known_.end()) known = found->second;
  }
  const bool is_new = !known;
  if (is_new) {
    CICLO_TRY(known, read_token(hash));
  }
  if (known->expires_at && *known->expires_at <= clock_.now()) return not_valid();
  if (is_new) {
    const std::unique_lock lock(mutex_);
    // When something was revoked since the row was read, it is not remembered.
    if (epoch == epoch_) {
      if (known_.size() >= max_known) known_.clear();
      known_.emplace(hash, *known);
    }
  }
  if (clock_.now() - known->noted_at >= use_resolution) note_use(hash, *known);
  return known->caller;
}

// At most once a minute for each token. That it cannot be written down now keeps nobody out.
void IdentityService::note_use(const std::string& hash, const Known& known) {
  const TimePoint now = clock_.now();
  {
    const std::unique_lock lock(mutex_);
    const auto found = known_.find(hash);
    if (found == known_.end() || found->second.noted_at != known.noted_at) return;  // somebody else does it
    found->second.noted_at = now;
  }
  const auto noted = database_.write([&](sql::Session& session) {
    return session.execute("UPDATE tokens SET last_used_ms = ? WHERE id = ?", {to_unix_ms(now), known.caller.token_id});
  });
  static_cast<void>(noted);
}

std::uint64_t IdentityService::revision() {
  const std::shared_lock lock(mutex_);
  return epoch_;
}

// A read that began before the commit must not put a revoked token back into the cache: see authenticate().
void IdentityService::forget_after_commit(sql::Session& session) {
  session.after_commit([this] {
    const std::unique_lock lock(mutex_);
    known_.clear();
    ++epoch_;
  });
}

}  // namespace ciclo::administration
