// The registry over real resources and MLflow's API without a socket: what the tests of this folder stand on.
#pragma once

#include <gtest/gtest.h>

#include "administration/kinds.hpp"
#include "data_estate/locations.hpp"
#include "inner_loop/tracking/run_artifacts.hpp"
#include "inner_loop/tracking/testing.hpp"
#include "platform/events/event_log.hpp"
#include "registry/handlers.hpp"
#include "registry/inspector.hpp"
#include "registry/kinds.hpp"
#include "registry/model_index.hpp"
#include "registry/promotion.hpp"
#include "resources/service.hpp"
#include "resources/store.hpp"

namespace ciclo::registry::testing {

using resources::Resource;
using tracking::testing::Answer;

inline constexpr std::string_view mlmodel = R"(artifact_path: model
flavors:
  onnx:
    data: model.onnx
  python_function:
    loader_module: mlflow.onnx
mlflow_version: 2.20.0
model_uuid: 0123
signature:
  inputs: '[{"name": "wind", "type": "double"}]'
  outputs: '[{"type": "string"}]'
  params: null
)";

class AllowAll final : public resources::AccessPolicy {
 public:
  resources::Decision decide(const resources::Caller&, std::string_view, const resources::Place&) const override {
    return {.allowed = true, .rule = "test"};
  }
};

class CountingAudit final : public resources::AuditSink {
 public:
  Result<void> record(sql::Session&, const resources::AuditEntry& entry) override {
    operations.push_back(entry.operation);
    return {};
  }
  std::vector<std::string> operations;
};

class Registry : public ::testing::TestWithParam<sql::Dialect> {
 protected:
  void SetUp() override {
    const std::string url = tracking::testing::new_database(GetParam(), folder_);
    if (url.empty()) GTEST_SKIP() << "PostgreSQL is not installed";
    auto opened = sql::Database::open(url);
    ASSERT_TRUE(opened) << opened.error().text();
    database_ = std::move(*opened);
    std::vector<sql::Migration> steps;
    for (const auto& module : {events::migrations(), resources::migrations(), tracking::migrations(), migrations()})
      steps.insert(steps.end(), module.begin(), module.end());
    ASSERT_TRUE(database_->migrate(steps));
    auto blobs = blobs::open_folder_store(folder_.path() / "blobs");
    ASSERT_TRUE(blobs);
    blobs_ = std::move(*blobs);
    build();
    for (const char* workspace : {"default", "prod"}) {
      const auto made =
          service_->create(resources::Caller::system(),
                           {.workspace = {}, .kind = "workspace", .parent = {}, .document = {{"name", workspace}}});
      ASSERT_TRUE(made) << made.error().text();
    }
  }

  void build() {
    events_ = std::make_unique<events::EventLog>(*database_, clock_);
    service_ = std::make_unique<resources::ResourceService>(
        resources::ResourceService::Parts{*database_, *events_, kinds_, store_, access_, audit_, clock_});
    locations_ = std::make_unique<data_estate::Locations>(*service_, run_artifacts_);
    inspector_ = std::make_unique<ModelInspector>(*locations_, *blobs_);
    ASSERT_TRUE(kinds_.add(administration::workspace_kind({})));
    ASSERT_TRUE(kinds_.add(model_kind(inspector_.get())));
    tracking_ = std::make_unique<tracking::Tracking>(*database_, clock_);
    registry_ = std::make_unique<RegistryService>(*service_);
    locator_ = std::make_unique<RegistryLocator>(*service_, *blobs_);
    artifacts_ = std::make_unique<ModelArtifacts>(*locator_);
    ASSERT_TRUE(tracking::add_tracking_routes(router_, *tracking_, {*blobs_, artifacts_.get()}));
    ASSERT_TRUE(add_registry_routes(router_, *registry_, *locator_, *blobs_));
  }

  Answer post(const std::string& path, const Json& body) const { return wire_.post("/api/2.0/mlflow/" + path, body); }
  Answer get(const std::string& path) const { return wire_.get("/api/2.0/mlflow/" + path); }
  Answer send(http::Method method, const std::string& path, const Json& body) const {
    return wire_.send(method, "/api/2.0/mlflow/" + path, to_text(body));
  }

  // A run with a metric and a logged model folder.
  std::string run_with_model() const {
    const auto made = post("runs/create", {{"experiment_id", "0"}});
    const std::string id = made.body["run"]["info"]["run_id"];
    post("runs/log-metric", {{"run_id", id}, {"key", "accuracy"}, {"value", 0.8}, {"timestamp", 1}});
    const std::string root = "default/mlflow/0/" + id + "/artifacts/model";
    EXPECT_TRUE(blobs_->put(root + "/MLmodel", mlmodel));
    EXPECT_TRUE(blobs_->put(root + "/model.onnx", "bytes"));
    return id;
  }
  Answer register_run(const std::string& run_id, const Json& tags = Json::array()) const {
    post("registered-models/create", {{"name", "weather"}});
    return post("model-versions/create",
                {{"name", "weather"}, {"source", "runs:/" + run_id + "/model"}, {"run_id", run_id}, {"tags", tags}});
  }
  Result<Resource> create(const Json& document) {
    return service_->create({.principal = "ana", .only_workspace = {}, .token_id = {}, .request_id = {}},
                            {.workspace = "default", .kind = "model", .parent = {}, .document = document});
  }
  Resource version(const std::string& workspace, const std::string& number) {
    const auto found = registry_->get_version({workspace, "weather"}, number);
    EXPECT_TRUE(found) << found.error().text();
    return found.value_or(Resource{});
  }

  tracking::testing::TemporaryFolder folder_;
  FakeClock clock_;
  AllowAll access_;
  CountingAudit audit_;
  resources::KindTable kinds_;
  ModelIndex index_;
  resources::ResourceStore store_{clock_, &index_};
  tracking::RunArtifactFolders run_artifacts_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<blobs::BlobStore> blobs_;
  std::unique_ptr<events::EventLog> events_;
  std::unique_ptr<resources::ResourceService> service_;
  std::unique_ptr<data_estate::Locations> locations_;
  std::unique_ptr<ModelInspector> inspector_;
  std::unique_ptr<tracking::Tracking> tracking_;
  std::unique_ptr<RegistryService> registry_;
  std::unique_ptr<RegistryLocator> locator_;
  std::unique_ptr<ModelArtifacts> artifacts_;
  http::Router router_;
  tracking::testing::Wire wire_{router_};
};

inline std::string engine_name(const ::testing::TestParamInfo<sql::Dialect>& engine) {
  return engine.param == sql::Dialect::sqlite ? "SQLite" : "PostgreSQL";
}

}  // namespace ciclo::registry::testing
