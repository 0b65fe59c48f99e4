#include "outer_loop/endpoints/tokens.hpp"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "base/ids.hpp"
#include "outer_loop/endpoints/kinds.hpp"
#include "platform/tokens/signed_token.hpp"

namespace ciclo::outer_loop {
namespace {

constexpr std::size_t id_bytes = 8;

}  // namespace

Result<IssuedToken> EndpointTokens::issue(sql::Session& session, const resources::Resource& endpoint,
                                          const resources::Caller& caller, std::chrono::seconds life) const {
  const EndpointName name{endpoint.key.workspace, endpoint.key.name};
  CICLO_TRY(const auto secrets, keys_.get(session, name));
  if (secrets.token_seed.empty())
    return fail(ErrorCode::unavailable, "the endpoint is about to get the key that its tokens are signed with",
                endpoint.key.subject(), "try again in a moment");
  CICLO_TRY(const auto key, tokens::SigningKey::from_seed(secrets.token_seed));
  const TimePoint now = clock_.now();
  IssuedToken issued{.token = {},
                     .id = random_hex(id_bytes),
                     .public_key = key.public_key(),
                     .expires_at = now + life,
                     .refresh_after = now + life * 4 / 5};
  CICLO_TRY(issued.token, key.sign({.audience = endpoint.uid,
                                    .principal = caller.principal,
                                    .token_id = issued.id,
                                    .key_id = {},
                                    .issued_at = now,
                                    .expires_at = issued.expires_at}));
  CICLO_CHECK(session.execute("DELETE FROM endpoint_token_holders WHERE last_expires_ms < ?", {to_unix_ms(now)}));
  CICLO_CHECK(session.execute(
      "INSERT INTO endpoint_token_holders (workspace, endpoint, principal, on_behalf_of, last_issued_ms, "
      "last_expires_ms, ended_ms) VALUES (?,?,?,?,?,?,0) ON CONFLICT (workspace, endpoint, principal, on_behalf_of) "
      "DO UPDATE SET last_issued_ms = excluded.last_issued_ms, last_expires_ms = CASE WHEN "
      "excluded.last_expires_ms > endpoint_token_holders.last_expires_ms THEN excluded.last_expires_ms ELSE "
      "endpoint_token_holders.last_expires_ms END",
      {name.workspace, name.endpoint, caller.principal, caller.on_behalf_of, to_unix_ms(now),
       to_unix_ms(issued.expires_at)}));
  return issued;
}

Result<std::vector<TokenHolder>> EndpointTokens::holders(sql::Session& session, const EndpointName& name) const {
  CICLO_TRY(const auto rows,
            session.query("SELECT principal, on_behalf_of, last_issued_ms, ended_ms FROM endpoint_token_holders WHERE "
                          "workspace = ? AND endpoint = ? AND last_expires_ms >= ? ORDER BY principal, on_behalf_of",
                          {name.workspace, name.endpoint, to_unix_ms(clock_.now())}));
  std::vector<TokenHolder> holders;
  for (const auto& row : rows)
    holders.push_back({.principal = row.text(0),
                       .on_behalf_of = row.text(1),
                       .last_issued = from_unix_ms(row.integer(2)),
                       .ended = from_unix_ms(row.integer(3))});
  return holders;
}

bool EndpointTokens::is_to_end(const EndpointName& name, const TokenHolder& holder) const {
  if (holder.last_issued <= holder.ended) return false;
  if (is_barred_(holder.principal) || (!holder.on_behalf_of.empty() && is_barred_(holder.on_behalf_of))) return true;
  const resources::Caller caller{
      .principal = holder.principal, .only_workspace = {}, .on_behalf_of = holder.on_behalf_of};
  const std::string subject = endpoint_key(name.workspace, name.endpoint).subject();
  return !access_.decide(caller, use_endpoints, {name.workspace, subject}).allowed;
}

Result<void> EndpointTokens::end(sql::Session& session, const EndpointName& name, const TokenHolder& holder) const {
  CICLO_CHECK(
      session.execute("UPDATE endpoint_token_holders SET ended_ms = ? WHERE workspace = ? AND endpoint = ? "
                      "AND principal = ? AND on_behalf_of = ? AND ended_ms < ?",
                      {to_unix_ms(holder.last_issued), name.workspace, name.endpoint, holder.principal,
                       holder.on_behalf_of, to_unix_ms(holder.last_issued)}));
  return {};
}

Result<std::string> EndpointTokens::rotate(sql::Session& session, const EndpointName& name, OldTokens old) const {
  const auto now = to_unix_ms(clock_.now());
  CICLO_TRY(const auto secrets, keys_.get(session, name));
  // A key goes when its tokens were over by then; all do when the tokens are ended.
  const auto over = old == OldTokens::end_now ? std::numeric_limits<std::int64_t>::max() : now;
  CICLO_CHECK(
      session.execute("DELETE FROM endpoint_retired_keys WHERE workspace = ? AND endpoint = ? AND good_until_ms < ?",
                      {name.workspace, name.endpoint, over}));
  CICLO_TRY(
      const auto last,
      session.query_one("SELECT COALESCE(MAX(last_expires_ms), 0) FROM endpoint_token_holders WHERE workspace = ? "
                        "AND endpoint = ?",
                        {name.workspace, name.endpoint}));
  const auto good_until = last ? last->integer(0) : 0;
  if (old == OldTokens::stay_good && good_until >= now && !secrets.token_seed.empty()) {
    CICLO_TRY(const auto retired, retired_keys(session, name));
    if (retired.size() >= most_retired_keys)
      return fail(ErrorCode::conflict,
                  fmt::format("{} older signing keys still have tokens out, the last of them until {}", retired.size(),
                              format_rfc3339(from_unix_ms(good_until))),
                  "/key_type", "wait, or end all tokens there are: ciclo online-endpoint regenerate-keys --end-tokens");
    CICLO_TRY(const auto key, tokens::SigningKey::from_seed(secrets.token_seed));
    CICLO_CHECK(session.execute(
        "INSERT INTO endpoint_retired_keys (workspace, endpoint, public_key, good_until_ms) VALUES (?,?,?,?)",
        {name.workspace, name.endpoint, key.public_key(), good_until}));
  }
  return keys_.regenerate(session, name, KeyType::token);
}

Result<std::vector<std::string>> EndpointTokens::retired_keys(sql::Session& session, const EndpointName& name) const {
  CICLO_TRY(const auto rows,
            session.query("SELECT public_key FROM endpoint_retired_keys WHERE workspace = ? AND endpoint = ? AND "
                          "good_until_ms >= ? ORDER BY good_until_ms, public_key",
                          {name.workspace, name.endpoint, to_unix_ms(clock_.now())}));
  std::vector<std::string> keys;
  for (const auto& row : rows) keys.push_back(row.text(0));
  return keys;
}

Result<std::vector<EndpointName>> EndpointTokens::endpoints_with_holders(sql::Session& session,
                                                                         const std::string& workspace) const {
  const auto now = to_unix_ms(clock_.now());
  CICLO_TRY(const auto rows,
            workspace.empty() ? session.query("SELECT DISTINCT workspace, endpoint FROM endpoint_token_holders WHERE "
                                              "last_expires_ms >= ?",
                                              {now})
                              : session.query("SELECT DISTINCT workspace, endpoint FROM endpoint_token_holders WHERE "
                                              "last_expires_ms >= ? AND workspace = ?",
                                              {now, workspace}));
  std::vector<EndpointName> names;
  for (const auto& row : rows) names.push_back({row.text(0), row.text(1)});
  return names;
}

Result<void> EndpointTokens::forget(sql::Session& session, const EndpointName& name) const {
  CICLO_CHECK(session.execute("DELETE FROM endpoint_retired_keys WHERE workspace = ? AND endpoint = ?",
                              {name.workspace, name.endpoint}));
  CICLO_CHECK(session.execute("DELETE FROM endpoint_token_holders WHERE workspace = ? AND endpoint = ?",
                              {name.workspace, name.endpoint}));
  return {};
}

}  // namespace ciclo::outer_loop
