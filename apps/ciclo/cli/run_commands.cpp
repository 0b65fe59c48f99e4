// Runs of experiments: list, show, and compare side by side.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "platform/http/message.hpp"

namespace ciclo::cli {
namespace {

constexpr std::size_t max_compared_runs = 500;
// So many runs fit beside one another; of more, each gets a line.
constexpr std::size_t max_runs_abreast = 6;

Result<std::string> mlflow_path(const Context& context, const std::string& endpoint) {
  CICLO_TRY(const std::string workspace, context.session.workspace());
  return fmt::format("/workspaces/{}/api/2.0/mlflow/{}", http::percent_encode(workspace), endpoint);
}

// The experiment's id, from its name or its id; "0" when neither is given.
Result<std::string> experiment_id(const Context& context) {
  if (const auto id = context.options.find("experiment-id")) return *id;
  const auto name = context.options.find("experiment");
  if (!name) return std::string("0");
  CICLO_TRY(const std::string path,
            mlflow_path(context, "experiments/get-by-name?experiment_name=" + http::percent_encode(*name)));
  CICLO_TRY(const Json answer, context.session.get(path));
  return text_or(member(answer, "experiment"), "experiment_id");
}

// What --experiment, --filter, --order-by and --max-results find.
Result<Json> search(const Context& context, std::size_t most, const Json& keys) {
  CICLO_TRY(const std::string id, experiment_id(context));
  Json request{{"experiment_ids", {id}}, {"filter", context.options.text("filter")}};
  request["order_by"] = context.options.all("order-by");
  request["max_results"] = context.options.find("max-results").value_or(std::to_string(most));
  request.update(keys);
  CICLO_TRY(const std::string path, mlflow_path(context, "runs/search"));
  CICLO_TRY(const Json answer, context.session.call(http::Method::post, path, request));
  const Json& runs = member(answer, "runs");
  return runs.is_array() ? runs : Json::array();
}

const std::vector<resources::Column> list_columns = {
    {"RUN", "info.run_id"}, {"NAME", "info.run_name"}, {"STATUS", "info.status"}, {"USER", "info.user_id"}};

// A column for each metric and parameter that was asked for by name.
std::vector<resources::Column> columns_of(const Context& context) {
  std::vector<resources::Column> columns = list_columns;
  for (const auto& [option, list] : {std::pair("param", "params"), std::pair("metric", "metrics")})
    for (const std::string& key : context.options.all(option))
      columns.push_back({key, fmt::format("data.{}[?key=='{}'].value | [0]", list, replace_all(key, "'", "\\'"))});
  return columns;
}

Result<int> run_list(Context& context) {
  Json keys = Json::object();
  if (context.options.has("metric")) keys["metric_keys"] = context.options.all("metric");
  if (context.options.has("param")) keys["param_keys"] = context.options.all("param");
  CICLO_TRY(const Json runs, search(context, 100, keys));
  CICLO_CHECK(context.print(runs, columns_of(context)));
  return 0;
}

Result<int> run_show(Context& context) {
  CICLO_TRY(const std::string id, context.options.needed("run"));
  CICLO_TRY(const std::string path, mlflow_path(context, "runs/get?run_id=" + http::percent_encode(id)));
  CICLO_TRY(const Json answer, context.session.get(path));
  CICLO_CHECK(context.print(member(answer, "run"), list_columns));
  return 0;
}

Result<std::vector<std::string>> compared_runs(const Context& context) {
  std::vector<std::string> ids = context.options.all("run");
  if (!ids.empty()) return ids;
  if (!context.options.has("experiment") && !context.options.has("experiment-id")) {
    return fail(ErrorCode::invalid, "no runs were named", {}, "add --run <id> for each, or --experiment <name>");
  }
  const Json none = Json::array();
  CICLO_TRY(const Json runs,
            search(context, max_compared_runs, {{"metric_keys", none}, {"param_keys", none}, {"tag_keys", none}}));
  for (const Json& run : runs) ids.push_back(text_or(member(run, "info"), "run_id"));
  if (ids.empty()) return fail(ErrorCode::not_found, "no run meets the filter");
  return ids;
}

// Which columns of the comparison a table shows: what differs, without what is different in every run anyway.
std::vector<std::size_t> shown_columns(const Context& context, const Json& columns) {
  std::vector<std::size_t> shown;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string kind = text_or(columns[i], "kind");
    const std::string key = text_or(columns[i], "key");
    const bool is_told_anyway = kind == "attribute" && key != "status" && key != "experiment_id";
    const bool is_internal = kind == "tag" && key.starts_with("mlflow.");
    if (is_told_anyway || (is_internal && !context.options.has("all"))) continue;
    if (context.options.has("all") || member(columns[i], "differs") == true) shown.push_back(i);
  }
  return shown;
}

struct Table {
  Json items = Json::array();
  std::vector<resources::Column> columns;
};

std::string name_of(const Json& row) {
  return text_or(row, "run_id").substr(0, 8) + " " + row["values"][0].get<std::string>();
}

// One line for each key, the runs beside one another.
Table by_key(const Json& comparison, const std::vector<std::size_t>& shown) {
  Table table;
  table.columns = {{"WHAT", "kind"}, {"KEY", "key"}};
  const Json& rows = comparison["rows"];
  for (std::size_t i = 0; i < rows.size(); ++i) table.columns.push_back({name_of(rows[i]), fmt::format("r{}", i)});
  for (const std::size_t at : shown) {
    Json item{{"kind", comparison["columns"][at]["kind"]}, {"key", comparison["columns"][at]["key"]}};
    for (std::size_t i = 0; i < rows.size(); ++i) item[fmt::format("r{}", i)] = rows[i]["values"][at];
    table.items.push_back(std::move(item));
  }
  return table;
}

// One line for each run.
Table by_run(const Json& comparison, const std::vector<std::size_t>& shown) {
  Table table;
  table.columns = {{"RUN", "run_id"}, {"NAME", "name"}};
  for (const std::size_t at : shown)
    table.columns.push_back({comparison["columns"][at]["key"].get<std::string>(), fmt::format("c{}", at)});
  for (const Json& row : comparison["rows"]) {
    Json item{{"run_id", row["run_id"]}, {"name", row["values"][0]}};
    for (const std::size_t at : shown) item[fmt::format("c{}", at)] = row["values"][at];
    table.items.push_back(std::move(item));
  }
  return table;
}

Result<int> run_compare(Context& context) {
  CICLO_TRY(const auto ids, compared_runs(context));
  Json request{{"run_ids", ids}};
  if (context.options.has("metric")) request["metric_keys"] = context.options.all("metric");
  if (context.options.has("param")) request["param_keys"] = context.options.all("param");
  CICLO_TRY(const std::string path, context.session.workspace_path());
  CICLO_TRY(const Json comparison, context.session.call(http::Method::post, path + "/runs/compare", request));
  if (context.output.format != Format::table || context.output.query) {
    CICLO_CHECK(context.print(comparison));
    return 0;
  }
  const auto shown = shown_columns(context, comparison["columns"]);
  const bool abreast = comparison["rows"].size() <= max_runs_abreast;
  const Table table = abreast ? by_key(comparison, shown) : by_run(comparison, shown);
  CICLO_CHECK(context.print(table.items, table.columns));
  return 0;
}

}  // namespace

std::vector<Command> run_commands() {
  const Option experiment = {{"experiment", "e"}, Takes::one, "The experiment's name (default: Default)."};
  const Option experiment_number = {{"experiment-id"}, Takes::one, "The experiment by its id instead."};
  const Option filter = {
      {"filter"}, Takes::one, "Only runs that meet it: \"metrics.loss < 0.1 AND params.depth = '3'\"."};
  const Option order = {{"order-by"}, Takes::several, "Such as \"metrics.loss ASC\" (default: newest first)."};
  const Option most = {{"max-results", "r"}, Takes::one, "At most so many (default 100; when comparing 500)."};
  const Option metric = {{"metric"}, Takes::several, "Only these metrics."};
  const Option param = {{"param"}, Takes::several, "Only these parameters."};
  return {{"run",
           "list",
           "List an experiment's runs.",
           {experiment, experiment_number, filter, order, most, metric, param},
           run_list},
          {"run", "show", "Show a run.", {{{"run", "n"}, Takes::one, "The run's id."}}, run_show},
          {"run",
           "compare",
           "Show up to 500 runs side by side; a table shows only what differs.",
           {{{"run", "n"}, Takes::several, "A run's id; repeat it for each run."},
            experiment,
            experiment_number,
            filter,
            order,
            most,
            metric,
            param,
            {{"all"}, Takes::nothing, "In a table: also what is the same, and MLflow's own tags."}},
           run_compare}};
}

}  // namespace ciclo::cli
