#include "inner_loop/tracking/run_scope.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace ciclo::tracking {
namespace {

constexpr std::array<std::string_view, 2> both_stages = {"active", "deleted"};

std::optional<SearchColumn> run_attribute(std::string_view name) {
  const std::string key = replace_all(to_lower(name), " ", "_");
  if (key == "run_id" || key == "run_uuid") return SearchColumn{.sql = "r.run_id"};
  if (key == "run_name") return SearchColumn{.sql = "r.name"};
  if (key == "status") return SearchColumn{.sql = "r.status"};
  if (key == "user_id") return SearchColumn{.sql = "r.user_id"};
  if (key == "artifact_uri") return SearchColumn{.sql = "r.artifact_uri"};
  if (key == "lifecycle_stage") return SearchColumn{.sql = "r.lifecycle_stage"};
  if (key == "experiment_id") return SearchColumn{.sql = "r.experiment_id", .type = ColumnType::integer};
  if (key == "start_time" || key == "created") return SearchColumn{.sql = "r.start_time", .type = ColumnType::integer};
  if (key == "end_time") return SearchColumn{.sql = "r.end_time", .type = ColumnType::integer, .nullable = true};
  return std::nullopt;
}

}  // namespace

std::span<const std::string_view> RunScope::stages() const {
  const std::span<const std::string_view> all(both_stages);
  if (view == View::all) return all;
  return view == View::active_only ? all.first(1) : all.last(1);
}

Result<RunScope> scope_of(sql::Session& session, const SearchRequest& request) {
  RunScope scope{.workspace = request.workspace, .experiments = {}, .view = request.view};
  for (std::size_t begin = 0; begin < request.experiment_ids.size(); begin += max_bound_list) {
    const std::size_t end = std::min(begin + max_bound_list, request.experiment_ids.size());
    Statement statement;
    statement.add("SELECT experiment_number, experiment_id FROM experiment_numbers WHERE workspace = ");
    statement.bind(request.workspace).add(" AND experiment_id IN ");
    statement.bind_list(std::vector<std::int64_t>(request.experiment_ids.begin() + static_cast<std::ptrdiff_t>(begin),
                                                  request.experiment_ids.begin() + static_cast<std::ptrdiff_t>(end)));
    CICLO_TRY(const auto rows, statement.query(session));
    for (const sql::Row& row : rows) scope.experiments.push_back({row.integer(0), row.integer(1)});
  }
  std::ranges::sort(scope.experiments, {}, &ScopedExperiment::number);
  const auto repeated = std::ranges::unique(scope.experiments, {}, &ScopedExperiment::number);
  scope.experiments.erase(repeated.begin(), repeated.end());
  return scope;
}

Statement scope_condition(const RunScope& scope, bool by_number) {
  Statement out;
  out.add(by_number ? "r.experiment_number + 0 " : "r.experiment_number ");
  std::vector<std::int64_t> numbers;
  for (const ScopedExperiment& experiment : scope.experiments) numbers.push_back(experiment.number);
  if (numbers.size() == 1) {
    out.add("= ").bind(numbers.front());
  } else if (numbers.size() <= max_bound_list) {
    out.add("IN ").bind_list(numbers);
  } else {
    // The engines bind only so many values. These numbers are the database's own, not from outside.
    out.add("IN (");
    for (const std::int64_t number : numbers)
      out.add(number == numbers.front() ? "" : ", ").add(std::to_string(number));
    out.add(")");
  }
  if (scope.view == View::active_only) out.add(" AND r.lifecycle_stage = 'active'");
  if (scope.view == View::deleted_only) out.add(" AND r.lifecycle_stage = 'deleted'");
  return out;
}

Domain run_domain() {
  return {.noun = "run",
          .attribute = run_attribute,
          .attribute_names = {"run_id", "run_name", "status", "user_id", "artifact_uri", "start_time", "end_time",
                              "experiment_id"},
          .metrics = {.table = "latest_metrics", .owner = "c.run_number = r.run_number", .also = {}},
          .params = {.table = "params", .owner = "c.run_number = r.run_number", .also = {}},
          .tags = {.table = "run_tags", .owner = "c.run_number = r.run_number", .also = {}},
          .datasets =
              "SELECT 1 FROM run_datasets u JOIN datasets d ON d.dataset_number = u.dataset_number WHERE "
              "u.run_number = r.run_number AND "};
}

std::string_view table_of(Entity entity) {
  if (entity == Entity::metric) return "latest_metrics";
  return entity == Entity::param ? "params" : "run_tags";
}

Head head_of(std::string_view value) {
  std::size_t end = 0;
  for (std::size_t count = 0; end < value.size(); ++end) {
    const bool begins = (static_cast<unsigned char>(value[end]) & 0xC0U) != 0x80U;
    if (begins && count++ == head_length) break;
  }
  // SQL's text functions end at a NUL.
  end = std::min(end, value.find('\0'));
  return {.text = std::string(value.substr(0, end)), .is_cut = end < value.size()};
}

}  // namespace ciclo::tracking
