// What MLflow's API has beside tracking and registry: traces, scorers, evaluation data sets; and the import of whole
// MLflow stores.
//
// Thread safety: that of its services.
#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "inner_loop/evaluation/import_service.hpp"
#include "inner_loop/evaluation/service.hpp"
#include "inner_loop/traces/import.hpp"
#include "inner_loop/traces/service.hpp"
#include "inner_loop/tracking/import_service.hpp"
#include "platform/blobs/blob_store.hpp"
#include "platform/http/router.hpp"
#include "registry/import_service.hpp"

namespace ciclo::server {

class MlflowParts {
 public:
  // All must outlive it.
  struct Base {
    sql::Database& database;
    const Clock& clock;
    blobs::BlobStore& blobs;
    tracking::ExperimentService& experiments;
    registry::RegistryService& registry;
    resources::ResourceService& resources;
  };
  explicit MlflowParts(Base base);

  // To be called before tracking's routes, whose fallback answers what MLflow has and Ciclo does not.
  Result<void> add_routes(http::Router& router);

 private:
  blobs::BlobStore& blobs_;
  evaluation::ScorerService scorers_;
  evaluation::DatasetService datasets_;
  traces::TraceService traces_;
  tracking::ImportService tracking_imports_;
  registry::ModelImport model_imports_;
  traces::TraceImport trace_imports_;
  evaluation::EvaluationImport evaluation_imports_;
};

}  // namespace ciclo::server
