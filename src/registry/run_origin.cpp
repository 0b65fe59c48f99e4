#include "registry/run_origin.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "inner_loop/tracking/run_store.hpp"
#include "resources/reference.hpp"

namespace ciclo::registry {
namespace {

using resources::ResourceKey;

constexpr std::size_t max_address = 800;  // of a key in an index
constexpr std::size_t max_datasets = 100;
constexpr std::size_t assets_looked_at = 500;

std::string path_of(const std::string& workspace, const std::string& kind, const std::string& name) {
  return ResourceKey{.workspace = workspace, .kind = kind, .parent = {}, .name = name, .version = {}}.path();
}

// What MLflow's source JSON says of where a data set was read: {"uri"}, {"url"} or {"path"}.
std::string address_in(const std::string& source) {
  const auto parsed = parse_json(source);
  if (!parsed) return {};
  for (const char* key : {"uri", "url", "path"})
    if (std::string address = text_or(*parsed, key); !address.empty()) return address;
  return {};
}

// At most so many bytes, without half a character at the end: a database takes whole ones only.
std::string cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
  return std::string(text.substr(0, most));
}

bool has_scheme(std::string_view address) {
  return address.starts_with("azureml:") || address.find("://") != std::string_view::npos;
}

Result<std::string> asset_by_reference(sql::Session& session, const resources::ResourceStore& store,
                                       const std::string& workspace, const std::string& address) {
  const auto reference = resources::parse_reference(address);
  if (!reference) return std::string();
  ResourceKey key{.workspace = reference->workspace.empty() ? workspace : reference->workspace,
                  .kind = "data",
                  .parent = {},
                  .name = reference->name,
                  .version = reference->version};
  // Another workspace's assets are nobody's business here.
  if (key.workspace != workspace) return std::string();
  CICLO_TRY(const auto container, store.find_container(session, key));
  if (!container) return std::string();
  if (key.version.empty()) key.version = container->latest_version;
  for (const auto& [label, version] : container->labels)
    if (label == reference->label) key.version = version;
  CICLO_TRY(const auto found, store.find(session, key));
  return found ? found->key.path() : std::string();
}

Result<std::string> asset_by_path(sql::Session& session, const resources::ResourceStore& store,
                                  const std::string& workspace, const std::string& address) {
  resources::ListRequest newest{.workspace = workspace, .kind = "data"};
  newest.limit = assets_looked_at;
  CICLO_TRY(const auto page, store.list(session, newest));
  for (const resources::Resource& asset : page.items)
    if (text_or(asset.spec, "path") == address) return asset.key.path();
  return std::string();
}

Result<std::string> asset_of(sql::Session& session, const resources::ResourceStore& store, const std::string& workspace,
                             const std::string& address) {
  if (!has_scheme(address)) return std::string();
  if (address.starts_with("azureml:") && !address.starts_with("azureml://datastores/"))
    return asset_by_reference(session, store, workspace, address);
  return asset_by_path(session, store, workspace, address);
}

void put(Json& object, const char* key, const std::string& text) {
  if (!text.empty()) object[key] = text;
}

Result<void> add_data(sql::Session& session, const resources::ResourceStore& store, const tracking::Run& run,
                      RunOrigin& origin) {
  for (const tracking::DatasetInput& input : run.dataset_inputs) {
    if (origin.data.size() == max_datasets) break;
    const tracking::Dataset& dataset = input.dataset;
    const std::string address = address_in(dataset.source);
    CICLO_TRY(const std::string asset, asset_of(session, store, run.workspace, address));
    Json entry{{"name", dataset.name}, {"digest", dataset.digest}};
    put(entry, "context", tracking::find_tag(input.tags, "mlflow.data.context").value_or(""));
    put(entry, "source", plain_address(address));
    put(entry, "asset", asset);
    origin.data.push_back(std::move(entry));
    std::string from = asset;
    if (from.empty() && has_scheme(address)) from = plain_address(address);
    if (from.empty()) from = cut(fmt::format("dataset:{}@{}", dataset.name, dataset.digest), max_address);
    origin.links.push_back({.from = std::move(from), .to = node_of(run), .relation = "input"});
  }
  return {};
}

Result<void> add_code(sql::Session& session, const resources::ResourceStore& store, const tracking::Run& run,
                      RunOrigin& origin) {
  const auto tag = [&](std::string_view key) { return tracking::find_tag(run.tags, key).value_or(""); };
  if (run.is_managed) {
    const ResourceKey key{.workspace = run.workspace, .kind = "job", .parent = {}, .name = run.run_id, .version = {}};
    CICLO_TRY(const auto job, store.find(session, key));
    if (job) put(origin.code, "snapshot", text_or(job->spec, "code"));
  }
  const std::string commit = cut(tag("mlflow.source.git.commit"), 100);
  const std::string repository = plain_address(tag("mlflow.source.git.repoURL"));
  put(origin.code, "repository", repository);
  put(origin.code, "commit", commit);
  put(origin.code, "branch", cut(tag("mlflow.source.git.branch"), 250));
  put(origin.code, "source", plain_address(tag("mlflow.source.name")));
  if (!commit.empty())
    origin.links.push_back(
        {.from = fmt::format("git:{}@{}", repository, commit), .to = node_of(run), .relation = "code"});
  if (const std::string snapshot = text_or(origin.code, "snapshot"); !snapshot.empty())
    origin.links.push_back({.from = plain_address(snapshot), .to = node_of(run), .relation = "code"});
  return {};
}

}  // namespace

std::string node_of(const tracking::Run& run) {
  return path_of(run.workspace, run.is_managed ? "job" : "run", run.run_id);
}

std::string plain_address(std::string_view address) {
  address = address.substr(0, address.find_first_of("?#"));
  const auto scheme = address.find("://");
  std::string plain(address);
  if (scheme != std::string_view::npos) {
    const auto host = scheme + 3;
    const auto end = address.find('/', host);
    const auto credentials = address.substr(host, end == std::string_view::npos ? end : end - host).rfind('@');
    if (credentials != std::string_view::npos) plain.erase(host, credentials + 1);
  }
  return cut(plain, max_address);
}

Result<RunOrigin> origin_of(sql::Session& session, const resources::ResourceStore& store, tracking::Run run) {
  std::vector<tracking::Run> loaded{std::move(run)};
  CICLO_CHECK(tracking::RunStore().load_details(session, loaded));
  RunOrigin origin;
  CICLO_CHECK(add_data(session, store, loaded.front(), origin));
  CICLO_CHECK(add_code(session, store, loaded.front(), origin));
  return origin;
}

}  // namespace ciclo::registry
