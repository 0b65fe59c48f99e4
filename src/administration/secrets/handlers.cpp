#include "administration/secrets/handlers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace ciclo::administration {
namespace {

using http::Request;
using http::Response;
using resources::caller_of;

constexpr std::string_view base = "/api/v1/workspaces/{workspace}/secrets";
constexpr std::size_t put_limit = 8 * longest_secret_bytes;  // JSON may write a byte as \u00XX
constexpr std::size_t longest_content_type = 255;
constexpr std::size_t most_tags = 50;

Json to_json(const SecretVersion& secret) {
  Json out = {{"name", secret.name},
              {"version", secret.version},
              {"enabled", secret.enabled},
              {"content_type", secret.content_type},
              {"tags", secret.tags},
              {"created_at", format_rfc3339(secret.created_at)},
              {"created_by", secret.created_by}};
  out["expires_at"] = secret.expires_at ? Json(format_rfc3339(*secret.expires_at)) : Json();
  return out;
}

struct Change {
  std::string action;
  std::string operation;
  std::string event;  // none: an audit row alone
  Json detail = Json::object();
};

// The audit row of what was done to a secret, and its event; neither ever has the value.
Result<void> record(sql::Session& session, const SecretRouteParts& parts, const Request& request,
                    const Change& change) {
  const std::string& workspace = request.parameter("workspace");
  const std::string& name = request.parameter("name");
  const auto decision = resources::require(parts.vault.parts().access, caller_of(request), change.action,
                                           {workspace, secret_subject(name)});
  const resources::AuditEntry entry{.caller = caller_of(request),
                                    .action = change.action,
                                    .operation = change.operation,
                                    .workspace = workspace,
                                    .target = secret_path(workspace, name),
                                    .decision = decision.value_or(resources::Decision{true, "route"}),
                                    .detail = change.detail};
  if (change.event.empty()) return parts.vault.parts().audit.record(session, entry);
  return parts.service.record_in(session, entry,
                                 {.type = change.event,
                                  .source = "/workspaces/" + workspace,
                                  .subject = secret_subject(name),
                                  .workspace = workspace,
                                  .actor = caller_of(request).principal,
                                  .data = change.detail});
}

Failure no_secret(const Request& request) {
  return fail(ErrorCode::not_found,
              fmt::format("there is no secret '{}' in workspace '{}'", request.parameter("name"),
                          request.parameter("workspace")),
              secret_path(request.parameter("workspace"), request.parameter("name")));
}

Result<void> check_workspace(sql::Session& session, const SecretRouteParts& parts, const Request& request) {
  CICLO_CHECK(parts.service.parts().store.get(
      session,
      {.workspace = {}, .kind = "workspace", .parent = {}, .name = request.parameter("workspace"), .version = {}}));
  return {};
}

template <std::size_t N>
Result<void> only_fields(const Json& body, const std::array<const char*, N>& known) {
  if (!body.is_object()) return fail(ErrorCode::invalid, "the body must be a JSON object");
  for (const auto& [key, value] : body.items())
    if (std::ranges::find(known, key) == known.end())
      return fail(ErrorCode::invalid, "the body has a field that is not known here", {},
                  fmt::format("the fields are {}", fmt::join(known, ", ")));
  return {};
}

Result<std::optional<TimePoint>> time_in(const Json& body) {
  const Json& value = member(body, "expires_at");
  if (value.is_null()) return std::nullopt;
  const auto time = value.is_string() ? parse_rfc3339(value.get<std::string>()) : std::nullopt;
  if (!time)
    return fail(ErrorCode::invalid, "expires_at is not a time", "/expires_at", "for example 2030-01-31T00:00:00Z");
  return time;
}

Result<Json> tags_in(const Json& body) {
  const Json& tags = member(body, "tags");
  if (tags.is_null()) return Json::object();
  const bool is_good = tags.is_object() && tags.size() <= most_tags &&
                       std::ranges::all_of(tags, [](const Json& value) { return value.is_string(); });
  if (is_good) return tags;
  return fail(ErrorCode::invalid, "tags must be an object of texts", "/tags", fmt::format("at most {}", most_tags));
}

Result<std::int64_t> version_in(std::string_view text, const char* target) {
  const auto version = parse_int(text);
  if (version && *version > 0) return *version;
  return fail(ErrorCode::invalid, "a version is a number from 1", target);
}

Result<Response> show_vault(const SecretRouteParts& parts, Request& request) {
  CICLO_TRY(const VaultSummary summary, parts.vault.parts().database.read([&](sql::Session& session) {
    return Vault::store().summary(session, request.parameter("workspace"));
  }));
  Json out = {{"workspace", request.parameter("workspace")},
              {"secrets", summary.secrets},
              {"versions", summary.versions},
              {"master_key_id", parts.vault.parts().sealer.key_id()}};
  out["changed_at"] = summary.changed_at ? Json(format_rfc3339(*summary.changed_at)) : Json();
  return Response::json(out);
}

Result<Response> list_secrets(const SecretRouteParts& parts, Request& request) {
  const auto limit = static_cast<std::size_t>(
      std::clamp<std::int64_t>(parse_int(request.query.find("limit").value_or("100")).value_or(100), 1, 1000));
  CICLO_TRY(const auto found, parts.vault.parts().database.read([&](sql::Session& session) {
    return Vault::store().list(session, request.parameter("workspace"),
                               std::string(request.query.find("page_token").value_or("")), limit);
  }));
  Json value = Json::array();
  for (const SecretVersion& secret : found) value.push_back(to_json(secret));
  Json out = {{"value", value}};
  if (found.size() == limit) out["next_page_token"] = found.back().name;
  return Response::json(out);
}

Result<Response> show_secret(const SecretRouteParts& parts, Request& request) {
  CICLO_TRY(const auto found, parts.vault.parts().database.read([&](sql::Session& session) {
    return Vault::store().versions(session, request.parameter("workspace"), request.parameter("name"));
  }));
  if (found.empty()) return no_secret(request);
  Json out = to_json(found.front());
  out["versions"] = Json::array();
  for (const SecretVersion& version : found) out["versions"].push_back(to_json(version));
  return Response::json(out);
}

Result<Response> set_secret(const SecretRouteParts& parts, Request& request) {
  CICLO_TRY(const Json body, request.json());
  wipe(request.body);
  CICLO_CHECK(only_fields(body, std::array{"value", "content_type", "expires_at", "tags"}));
  const Json& value = member(body, "value");
  if (!value.is_string()) return fail(ErrorCode::invalid, "'value' is missing, or is no text", "/value");
  NewSecret secret{.workspace = request.parameter("workspace"),
                   .name = request.parameter("name"),
                   .value = value.get_ref<const std::string&>(),
                   .content_type = text_or(body, "content_type"),
                   .tags = Json::object(),
                   .expires_at = std::nullopt,
                   .created_by = caller_of(request).principal};
  if (secret.content_type.size() > longest_content_type)
    return fail(ErrorCode::invalid, fmt::format("content_type is longer than {} bytes", longest_content_type),
                "/content_type");
  CICLO_TRY(secret.tags, tags_in(body));
  CICLO_TRY(secret.expires_at, time_in(body));
  return parts.vault.parts().database.write([&](sql::Session& session) -> Result<Response> {
    CICLO_CHECK(check_workspace(session, parts, request));
    CICLO_TRY(const SecretVersion made, parts.vault.put_in(session, secret));
    CICLO_CHECK(record(session, parts, request,
                       {"secrets/values/write", "set secret", "ciclo.secret.set", {{"version", made.version}}}));
    return Response::json(to_json(made), made.version == 1 ? 201 : 200);
  });
}

Result<Response> show_value(const SecretRouteParts& parts, Request& request) {
  SecretKey key{request.parameter("workspace"), request.parameter("name"), 0};
  if (const auto given = request.query.find("version")) {
    CICLO_TRY(key.version, version_in(*given, "version"));
  }
  return parts.vault.parts().database.write([&](sql::Session& session) -> Result<Response> {
    CICLO_TRY(const OpenedSecret secret, parts.vault.open_in(session, key));
    CICLO_CHECK(record(session, parts, request,
                       {"secrets/values/read", "read secret", "", {{"version", secret.about.version}}}));
    Response response = Response::json({{"name", key.name},
                                        {"version", secret.about.version},
                                        {"content_type", secret.about.content_type},
                                        {"value", secret.value.get()}});
    response.headers.set("cache-control", "no-store");
    return response;
  });
}

Result<Response> change_version(const SecretRouteParts& parts, Request& request) {
  CICLO_TRY(const Json body, request.json());
  CICLO_CHECK(only_fields(body, std::array{"enabled", "expires_at"}));
  const Json& enabled = member(body, "enabled");
  if (body.contains("enabled") && !enabled.is_boolean())
    return fail(ErrorCode::invalid, "enabled must be true or false", "/enabled");
  CICLO_TRY(const auto expires_at, time_in(body));
  CICLO_TRY(const std::int64_t version, version_in(request.parameter("version"), "version"));
  return parts.vault.parts().database.write([&](sql::Session& session) -> Result<Response> {
    CICLO_TRY(const auto found,
              Vault::store().find(session, request.parameter("workspace"), request.parameter("name"), version));
    if (!found) return no_secret(request);
    SecretVersion changed = found->about;
    if (enabled.is_boolean()) changed.enabled = enabled.get<bool>();
    if (body.contains("expires_at")) changed.expires_at = expires_at;
    CICLO_CHECK(Vault::store().change(session, changed));
    CICLO_CHECK(record(session, parts, request,
                       {"secrets/values/write",
                        "change secret",
                        "ciclo.secret.changed",
                        {{"version", version}, {"enabled", changed.enabled}}}));
    return Response::json(to_json(changed));
  });
}

Result<Response> delete_secret(const SecretRouteParts& parts, Request& request) {
  CICLO_CHECK(parts.vault.parts().database.write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(const auto erased,
              Vault::store().erase(session, request.parameter("workspace"), request.parameter("name")));
    if (erased == 0) return no_secret(request);
    return record(session, parts, request,
                  {"secrets/values/manage", "delete secret", "ciclo.secret.deleted", {{"versions", erased}}});
  }));
  return Response::empty();
}

http::Route route(http::Method method, std::string pattern, std::string action, std::string summary) {
  http::Route made;
  made.method = method;
  made.pattern = std::move(pattern);
  made.action = std::move(action);
  made.summary = std::move(summary);
  made.tag = "secrets";
  if (made.pattern.contains("{name}")) made.resource = "secret/{name}";
  return made;
}

}  // namespace

Result<void> add_secret_routes(http::Router& router, const SecretRouteParts& parts) {
  using http::Method;
  const auto add = [&](http::Route made, Result<Response> (*function)(const SecretRouteParts&, Request&)) {
    made.handler = [parts, function](Request& request) { return function(parts, request); };
    return router.add(std::move(made));
  };
  const std::string secrets(base);
  CICLO_CHECK(add(route(Method::get, "/api/v1/workspaces/{workspace}/vault", "secrets/read",
                        "How many secrets a workspace has, and the key that seals them"),
                  show_vault));
  CICLO_CHECK(
      add(route(Method::get, secrets, "secrets/metadata/read", "List the secrets, without values"), list_secrets));
  CICLO_CHECK(
      add(route(Method::get, secrets + "/{name}", "secrets/metadata/read", "A secret and its versions, without values"),
          show_secret));
  auto put = route(Method::put, secrets + "/{name}", "secrets/values/write", "Set a new version of a secret");
  put.body_limit = put_limit;
  CICLO_CHECK(add(std::move(put), set_secret));
  CICLO_CHECK(
      add(route(Method::get, secrets + "/{name}/value", "secrets/values/read", "Read a secret's value"), show_value));
  CICLO_CHECK(add(route(Method::patch, secrets + "/{name}/versions/{version}", "secrets/values/write",
                        "Enable or disable a version, or say when it ends"),
                  change_version));
  return add(route(Method::del, secrets + "/{name}", "secrets/values/manage", "Delete a secret for ever"),
             delete_secret);
}

}  // namespace ciclo::administration
