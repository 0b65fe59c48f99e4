#include "inner_loop/permissions/subjects.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "inner_loop/tracking/concern_finder.hpp"
#include "inner_loop/tracking/experiment_store.hpp"

namespace ciclo::inner_loop {
namespace {

Result<std::string> find_experiment(sql::Session& session, const std::string& workspace, const std::string& name) {
  const tracking::ExperimentStore experiments;
  const auto id = parse_int(name);
  CICLO_TRY(const auto found,
            id ? experiments.find(session, workspace, *id) : experiments.find_by_name(session, workspace, name));
  if (found) return tracking::experiment_subject(found->id);
  if ((id && *id == 0) || name == "Default") return tracking::experiment_subject(0);  // made when it is first asked for
  CICLO_TRY(const auto rows, session.query("SELECT name FROM experiments WHERE workspace = ? LIMIT 500", {workspace}));
  std::vector<std::string> names;
  for (const sql::Row& row : rows) names.push_back(row.text(0));
  const auto near = nearest(name, names);
  return fail(ErrorCode::not_found, fmt::format("there is no experiment '{}' in workspace '{}'", name, workspace),
              "/resource",
              near ? fmt::format("did you mean 'experiment/{}'?", *near) : "name it by its id or its name");
}

Result<std::string> find_model(sql::Session& session, const resources::ResourceStore& store,
                               const std::string& workspace, const std::string& subject) {
  const std::string named = subject.substr(subject.find('/') + 1);
  const std::string name = named.substr(0, named.find(':'));
  CICLO_TRY(const auto found,
            store.find_container(session,
                                 {.workspace = workspace, .kind = "model", .parent = {}, .name = name, .version = {}}));
  if (found) return subject;
  CICLO_TRY(const auto all, store.list_containers(session, {.workspace = workspace, .kind = "model", .limit = 500}));
  std::vector<std::string> names;
  for (const resources::Container& each : all.items) names.push_back(each.name);
  const auto near = nearest(name, names);
  return fail(ErrorCode::not_found, fmt::format("there is no model '{}' in workspace '{}'", name, workspace),
              "/resource", near ? fmt::format("did you mean 'model/{}'?", *near) : "all of them: ciclo model list");
}

}  // namespace

Result<std::string> find_subject(sql::Session& session, const resources::ResourceStore& store,
                                 const std::string& workspace, const std::string& subject) {
  constexpr std::string_view experiment = "experiment/";
  if (subject.starts_with(experiment)) return find_experiment(session, workspace, subject.substr(experiment.size()));
  if (subject.starts_with("model/")) return find_model(session, store, workspace, subject);
  return subject;
}

}  // namespace ciclo::inner_loop
