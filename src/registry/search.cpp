// Searches of the registry: keys are found in the index (model_index.hpp), the resources are read by them.
#include <map>

#include "registry/model_index.hpp"
#include "registry/search_domain.hpp"
#include "registry/service.hpp"

namespace ciclo::registry {
namespace {

using resources::Container;
using resources::Resource;
using tracking::Statement;

// Which rows a search may see: the one place that narrows it beyond its filter. `m` and `v` both have a name.
Statement scope_of(const RegistrySearch& request, const SearchTable& table, bool by_key) {
  const bool is_models = table.row_key == "m.name";
  Statement scope;
  // An expression has no index: rows that are found by their key are not looked for in any other order.
  if (is_models) scope.add("m.archived = 0 AND m.workspace = ").bind(request.workspace);
  else scope.add(by_key ? "v.workspace || '' = " : "v.workspace = ").bind(request.workspace);
  if (request.only_names) scope.add(is_models ? " AND m.name IN " : " AND v.name IN ").bind_list(*request.only_names);
  return scope;
}

struct FoundRows {
  std::vector<sql::Row> rows;  // the row's key first
  std::string next_page_token;
};

Result<FoundRows> find_rows(sql::Session& session, const SearchTable& table, const RegistrySearch& request) {
  CICLO_TRY(const auto plan, plan_of(session, table, request));
  Statement statement;
  statement.add("SELECT ").add(table.row_key).add(tracking::sort_columns(plan.sort));
  statement.add(" FROM ").add(table.from).add(plan.sort.joins);
  statement.add(" WHERE ").add(scope_of(request, table, plan.driver.has_value())).add(" AND ").add(plan.condition);
  if (plan.driver) statement.add(" AND ").add(table.row_key).add(" IN (").add(*plan.driver).add(")");
  // One row more tells whether there is a further page.
  statement.add(plan.after).add(tracking::order_by_sql(plan.sort)).add(" LIMIT ").bind(request.max_results + 1);
  FoundRows found;
  CICLO_TRY(found.rows, statement.query(session));
  if (found.rows.size() <= request.max_results) return found;
  found.rows.resize(request.max_results, sql::Row({}));
  CICLO_TRY(found.next_page_token, tracking::next_token(plan.purpose, plan.sort, found.rows.back(), 1));
  return found;
}

}  // namespace

Result<std::vector<RegisteredModel>> RegistryService::with_latest(sql::Session& session,
                                                                  std::vector<Container> containers) const {
  if (containers.empty()) return std::vector<RegisteredModel>();
  ModelIndex::Names names{.workspace = containers.front().workspace, .names = {}};
  for (const Container& container : containers) names.names.push_back(container.name);
  CICLO_TRY(const auto sequences, ModelIndex::latest_versions(session, names));
  CICLO_TRY(auto versions, resources_.parts().store.find_all(session, sequences));
  std::map<std::string, std::vector<Resource>> by_name;
  for (Resource& version : versions) by_name[version.key.name].push_back(std::move(version));
  std::vector<RegisteredModel> models;
  for (Container& container : containers) {
    std::vector<Resource> latest = std::move(by_name[container.name]);
    models.push_back({.container = std::move(container), .latest_versions = std::move(latest)});
  }
  return models;
}

Result<tracking::Page<RegisteredModel>> RegistryService::search_models(const RegistrySearch& request) {
  return resources_.parts().database.read([&](sql::Session& session) -> Result<tracking::Page<RegisteredModel>> {
    CICLO_TRY(auto found, find_rows(session, model_table(), request));
    resources::ResourceStore::ContainerNames wanted{.workspace = request.workspace, .kind = "model", .names = {}};
    for (const sql::Row& row : found.rows) wanted.names.push_back(row.text(0));
    CICLO_TRY(auto containers, resources_.parts().store.find_containers(session, wanted));
    CICLO_TRY(auto models, with_latest(session, std::move(containers)));
    return tracking::Page<RegisteredModel>{.items = std::move(models),
                                           .next_page_token = std::move(found.next_page_token)};
  });
}

Result<tracking::Page<Resource>> RegistryService::search_versions(const RegistrySearch& request) {
  return resources_.parts().database.read([&](sql::Session& session) -> Result<tracking::Page<Resource>> {
    CICLO_TRY(auto found, find_rows(session, version_table(), request));
    std::vector<std::int64_t> sequences;
    for (const sql::Row& row : found.rows) sequences.push_back(row.integer(0));
    CICLO_TRY(auto versions, resources_.parts().store.find_all(session, sequences));
    return tracking::Page<Resource>{.items = std::move(versions), .next_page_token = std::move(found.next_page_token)};
  });
}

}  // namespace ciclo::registry
