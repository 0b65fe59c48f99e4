// The client against a server that answers as MLflow does.
#include "learning/mlflow_client.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "base/ids.hpp"
#include "learning/steps.hpp"
#include "platform/http/server.hpp"

namespace ciclo::learning {
namespace {

namespace fs = std::filesystem;

class MlflowClientTest : public testing::Test {
 protected:
  struct Seen {
    std::string route;
    std::string body;
    std::string authorization;
  };

  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("ciclo-mlflow-" + random_hex(8));
    fs::create_directories(folder_);
  }
  void TearDown() override {
    if (server_) server_->stop(std::chrono::milliseconds(100));
    fs::remove_all(folder_);
  }

  void answer(http::Method method, const std::string& path, std::function<http::Response(const http::Request&)> make) {
    http::Route route;
    route.method = method;
    route.pattern = "/workspaces/dev" + path;
    route.access = http::Access::open;
    route.handler = [this, path, make = std::move(make)](http::Request& request) -> Result<http::Response> {
      const std::lock_guard lock(mutex_);
      const auto authorization = request.headers.find("authorization");
      seen_.push_back({path, request.body, std::string(authorization.value_or(""))});
      return make(request);
    };
    ASSERT_TRUE(router_.add(std::move(route)));
  }
  void answer(http::Method method, const std::string& path, Json body, int status = 200) {
    answer(method, path, [=](const http::Request&) { return http::Response::json(body, status); });
  }
  MlflowClient start(const std::string& run = "r1") {
    server_ = std::make_unique<http::Server>(router_, nullptr, http::ServerSettings{});
    EXPECT_TRUE(server_->start());
    const std::string url = "http://127.0.0.1:" + std::to_string(server_->port()) + "/workspaces/dev/";
    return MlflowClient({url, "secret", run}, clock_);
  }
  std::size_t count(const std::string& route) {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count(seen_, route, &Seen::route));
  }

  FakeClock clock_;
  fs::path folder_;
  http::Router router_;
  std::unique_ptr<http::Server> server_;
  std::mutex mutex_;
  std::vector<Seen> seen_;
};

TEST_F(MlflowClientTest, LogsInBatchesOfAThousand) {
  answer(http::Method::post, "/api/2.0/mlflow/runs/log-batch", Json::object());
  MlflowClient client = start();
  MlflowRunLog log(client, clock_);
  ASSERT_TRUE(log.series("train_loss", std::vector<double>(2500, 0.5)));
  ASSERT_TRUE(log.metrics({{"x", NAN}, {"y", INFINITY}}, 3));
  ASSERT_EQ(seen_.size(), 4U);
  EXPECT_EQ(seen_[0].authorization, "Bearer secret");
  const Json first = *parse_json(seen_[0].body);
  EXPECT_EQ(first["run_id"], "r1");
  EXPECT_EQ(first["metrics"].size(), 1000U);
  EXPECT_EQ(first["metrics"][0]["step"], 1);
  EXPECT_EQ(first["metrics"][0]["timestamp"], to_unix_ms(clock_.now()));
  EXPECT_EQ((*parse_json(seen_[2].body))["metrics"].size(), 500U);
  const Json odd = *parse_json(seen_[3].body);
  EXPECT_EQ(odd["metrics"][0]["value"], "NaN");
  EXPECT_EQ(odd["metrics"][1]["value"], "Infinity");
}

TEST_F(MlflowClientTest, TriesAgainWhenTheServerIsBusy) {
  int calls = 0;
  answer(http::Method::post, "/api/2.0/mlflow/runs/log-batch",
         [&](const http::Request&) { return http::Response::json(Json::object(), ++calls == 1 ? 503 : 200); });
  MlflowClient client = start();
  EXPECT_TRUE(MlflowRunLog(client, clock_).tags({{"a", "b"}}));
  EXPECT_EQ(calls, 2);
}

TEST_F(MlflowClientTest, ErrorsKeepMlflowsWords) {
  answer(http::Method::post, "/api/2.0/mlflow/runs/log-batch",
         {{"error_code", "INVALID_PARAMETER_VALUE"}, {"message", "Changing param values is not allowed"}}, 400);
  MlflowClient client = start();
  const auto done = MlflowRunLog(client, clock_).parameters({{"a", "b"}});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::invalid);
  EXPECT_EQ(done.error().message, "Changing param values is not allowed");
  EXPECT_EQ(done.error().text().find("secret"), std::string::npos);
}

TEST_F(MlflowClientTest, AMissingAliasIsNoChampion) {
  answer(http::Method::get, "/api/2.0/mlflow/registered-models/alias",
         {{"error_code", "INVALID_PARAMETER_VALUE"}, {"message", "Registered model alias champion not found."}}, 400);
  MlflowClient client = start();
  const auto version = client.version_by_alias("m", "champion");
  ASSERT_TRUE(version) << version.error().text();
  EXPECT_FALSE(*version);
}

// A version made from runs:/… lies among the run's artifacts; one from elsewhere comes through get-artifact.
TEST_F(MlflowClientTest, FetchesAVersionsFiles) {
  answer(http::Method::get, "/api/2.0/mlflow/model-versions/get-download-uri", [](const http::Request& request) {
    const bool first = request.query.find("version") == "1";
    return http::Response::json({{"artifact_uri", first ? "runs:/r9/model" : "azureml://jobs/j/outputs/model"}});
  });
  answer(http::Method::get, "/api/2.0/mlflow/runs/get", [](const http::Request& request) {
    const std::string run(request.query.find("run_id").value_or(""));
    return http::Response::json({{"run", {{"info", {{"artifact_uri", "mlflow-artifacts:/3/" + run + "/artifacts"}}}}}});
  });
  answer(http::Method::get, "/api/2.0/mlflow-artifacts/artifacts/{path*}",
         [](const http::Request& request) { return http::Response::text(request.parameter("path")); });
  answer(http::Method::get, "/model-versions/get-artifact", [](const http::Request& request) {
    return http::Response::text("through " + std::string(request.query.find("path").value_or("")));
  });
  MlflowClient client = start();
  const auto fetched = [&](const std::string& version) {
    const auto done = client.download({"m", version, "", "", Json::object()}, "MLmodel", folder_ / "file");
    EXPECT_TRUE(done) << done.error().text();
    std::ifstream in(folder_ / "file");
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  EXPECT_EQ(fetched("1"), "3/r9/artifacts/model/MLmodel");
  EXPECT_EQ(fetched("2"), "through MLmodel");
}

// The register step: the folder goes up as artifacts of the run, then the version points at them.
TEST_F(MlflowClientTest, RegistersAModelFolder) {
  answer(http::Method::get, "/api/2.0/mlflow/runs/get",
         {{"run", {{"info", {{"run_id", "r1"}, {"artifact_uri", "mlflow-artifacts:/3/r1/artifacts"}}}}}});
  answer(http::Method::put, "/api/2.0/mlflow-artifacts/artifacts/{path*}", Json::object());
  answer(http::Method::post, "/api/2.0/mlflow/registered-models/create",
         {{"error_code", "RESOURCE_ALREADY_EXISTS"}, {"message", "exists"}}, 400);
  answer(http::Method::post, "/api/2.0/mlflow/model-versions/create",
         {{"model_version", {{"name", "m"}, {"version", "7"}}}});
  answer(http::Method::post, "/api/2.0/mlflow/runs/log-batch", Json::object());
  fs::create_directories(folder_ / "model");
  std::ofstream(folder_ / "model/MLmodel") << "flavors:\n  onnx:\n    data: model.onnx\nrun_id: t1\nmodel_uuid: u1\n";
  std::ofstream(folder_ / "model/model.onnx") << "bytes";
  fs::create_directories(folder_ / "evaluation");
  std::ofstream(folder_ / "evaluation/deploy_flag") << "1\n";
  std::ofstream(folder_ / "evaluation/metrics.json") << "{\"accuracy\":0.75,\"reason\":\"text\"}";

  MlflowClient client = start();
  MlflowRunLog log(client, clock_);
  StepContext context{log, clock_, [](const std::string&) {}, &client, "r1"};
  RegisterSettings settings;
  settings.model = folder_ / "model";
  settings.name = "m";
  settings.evaluation = folder_ / "evaluation";
  settings.info_file = folder_ / "model_info.json";
  const auto done = register_model(settings, context);
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(count("/api/2.0/mlflow-artifacts/artifacts/{path*}"), 2U);
  const auto created = std::ranges::find(seen_, "/api/2.0/mlflow/model-versions/create", &Seen::route);
  ASSERT_NE(created, seen_.end());
  const Json body = *parse_json(created->body);
  EXPECT_EQ(body["source"], "runs:/r1/model");
  EXPECT_EQ(body["tags"], Json::parse(R"([{"key":"accuracy","value":"0.75"},{"key":"model_uuid","value":"u1"},
                                          {"key":"training_run_id","value":"t1"}])"));
  std::ifstream info(settings.info_file);
  EXPECT_EQ((*parse_json(std::string(std::istreambuf_iterator<char>(info), {})))["id"], "m:7");
}

}  // namespace
}  // namespace ciclo::learning
