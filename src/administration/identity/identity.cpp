#include "administration/identity/identity.hpp"

#include <fmt/format.h>

#include <sodium.h>
#include <mutex>

#include "base/ids.hpp"
#include "resources/reference.hpp"

namespace ciclo::administration {
namespace {

constexpr std::size_t max_known = 10'000;
constexpr std::string_view prefix = "ciclo_";

std::string hash_of(std::string_view secret) {
  std::string hash(crypto_hash_sha256_BYTES, '\0');
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): libsodium takes unsigned bytes
  crypto_hash_sha256(reinterpret_cast<unsigned char*>(hash.data()),
                     reinterpret_cast<const unsigned char*>(secret.data()), secret.size());
  std::string hex(hash.size() * 2 + 1, '\0');
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
  sodium_bin2hex(hex.data(), hex.size(), reinterpret_cast<const unsigned char*>(hash.data()), hash.size());
  hex.pop_back();
  return hex;
}

std::optional<TimePoint> optional_time(const sql::Row& row, std::size_t column) {
  const auto ms = row.optional_integer(column);
  return ms ? std::optional<TimePoint>(from_unix_ms(*ms)) : std::nullopt;
}

constexpr std::string_view token_columns = "id, principal, purpose, only_workspace, expires_ms, created_ms";

Token token_of(const sql::Row& row) {
  return {.id = row.text(0),
          .principal = row.text(1),
          .purpose = row.text(2),
          .only_workspace = row.text(3),
          .expires_at = optional_time(row, 4),
          .created_at = from_unix_ms(row.integer(5))};
}

Failure not_valid() {
  return fail(ErrorCode::unauthenticated, "the token is not valid: unknown, expired or revoked", {},
              "get a new one: ciclo user token create, or ciclo login");
}

}  // namespace

Result<User> IdentityService::create_user_in(sql::Session& session, const std::string& name,
                                             const std::string& display_name) {
  CICLO_CHECK(resources::check_name(name, "user name"));
  if (name == "system")
    return fail(ErrorCode::invalid, "the name 'system' is the server's own", "/name", "choose another name");
  const User user{.name = name, .display_name = display_name.empty() ? name : display_name, .created_at = clock_.now()};
  const auto inserted = session.execute("INSERT INTO users (name, display_name, created_ms) VALUES (?,?,?)",
                                        {user.name, user.display_name, to_unix_ms(user.created_at)});
  if (inserted) return user;
  if (inserted.error().code != ErrorCode::already_exists) return Failure(inserted.error());
  return fail(ErrorCode::already_exists, fmt::format("there is already a user '{}'", name), "/name");
}

Result<void> IdentityService::delete_user_in(sql::Session& session, const std::string& name) {
  CICLO_CHECK(get_user_in(session, name));
  CICLO_CHECK(session.execute("DELETE FROM tokens WHERE principal = ?", {name}));
  CICLO_CHECK(session.execute("DELETE FROM users WHERE name = ?", {name}));
  forget_after_commit(session);
  return {};
}

Result<User> IdentityService::get_user_in(sql::Session& session, const std::string& name) const {
  CICLO_TRY(const auto row,
            session.query_one("SELECT name, display_name, created_ms FROM users WHERE name = ?", {name}));
  if (!row) return fail(ErrorCode::not_found, fmt::format("there is no user '{}'", name));
  return User{.name = row->text(0), .display_name = row->text(1), .created_at = from_unix_ms(row->integer(2))};
}

Result<std::vector<User>> IdentityService::list_users() {
  return database_.read([](sql::Session& session) -> Result<std::vector<User>> {
    CICLO_TRY(const auto rows, session.query("SELECT name, display_name, created_ms FROM users ORDER BY name"));
    std::vector<User> users;
    for (const auto& row : rows)
      users.push_back({.name = row.text(0), .display_name = row.text(1), .created_at = from_unix_ms(row.integer(2))});
    return users;
  });
}

Result<MintedToken> IdentityService::mint_in(sql::Session& session, const MintRequest& request) {
  MintedToken minted{.id = random_hex(8), .secret = std::string(prefix) + random_hex(24)};
  CICLO_CHECK(session.execute(
      "INSERT INTO tokens (id, hash, principal, purpose, only_workspace, expires_ms, created_ms) VALUES "
      "(?,?,?,?,?,?,?)",
      {minted.id, hash_of(minted.secret), request.principal, request.purpose, request.only_workspace,
       request.expires_at ? sql::Value(to_unix_ms(*request.expires_at)) : sql::Value(), to_unix_ms(clock_.now())}));
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
    for (const auto& row : rows) tokens.push_back(token_of(row));
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

Result<resources::Caller> IdentityService::authenticate(std::string_view secret) {
  if (!secret.starts_with(prefix) || secret.size() > 256) return not_valid();
  const std::string hash = hash_of(secret);
  std::uint64_t epoch = 0;
  {
    const std::shared_lock lock(mutex_);
    epoch = epoch_;
    if (const auto found = known_.find(hash); found != known_.end()) {
      if (found->second.expires_at && *found->second.expires_at <= clock_.now()) return not_valid();
      return found->second.caller;
    }
  }
  CICLO_TRY(const auto row, database_.read([&](sql::Session& session) {
    return session.query_one(fmt::format("SELECT {} FROM tokens WHERE hash = ?", token_columns), {hash});
  }));
  if (!row) return not_valid();
  const Token token = token_of(*row);
  if (token.expires_at && *token.expires_at <= clock_.now()) return not_valid();
  resources::Caller caller{
      .principal = token.principal, .only_workspace = token.only_workspace, .token_id = token.id, .request_id = {}};
  const std::unique_lock lock(mutex_);
  if (epoch != epoch_) return caller;  // something was revoked since the row was read: do not remember it
  if (known_.size() >= max_known) known_.clear();
  known_.emplace(hash, Known{caller, token.expires_at});
  return caller;
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
