#include "inner_loop/tracking/concern_finder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "inner_loop/tracking/artifact_owner.hpp"
#include "inner_loop/tracking/artifacts.hpp"
#include "inner_loop/tracking/statement.hpp"

namespace ciclo::tracking {
namespace {

using resources::Concerned;
using Question = MlflowConcerns::Question;
using All = std::vector<Concerned>;

Result<All> experiment_of(std::string_view text) {
  CICLO_TRY(const auto id, parse_experiment_id(text));
  return All{experiment_named(id)};
}

Result<All> find_experiment(const Question& question) {
  CICLO_TRY(const auto text, question.arguments.required_text(question.concern.field));
  return experiment_of(text);
}

Result<All> find_experiment_or_default(const Question& question) {
  CICLO_TRY(const auto text, question.arguments.text(question.concern.field));
  return experiment_of(text.empty() ? "0" : text);
}

Result<All> find_experiment_by_name(const Question& question) {
  CICLO_TRY(const auto name, question.arguments.required_text(question.concern.field));
  CICLO_TRY(const auto row,
            question.session.query_one("SELECT experiment_id FROM experiments WHERE workspace = ? AND name = ?",
                                       {question.workspace, name}));
  Concerned found{
      .subject = {}, .action = {}, .missing = not_there(fmt::format("Could not find experiment with name '{}'", name))};
  if (row) found.subject = experiment_subject(row->integer(0));
  else if (name == "Default") found.subject = experiment_subject(0);  // made when it is first asked for
  return All{std::move(found)};
}

Result<All> find_experiments(const Question& question) {
  CICLO_TRY(const auto ids, question.arguments.texts(question.concern.field));
  All all;
  for (const std::string& text : ids) {
    CICLO_TRY(const auto id, parse_experiment_id(text));
    all.push_back(experiment_named(id));
  }
  return all;
}

// A table whose rows belong to an experiment, and how its items are named.
struct Owned {
  std::string_view select;
  std::string (*say_missing)(const std::string& id);
};
constexpr Owned owned_runs{"SELECT run_id, experiment_id FROM runs WHERE workspace = ",
                           [](const std::string& id) { return fmt::format("Run with id={} not found", id); }};
constexpr Owned owned_models{
    "SELECT model_id, experiment_id FROM logged_models WHERE workspace = ",
    [](const std::string& id) { return fmt::format("Logged model with ID '{}' not found", id); }};

Result<All> find_owned(const Question& question, const Owned& table, const std::vector<std::string>& ids) {
  std::map<std::string, std::int64_t> experiments;
  for (std::size_t begin = 0; begin < ids.size(); begin += max_bound_list) {
    const std::vector<std::string> some(
        ids.begin() + static_cast<std::ptrdiff_t>(begin),
        ids.begin() + static_cast<std::ptrdiff_t>(std::min(begin + max_bound_list, ids.size())));
    Statement statement;
    statement.add(table.select).bind(question.workspace);
    statement.add(table.select == owned_runs.select ? " AND run_id IN " : " AND model_id IN ").bind_list(some);
    CICLO_TRY(const auto rows, statement.query(question.session));
    for (const sql::Row& row : rows) experiments[row.text(0)] = row.integer(1);
  }
  All all;
  for (const std::string& id : ids) {
    const auto found = experiments.find(id);
    all.push_back({.subject = found == experiments.end() ? std::string() : experiment_subject(found->second),
                   .action = {},
                   .missing = not_there(table.say_missing(id))});
  }
  return all;
}

Result<All> find_run(const Question& question) {
  CICLO_TRY(const auto id, question.arguments.run_id());
  return find_owned(question, owned_runs, {id});
}

Result<All> find_run_if_any(const Question& question) {
  CICLO_TRY(const auto id, question.arguments.text(question.concern.field));
  if (id.empty()) return All{};
  return find_owned(question, owned_runs, {id});
}

Result<All> find_runs(const Question& question) {
  CICLO_TRY(const auto ids, question.arguments.texts(question.concern.field));
  return find_owned(question, owned_runs, ids);
}

Result<All> find_run_by_query(const Question& question) {
  const http::Query& query = question.request.query;
  const auto id = query.find("run_id") ? query.find("run_id") : query.find("run_uuid");
  if (!id) return fail(ErrorCode::invalid, "Missing value for required parameter 'run_id'", "run_id");
  return find_owned(question, owned_runs, {std::string(*id)});
}

Result<All> find_run_by_path(const Question& question) {
  return find_owned(question, owned_runs, {question.request.parameter(question.concern.field)});
}

Result<All> find_logged_model(const Question& question) {
  return find_owned(question, owned_models, {question.request.parameter(question.concern.field)});
}

// The texts at a path like "metrics/*/model_id"; what is of another shape is the handler's to refuse.
void collect(const Json& value, std::string_view path, std::vector<std::string>& into) {
  if (path.empty()) {
    const std::string text = value.is_string() ? value.get<std::string>() : std::string();
    if (!text.empty()) into.push_back(text);
    else if (value.is_number()) into.push_back(to_text(value));
    return;
  }
  const std::size_t slash = path.find('/');
  const std::string_view head = path.substr(0, slash);
  const std::string_view rest = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  if (head != "*") return collect(member(value, head), rest, into);
  if (value.is_array() || value.is_object())
    for (const Json& item : value) collect(item, rest, into);
}

Result<All> find_logged_models_if_any(const Question& question) {
  std::vector<std::string> ids;
  collect(question.arguments.fields(), question.concern.field, ids);
  return find_owned(question, owned_models, ids);
}

Concerned model_named(std::string_view name) {
  return {.subject = fmt::format("model/{}", name),
          .action = {},
          .missing = not_there(fmt::format("Registered Model with name={} not found", name))};
}

Result<All> find_model(const Question& question) {
  CICLO_TRY(const auto name, question.arguments.required_text(question.concern.field));
  return All{model_named(name)};
}

Result<All> find_model_by_query(const Question& question) {
  const auto name = question.request.query.find(question.concern.field);
  if (!name) return fail(ErrorCode::invalid, "Missing value for required parameter 'name'", "name");
  return All{model_named(*name)};
}

Result<All> find_typed_resource(const Question& question) {
  CICLO_TRY(const auto type, question.arguments.required_text("resource_type"));
  CICLO_TRY(const auto id, question.arguments.required_text(question.concern.field));
  if (type == "experiment") return experiment_of(id);
  if (type == "registered_model" || type == "prompt") return All{model_named(id)};
  return fail(ErrorCode::invalid, fmt::format("Invalid resource type '{}'", type.substr(0, 40)), "resource_type",
              "the types are experiment, registered_model and prompt");
}

Result<All> find_artifact_at(const Question& question, const std::string& path) {
  Concerned found{.subject = {}, .action = {}, .missing = not_there(fmt::format("there is nothing at '{}'", path))};
  if (path.starts_with('@')) {
    const auto parts = split(path, '/');
    if (parts.size() >= 3 && parts[0] == "@models") found.subject = "model/" + parts[1];
    return All{std::move(found)};
  }
  CICLO_TRY(const auto key, artifact_key(question.workspace, "mlflow-artifacts:/", path));
  CICLO_TRY(const auto owner, artifact_owner(question.session, question.workspace, key));
  if (owner) found.subject = experiment_subject(*owner);
  return All{std::move(found)};
}

Result<All> find_artifact(const Question& question) {
  return find_artifact_at(question, question.request.parameter(question.concern.field));
}

Result<All> find_artifact_by_query(const Question& question) {
  return find_artifact_at(question, std::string(question.request.query.find(question.concern.field).value_or("")));
}

Result<All> find_nothing(const Question& /*question*/) {
  return All{};
}

}  // namespace

std::string experiment_subject(std::int64_t id) {
  return fmt::format("experiment/{}", id);
}

Error not_there(std::string message) {
  return {.code = ErrorCode::not_found, .message = std::move(message), .target = {}, .hint = {}, .details = {}};
}

Concerned experiment_named(std::int64_t id) {
  return {.subject = experiment_subject(id),
          .action = {},
          .missing = not_there(fmt::format("No Experiment with id={} exists", id))};
}

MlflowConcerns::MlflowConcerns(sql::Database& database)
    : database_(database),
      finders_{{"experiment", find_experiment},
               {"experiment or default", find_experiment_or_default},
               {"experiment by name", find_experiment_by_name},
               {"experiments", find_experiments},
               {"run", find_run},
               {"run if any", find_run_if_any},
               {"runs", find_runs},
               {"run by path", find_run_by_path},
               {"run by query", find_run_by_query},
               {"logged model", find_logged_model},
               {"logged models if any", find_logged_models_if_any},
               {"model", find_model},
               {"model by query", find_model_by_query},
               {"typed resource", find_typed_resource},
               {"artifact", find_artifact},
               {"artifact by query", find_artifact_by_query},
               {"search of experiments", find_nothing},
               {"search of models", find_nothing},
               {"nothing", find_nothing}} {}

Result<All> MlflowConcerns::find(const http::Route& route, const http::Request& request, const std::string& workspace) {
  // What is no JSON has no fields; a handler that needs them refuses it.
  auto parsed = Arguments::of(request);
  const Arguments arguments = parsed ? *std::move(parsed) : Arguments(Json::object());
  return database_.read([&](sql::Session& session) -> Result<All> {
    All all;
    for (const http::Concern& concern : route.concerns) {
      const auto finder = finders_.find(concern.what);
      if (finder == finders_.end())
        return fail(ErrorCode::internal, fmt::format("nobody knows how to find a {}", concern.what), concern.what);
      CICLO_TRY(All found, finder->second({session, workspace, request, arguments, concern}));
      for (Concerned& each : found) {
        each.action = concern.action.empty() ? route.action : concern.action;
        all.push_back(std::move(each));
      }
    }
    return all;
  });
}

}  // namespace ciclo::tracking
