#include "inner_loop/tracking/artifact_owner.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "inner_loop/tracking/artifacts.hpp"

namespace ciclo::tracking {
namespace {

bool lies_in(std::string_view key, std::string_view folder) {
  return key.starts_with(folder) && (key.size() == folder.size() || key[folder.size()] == '/');
}

// 3 of "dev/mlflow/3/…".
std::int64_t id_in(std::string_view key, const std::string& workspace) {
  const std::string root = fmt::format("{}/mlflow/", workspace);
  if (!key.starts_with(root)) return -1;
  const std::string_view rest = key.substr(root.size());
  return parse_int(rest.substr(0, rest.find('/'))).value_or(-1);
}

}  // namespace

Result<std::optional<std::int64_t>> artifact_owner(sql::Session& session, const std::string& workspace,
                                                   const std::string& key) {
  const std::int64_t by_id = id_in(key, workspace);
  CICLO_TRY(const auto rows,
            session.query("SELECT experiment_id, artifact_location FROM experiments WHERE workspace = ? AND "
                          "(experiment_id = ? OR artifact_location <> 'mlflow-artifacts:/' || CAST(experiment_id AS "
                          "TEXT)) ORDER BY experiment_id",
                          {workspace, by_id}));
  std::optional<std::int64_t> owner;
  std::size_t longest = 0;
  for (const sql::Row& row : rows) {
    const auto folder = artifact_key(workspace, row.text(1));
    if (!folder) continue;  // lies elsewhere
    if (*folder != key && lies_in(*folder, key)) return std::nullopt;
    if (!lies_in(key, *folder)) continue;
    const bool is_own = row.integer(0) == by_id && *folder == fmt::format("{}/mlflow/{}", workspace, by_id);
    if (folder->size() < longest || (folder->size() == longest && !is_own)) continue;
    longest = folder->size();
    owner = row.integer(0);
  }
  return owner;
}

}  // namespace ciclo::tracking
