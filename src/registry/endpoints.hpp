// The table of MLflow's registry endpoints: one line each, in the file whose functions serve them.
//
// Thread safety: plain values.
#pragma once

#include <string_view>
#include <vector>

#include "inner_loop/tracking/mlflow_routes.hpp"
#include "registry/service.hpp"

namespace ciclo::registry {

struct Endpoint {
  http::Method method = http::Method::get;
  std::string_view path;    // below …/api/2.0/mlflow/
  std::string_view action;  // "workspace/read"
  Result<Json> (*act)(RegistryService&, const tracking::Call&) = nullptr;
  // The model that `name` means, unless said otherwise.
  std::vector<http::Concern> concerns = {tracking::concerns::model()};
};
std::vector<Endpoint> registered_model_endpoints();
std::vector<Endpoint> model_version_endpoints();

// The model that a request's `name` means.
Result<ModelName> name_of(const tracking::Call& call);

}  // namespace ciclo::registry
