// What an endpoint of MLflow concerns, declared beside it as data, so that callers with roles on single experiments or
// registered models can use it:
//
//   routes.add({.method = http::Method::get, .path = "runs/get", .action = "workspace/read", …,
//               .concerns = {concerns::run()}});
//
// Whoever may do the action in the whole workspace never gets here. For others every concern must be found and allowed:
// what they may not see is answered as if it did not exist (not_found), what they may see but not change is denied.
// Runs, logged models, traces and artifacts belong to their experiment; versions and aliases to their model.
//
//   declares nothing          needs the right in the whole workspace
//   experiment(), run(), …    is judged before the handler; the handler need do nothing
//   search…()                 lets them in; the handler puts reachable() or resources::reach_of() into its query
//   nothing()                 lets them in; the handler shows nothing of the workspace
//
// Something new that belongs to an experiment (a trace): declare Concern{"trace", "trace_id"}, and teach
// MlflowConcerns::add() to find it (concern_finder.hpp).
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "platform/http/router.hpp"

namespace ciclo::tracking::concerns {

using http::Concern;

// By fields of the arguments (body, and the query of GET and DELETE).
Concern experiment(std::string field = "experiment_id");
Concern experiment_or_default();  // "experiment_id", where a missing one means "0"
Concern experiment_by_name(std::string field = "experiment_name");
Concern experiments(std::string field = "experiment_ids");  // each of a list
Concern run();                                              // "run_id", or its old name "run_uuid"
Concern run_if_any(std::string field);
Concern runs(std::string field);  // each of a list
// Logged models, each that is named: "model_id", "metrics/*/model_id".
Concern logged_models_if_any(std::string field, std::string action = {});
Concern model(std::string field = "name");  // a registered one

// By a parameter of the path: "logged-models/{model_id}".
Concern logged_model(std::string parameter = "model_id");
Concern run_by_path();  // "runs/{run_id}/artifacts"

// By the query alone, whatever the method.
Concern run_by_query();
Concern model_by_query();
// "3/<run>/artifacts/…", "@models/<name>/<version>/…": by the parameter {path*}, or by "path" of the query.
Concern artifact();
Concern artifact_by_query();

// "resource_type" (experiment, registered_model, prompt) and "resource_id" of the arguments.
Concern typed_resource();

Concern search_experiments();
Concern search_models();
Concern nothing();

// The kinds of single resources of which a role on one lets a caller in.
std::vector<std::string> kinds_of(const std::vector<Concern>& concerns);

}  // namespace ciclo::tracking::concerns
