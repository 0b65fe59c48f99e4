#include "server/mlflow_parts.hpp"

#include "inner_loop/evaluation/handlers.hpp"
#include "inner_loop/traces/handlers.hpp"
#include "inner_loop/tracking/import_handlers.hpp"

namespace ciclo::server {

MlflowParts::MlflowParts(Base base)
    : blobs_(base.blobs),
      scorers_({base.database, base.clock, base.experiments}),
      datasets_({base.database, base.clock, base.experiments}),
      traces_(base.database, base.clock, base.experiments),
      tracking_imports_(base.database, base.experiments),
      model_imports_(base.registry, base.resources),
      trace_imports_(base.database, base.experiments),
      evaluation_imports_({base.database, base.clock, base.experiments}) {}

Result<void> MlflowParts::add_routes(http::Router& router) {
  CICLO_CHECK(traces::add_trace_routes(router, traces_, blobs_));
  CICLO_CHECK(evaluation::add_scorer_routes(router, scorers_));
  CICLO_CHECK(evaluation::add_dataset_routes(router, datasets_));
  CICLO_CHECK(tracking::add_import_routes(router, tracking_imports_, blobs_));
  CICLO_CHECK(registry::add_import_routes(router, model_imports_));
  CICLO_CHECK(traces::add_import_routes(router, trace_imports_));
  return evaluation::add_import_routes(router, evaluation_imports_);
}

}  // namespace ciclo::server
