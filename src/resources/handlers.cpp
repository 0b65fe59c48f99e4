#include "resources/handlers.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace ciclo::resources {
namespace {

constexpr std::size_t document_limit = 4U << 20U;

// What is the same for all routes of one kind.
struct KindRoutes {
  ResourceService& service;
  const Kind& kind;

  std::string collection() const {
    if (kind.scope == Scope::organisation) return "/api/v1/" + kind.plural;
    const std::string home = "/api/v1/workspaces/{workspace}/";
    if (kind.parent_kind.empty()) return home + kind.plural;
    return fmt::format("{}{}/{{parent}}/{}", home, service.parts().kinds.find(kind.parent_kind)->plural, kind.plural);
  }

  ResourceKey key_of(const http::Request& request) const {
    return {.workspace = request.parameter("workspace"),
            .kind = kind.name,
            .parent = request.parameter("parent"),
            .name = request.parameter("name"),
            .version = request.parameter("version")};
  }

  // Empty for kinds of the organisation: any caller comes in, and the service judges by the workspace named.
  std::string action(bool writes) const {
    if (kind.scope == Scope::organisation) return {};
    return fmt::format("{}/{}", kind.component, writes ? "write" : "read");
  }

  http::Route route(http::Method method, std::string pattern, std::string summary, http::Handler handler) const {
    http::Route route;
    route.method = method;
    route.pattern = std::move(pattern);
    route.action = action(method != http::Method::get);
    if (!kind.parent_kind.empty()) route.resource = kind.parent_kind + "/{parent}";
    else if (route.pattern.contains("{name}")) route.resource = kind.name + "/{name}";
    else if (method == http::Method::get && kind.scope == Scope::workspace) route.resource_kinds = {kind.name};
    route.body_limit = document_limit;
    route.summary = std::move(summary);
    route.tag = kind.plural;
    route.handler = std::move(handler);
    return route;
  }

  http::Response answer(const Resource& resource, int status = 200) const {
    return answer(resource, view(kind, resource), status);
  }
  static http::Response answer(const Resource& resource, const Json& shown, int status = 200) {
    http::Response response = http::Response::json(shown, status);
    response.headers.set("etag", fmt::format("\"{}\"", resource.revision));
    return response;
  }
};

std::size_t limit_of(const http::Request& request) {
  return static_cast<std::size_t>(
      std::clamp<std::int64_t>(parse_int(request.query.find("limit").value_or("100")).value_or(100), 1, 1000));
}

bool flag(const http::Request& request, std::string_view name) {
  const auto value = request.query.find(name);
  return value && (*value == "true" || *value == "1" || value->empty());
}

ListRequest list_request(const KindRoutes& routes, const http::Request& request) {
  ListRequest list{.workspace = request.parameter("workspace"), .kind = routes.kind.name};
  if (!routes.kind.parent_kind.empty()) list.parent = request.parameter("parent");
  if (!request.parameter("name").empty()) list.name = request.parameter("name");
  if (routes.kind.generates_name) list.owner = std::string(request.query.find("owner").value_or(""));
  for (const std::string& tag : request.query.all("tag")) {
    const std::size_t equals = tag.find('=');
    list.tags.emplace_back(tag.substr(0, equals), equals == std::string::npos ? "" : tag.substr(equals + 1));
  }
  list.include_archived = flag(request, "include_archived");
  list.only_archived = flag(request, "archived_only");
  list.newest_first = request.query.find("order").value_or("desc") != "asc";
  list.limit = limit_of(request);
  list.page_token = request.query.find("page_token").value_or("");
  return list;
}

template <class Item, class Show>
http::Response page_response(const Page<Item>& page, Show&& show) {
  Json body = {{"value", Json::array()}};
  for (const Item& item : page.items) body["value"].push_back(show(item));
  if (!page.next_page_token.empty()) body["next_page_token"] = page.next_page_token;
  return http::Response::json(body);
}

Json view_container(const Container& container) {
  Json labels = Json::object();
  for (const auto& [label, version] : container.labels) labels[label] = version;
  return {{"name", container.name},
          {"latest_version", container.latest_version},
          {"description", container.description},
          {"tags", container.tags},
          {"labels", labels},
          {"archived", container.archived},
          {"creation_context",
           {{"created_at", format_rfc3339(container.created_at)},
            {"created_by", container.created_by},
            {"last_modified_at", format_rfc3339(container.updated_at)}}}};
}

Result<std::optional<std::int64_t>> expected_revision(const http::Request& request) {
  const auto etag = request.headers.find("if-match");
  if (!etag || *etag == "*") return std::optional<std::int64_t>();
  std::string_view text = *etag;
  if (text.size() > 2 && text.front() == '"') text = text.substr(1, text.size() - 2);
  const auto revision = parse_int(text);
  if (!revision) return fail(ErrorCode::invalid, "the if-match header holds no etag of this server", "if-match");
  return std::optional<std::int64_t>(*revision);
}

using Labels = std::vector<std::pair<std::string, std::string>>;

// The labels of all versions of a name; none for kinds without versions.
Result<Labels> labels_of(const KindRoutes& routes, const ResourceKey& key) {
  if (routes.kind.versioning == Versioning::none || key.name.empty()) return Labels();
  const auto& parts = routes.service.parts();
  CICLO_TRY(const auto container,
            parts.database.read([&](sql::Session& session) { return parts.store.find_container(session, key); }));
  return container ? container->labels : Labels();
}

Json view_labelled(const KindRoutes& routes, const Resource& resource, const Labels& labels) {
  Json shown = view(routes.kind, resource);
  for (const auto& [label, version] : labels)
    if (version == resource.key.version) shown["labels"].push_back(label);
  return shown;
}

http::Handler list_handler(KindRoutes routes) {
  return [routes](http::Request& request) -> Result<http::Response> {
    CICLO_TRY(const auto page, routes.service.list(caller_of(request), list_request(routes, request)));
    CICLO_TRY(const auto labels, labels_of(routes, routes.key_of(request)));
    return page_response(page, [&](const Resource& resource) { return view_labelled(routes, resource, labels); });
  };
}

http::Handler create_handler(KindRoutes routes, CreateRequest::IfExists if_exists) {
  return [routes, if_exists](http::Request& request) -> Result<http::Response> {
    CICLO_TRY(Json document, request.json());
    const ResourceKey key = routes.key_of(request);
    if (document.is_object() && !key.name.empty()) document["name"] = key.name;
    if (document.is_object() && !key.version.empty()) document["version"] = key.version;
    CICLO_TRY(const auto resource, routes.service.create(caller_of(request), {.workspace = key.workspace,
                                                                              .kind = key.kind,
                                                                              .parent = key.parent,
                                                                              .document = std::move(document),
                                                                              .owner = {},
                                                                              .links = {},
                                                                              .if_exists = if_exists}));
    return routes.answer(resource, resource.revision == 1 ? 201 : 200);
  };
}

http::Handler get_handler(KindRoutes routes) {
  return [routes](http::Request& request) -> Result<http::Response> {
    CICLO_TRY(const auto resource, routes.service.get(caller_of(request), routes.key_of(request)));
    CICLO_TRY(const auto labels, labels_of(routes, resource.key));
    return KindRoutes::answer(resource, view_labelled(routes, resource, labels));
  };
}

http::Handler patch_handler(KindRoutes routes) {
  return [routes](http::Request& request) -> Result<http::Response> {
    CICLO_TRY(const Json patch, request.json());
    CICLO_TRY(const auto revision, expected_revision(request));
    CICLO_TRY(const auto resource,
              routes.service.update(caller_of(request),
                                    {.key = routes.key_of(request), .patch = patch, .expected_revision = revision}));
    return routes.answer(resource);
  };
}

http::Handler delete_handler(KindRoutes routes) {
  return [routes](http::Request& request) -> Result<http::Response> {
    CICLO_CHECK(routes.service.remove(caller_of(request), routes.key_of(request)));
    return http::Response::empty(routes.kind.has_finalizer ? 202 : 204);
  };
}

http::Handler archive_handler(KindRoutes routes, bool archived) {
  return [routes, archived](http::Request& request) -> Result<http::Response> {
    CICLO_TRY(const auto resource, routes.service.set_archived(caller_of(request), routes.key_of(request), archived));
    return routes.answer(resource);
  };
}

Result<void> add_item_routes(http::Router& router, const KindRoutes& routes, const std::string& item) {
  const std::string& title = routes.kind.title;
  CICLO_CHECK(router.add(routes.route(http::Method::get, item, fmt::format("Show a {}", title), get_handler(routes))));
  CICLO_CHECK(router.add(routes.route(http::Method::put, item, fmt::format("Create or update a {}", title),
                                      create_handler(routes, CreateRequest::IfExists::update))));
  if (routes.kind.can_update)
    CICLO_CHECK(
        router.add(routes.route(http::Method::patch, item, fmt::format("Change a {}", title), patch_handler(routes))));
  if (routes.kind.can_delete)
    CICLO_CHECK(
        router.add(routes.route(http::Method::del, item, fmt::format("Delete a {}", title), delete_handler(routes))));
  CICLO_CHECK(router.add(routes.route(http::Method::post, item + "/archive", fmt::format("Hide a {} from lists", title),
                                      archive_handler(routes, true))));
  return router.add(routes.route(http::Method::post, item + "/restore",
                                 fmt::format("Show an archived {} in lists again", title),
                                 archive_handler(routes, false)));
}

http::Handler list_containers_handler(KindRoutes routes) {
  return [routes](http::Request& request) -> Result<http::Response> {
    CICLO_TRY(const auto page, routes.service.list_containers(caller_of(request), list_request(routes, request)));
    return page_response(page, view_container);
  };
}

http::Handler get_container_handler(KindRoutes routes) {
  return [routes](http::Request& request) -> Result<http::Response> {
    const auto& parts = routes.service.parts();
    const ResourceKey key = routes.key_of(request);
    CICLO_CHECK(require(parts.access, caller_of(request), routes.kind.component + "/read",
                        Place(std::string_view(key.workspace), key.subject())));
    CICLO_TRY(const auto container,
              parts.database.read([&](sql::Session& session) { return parts.store.find_container(session, key); }));
    if (!container) return fail(ErrorCode::not_found, fmt::format("there is no {} '{}'", routes.kind.title, key.name));
    return http::Response::json(view_container(*container));
  };
}

http::Handler patch_container_handler(KindRoutes routes) {
  return [routes](http::Request& request) -> Result<http::Response> {
    const auto& parts = routes.service.parts();
    const Caller& caller = caller_of(request);
    const ResourceKey key = routes.key_of(request);
    CICLO_TRY(const Json patch, request.json());
    CICLO_TRY(const Decision decision, require(parts.access, caller, routes.kind.component + "/write",
                                               Place(std::string_view(key.workspace), key.subject())));
    return parts.database.write([&](sql::Session& session) -> Result<http::Response> {
      CICLO_TRY(auto container, parts.store.find_container(session, key));
      if (!container)
        return fail(ErrorCode::not_found, fmt::format("there is no {} '{}'", routes.kind.title, key.name));
      if (patch.contains("description")) container->description = text_or(patch, "description");
      if (patch.contains("archived")) container->archived = member(patch, "archived") == true;
      const Json tags_before = container->tags;
      merge_patch(container->tags, patch.value("tags", Json::object()));
      CICLO_TRY(const auto stored, parts.store.put_container(session, *std::move(container)));
      events::Event event{.type = fmt::format("ciclo.{}.updated", routes.kind.name),
                          .source = "/workspaces/" + key.workspace,
                          .subject = key.subject(),
                          .workspace = key.workspace,
                          .actor = caller.principal,
                          .data = {{"kind", routes.kind.name}, {"name", key.name}, {"tags", stored.tags}}};
      if (Json tags = changed_tags(tags_before, stored.tags); !tags.empty())
        event.data["changed_tags"] = std::move(tags);
      CICLO_CHECK(routes.service.record_in(session,
                                           {.caller = caller,
                                            .action = routes.kind.component + "/write",
                                            .operation = "update",
                                            .workspace = key.workspace,
                                            .target = key.path(),
                                            .decision = decision},
                                           std::move(event)));
      return http::Response::json(view_container(stored));
    });
  };
}

http::Handler get_label_handler(KindRoutes routes) {
  return [routes](http::Request& request) -> Result<http::Response> {
    const Reference reference{
        .workspace = {}, .name = request.parameter("name"), .version = {}, .label = request.parameter("label")};
    CICLO_TRY(const auto resource, routes.service.resolve(caller_of(request), routes.kind.name,
                                                          request.parameter("workspace"), reference.text()));
    CICLO_TRY(const auto labels, labels_of(routes, resource.key));
    return KindRoutes::answer(resource, view_labelled(routes, resource, labels));
  };
}

// Sets the label on the version that the body names, or takes it away (`remove`), with event and audit row.
http::Handler change_label_handler(KindRoutes routes, bool remove) {
  return [routes, remove](http::Request& request) -> Result<http::Response> {
    const auto& parts = routes.service.parts();
    const Caller& caller = caller_of(request);
    ResourceKey key = routes.key_of(request);
    const std::string& label = request.parameter("label");
    CICLO_TRY(const Json body, request.json());
    if (!remove) key.version = text_or(body, "version");
    CICLO_TRY(const Decision decision, require(parts.access, caller, routes.kind.component + "/write",
                                               Place(std::string_view(key.workspace), key.subject())));
    CICLO_CHECK(parts.database.write([&](sql::Session& session) -> Result<void> {
      CICLO_CHECK(remove ? parts.store.remove_label(session, key, label) : parts.store.set_label(session, key, label));
      events::Event event{.type = fmt::format("ciclo.{}.{}", routes.kind.name, remove ? "unlabelled" : "labelled"),
                          .source = "/workspaces/" + key.workspace,
                          .subject = key.subject(),
                          .workspace = key.workspace,
                          .actor = caller.principal,
                          .data = {{"kind", routes.kind.name}, {"name", key.name}, {"label", label}}};
      if (!remove) event.data["version"] = key.version;
      const AuditEntry entry{.caller = caller,
                             .action = routes.kind.component + "/write",
                             .operation = remove ? "remove label" : "set label",
                             .workspace = key.workspace,
                             .target = key.path(),
                             .decision = decision,
                             .detail = {{"label", label}}};
      return routes.service.record_in(session, entry, std::move(event));
    }));
    return http::Response::empty();
  };
}

Result<void> add_kind_routes(http::Router& router, const KindRoutes& routes) {
  const Kind& kind = routes.kind;
  const std::string collection = routes.collection();
  const std::string item = collection + "/{name}";
  CICLO_CHECK(router.add(routes.route(http::Method::post, collection, fmt::format("Create a {}", kind.title),
                                      create_handler(routes, CreateRequest::IfExists::fail))));
  if (kind.versioning == Versioning::none) {
    CICLO_CHECK(router.add(
        routes.route(http::Method::get, collection, fmt::format("List {}", kind.plural), list_handler(routes))));
    return add_item_routes(router, routes, item);
  }
  CICLO_CHECK(router.add(routes.route(http::Method::get, collection, fmt::format("List {} by name", kind.plural),
                                      list_containers_handler(routes))));
  CICLO_CHECK(
      router.add(routes.route(http::Method::get, item, fmt::format("Show what all versions of a {} share", kind.title),
                              get_container_handler(routes))));
  CICLO_CHECK(router.add(routes.route(http::Method::patch, item,
                                      fmt::format("Change what all versions of a {} share", kind.title),
                                      patch_container_handler(routes))));
  CICLO_CHECK(router.add(routes.route(http::Method::get, item + "/versions",
                                      fmt::format("List the versions of a {}", kind.title), list_handler(routes))));
  const std::string label = item + "/labels/{label}";
  CICLO_CHECK(
      router.add(routes.route(http::Method::get, label, fmt::format("Show the {} version with a label", kind.title),
                              get_label_handler(routes))));
  CICLO_CHECK(router.add(routes.route(http::Method::put, label, fmt::format("Put a label on a {} version", kind.title),
                                      change_label_handler(routes, false))));
  CICLO_CHECK(router.add(routes.route(http::Method::del, label, fmt::format("Take a label off a {}", kind.title),
                                      change_label_handler(routes, true))));
  return add_item_routes(router, routes, item + "/versions/{version}");
}

http::Handler lineage_handler(ResourceService& service) {
  return [&service](http::Request& request) -> Result<http::Response> {
    const std::string& workspace = request.parameter("workspace");
    const auto subject = request.query.find("subject");
    if (!subject)
      return fail(ErrorCode::invalid, "say whose lineage", "subject", "for example ?subject=model/weather:1");
    const ResourceKey key = parse_subject(workspace, *subject);
    const auto direction = request.query.find("direction").value_or("upstream") == "downstream"
                               ? ResourceStore::Direction::downstream
                               : ResourceStore::Direction::upstream;
    const auto& parts = service.parts();
    CICLO_TRY(const auto edges, parts.database.read([&](sql::Session& session) -> Result<std::vector<Link>> {
      CICLO_CHECK(parts.store.get(session, key));
      return parts.store.lineage(session, key.path(), direction);
    }));
    Json value = Json::array();
    for (const Link& edge : edges) value.push_back({{"from", edge.from}, {"to", edge.to}, {"relation", edge.relation}});
    return http::Response::json({{"value", value}});
  };
}

}  // namespace

Result<void> add_resource_routes(http::Router& router, ResourceService& service) {
  for (const auto& kind : service.parts().kinds.all()) CICLO_CHECK(add_kind_routes(router, KindRoutes{service, *kind}));
  http::Route lineage;
  lineage.pattern = "/api/v1/workspaces/{workspace}/lineage";
  lineage.action = "workspace/read";
  lineage.summary = "What a resource was made from, or what was made from it";
  lineage.tag = "lineage";
  lineage.handler = lineage_handler(service);
  return router.add(std::move(lineage));
}

}  // namespace ciclo::resources
