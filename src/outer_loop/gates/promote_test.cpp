#include "outer_loop/gates/promote.hpp"

#include <gtest/gtest.h>

#include "outer_loop/gates/controller.hpp"
#include "outer_loop/gates/kinds.hpp"
#include "outer_loop/triggers/testing/world.hpp"
#include "registry/kinds.hpp"

namespace ciclo::outer_loop {
namespace {

using resources::Resource;
using testing::must;
using testing::World;

class NoRuns final : public data_estate::RunArtifacts {
 public:
  Result<std::string> artifact_folder(sql::Session&, const std::string&, const std::string& run) override {
    return fail(ErrorCode::not_found, "there is no run " + run);
  }
  Result<std::string> logged_model_folder(sql::Session&, const std::string&, const std::string& model) override {
    return fail(ErrorCode::not_found, "there is no logged model " + model);
  }
};

class FakeLatency final : public LatencyProbe {
 public:
  double p95_ms = 1;
  Result<LatencyEvidence> measure(const LatencyRequest& request) override {
    return LatencyEvidence{.p50_ms = p95_ms / 2, .p95_ms = p95_ms, .requests = request.requests};
  }
};

class PromotionTest : public ::testing::Test {
 protected:
  PromotionTest() { controller.emplace(GateController::Parts{parts, latency, *blobs, *world.logger}); }

  // Plays the inspector of the registry: where the bytes lie, and the numbers in the tags.
  static resources::Kind simple_model_kind() {
    resources::Kind kind = registry::model_kind(nullptr);
    kind.check = [](const resources::CheckContext&, resources::Draft& draft) -> Result<void> {
      Resource& model = draft.resource;
      const std::string path = text_or(model.spec, "path");
      const std::string rest = path.substr(path.find("/paths/") + 7);
      CICLO_TRY(const auto key, data_estate::datastore_key(model.key.workspace, "workspaceblobstore", rest));
      model.spec["type"] = "mlflow_model";
      model.status["location"] = {{"key", key}, {"is_file", false}};
      for (const auto& [name, value] : model.tags.items())
        if (name == "accuracy") model.status["metrics"][name] = std::stod(value.get<std::string>());
      return {};
    };
    return kind;
  }
  void put_model(const std::string& accuracy) {
    const std::string folder = "m" + accuracy;
    must(blobs->put("dev/datastores/workspaceblobstore/" + folder + "/MLmodel", "flavors: {onnx: {}}"));
    must(blobs->put("dev/datastores/workspaceblobstore/" + folder + "/model.onnx", "bytes " + accuracy));
    world.create("model", "dev",
                 {{"name", "weather"},
                  {"path", "azureml://datastores/workspaceblobstore/paths/" + folder},
                  {"tags", {{"accuracy", accuracy}}}});
  }
  std::string ask(Json more = Json::object()) {
    Json document = {
        {"subject", "azureml://registries/dev/models/weather/labels/latest"},
        {"gate",
         {{"checks", Json::array({{{"type", "metric"}, {"name", "accuracy"}, {"minimum", 0.6}, {"compare", "champion"}},
                                  {{"type", "latency"}, {"p95_ms", 50}}})}}}};
    document.update(more);
    resources::Caller admin;
    admin.principal = "admin";
    const Resource approval = must(world.service->create(
        admin,
        {.workspace = "prod", .kind = "approval", .parent = {}, .document = document, .owner = {}, .links = {}}));
    drive(approval.key.name);
    return approval.key.name;
  }
  void drive(const std::string& name) {
    for (int i = 0; i < 10; ++i) {
      const auto next = must(controller->reconcile(approval_key("prod", name)));
      if (!next || next->count() > 0) return;
    }
  }
  Result<Resource> vote(const std::string& name, const std::string& principal, bool approves) {
    resources::Caller caller;
    caller.principal = principal;
    auto voted = world.database->write([&](sql::Session& session) {
      return vote_in(session, parts, {approval_key("prod", name), caller, approves, "because"});
    });
    drive(name);
    return voted;
  }
  Resource approval(const std::string& name) { return world.find(approval_key("prod", name)).value(); }
  std::string state_of(const std::string& name) { return text_or(approval(name).status, "state"); }
  std::size_t copies() { return must(blobs->walk("prod")).size(); }
  std::string champion() {
    return must(world.database->read([&](sql::Session& session) {
      return world.store.version_of_label(
          session, {.workspace = "prod", .kind = "model", .parent = {}, .name = "weather", .version = {}}, "champion");
    }));
  }

  World world{{simple_model_kind(), approval_kind()}, {}};
  std::unique_ptr<blobs::BlobStore> blobs = must(blobs::open_folder_store(world.folder / "blobs"));
  registry::RegistryLocator locator{*world.service, *blobs};
  registry::Promoter promoter{*world.service, *blobs};
  PromotionParts parts{*world.service, promoter, locator};
  FakeLatency latency;
  std::optional<GateController> controller;
};

TEST_F(PromotionTest, ASecondPersonBringsTheModelOver) {
  put_model("0.84");
  const std::string name = ask();
  ASSERT_EQ(state_of(name), "pending");
  for (const char* principal : {"admin", "maria"}) {
    const auto refused = vote(name, principal, true);
    ASSERT_FALSE(refused) << principal;
    EXPECT_EQ(refused.error().code, ErrorCode::denied);
  }
  EXPECT_TRUE(world.all("model", "prod").empty());
  must(vote(name, "ana", true));
  EXPECT_EQ(text_or(approval(name).status, "promoted"), "azureml:weather:1");
  EXPECT_EQ(champion(), "1");
  const auto models = world.all("model", "prod");
  ASSERT_EQ(models.size(), 1U);
  EXPECT_EQ(text_or(models[0].status, "promoted_from"), "/workspaces/dev/model/weather:1");
  EXPECT_EQ(models[0].created_by, "ana");
  EXPECT_EQ(copies(), 2U);  // MLmodel and model.onnx
  for (const char* type : {"ciclo.approval.pending", "ciclo.approval.approved", "ciclo.model.promoted"})
    EXPECT_EQ(world.events_of(type).size(), 1U) << type;
  // Twice is once.
  EXPECT_FALSE(vote(name, "rui", true));
  EXPECT_EQ(world.all("model", "prod").size(), 1U);
}

TEST_F(PromotionTest, ChecksThatFailAskNobody) {
  put_model("0.5");
  const std::string name = ask();
  EXPECT_EQ(state_of(name), "failed");
  EXPECT_EQ(text_or(approval(name).status["checks"][0], "status"), "fail");
  EXPECT_EQ(text_or(approval(name).status["checks"][1], "status"), "pass");
  EXPECT_FALSE(vote(name, "ana", true));
  EXPECT_EQ(copies(), 0U);
}

TEST_F(PromotionTest, TheChampionIsTheBar) {
  put_model("0.84");
  must(vote(ask(), "ana", true));
  put_model("0.8");
  EXPECT_EQ(state_of(ask()), "failed");
  put_model("0.85");
  must(vote(ask(), "ana", true));
  EXPECT_EQ(champion(), "2");
}

TEST_F(PromotionTest, ARejectionKeepsItsReasonAndNoBytes) {
  put_model("0.84");
  const std::string name = ask();
  EXPECT_EQ(copies(), 2U);
  must(vote(name, "ana", false));
  EXPECT_EQ(state_of(name), "rejected");
  EXPECT_EQ(text_or(approval(name).status, "comment"), "because");
  EXPECT_EQ(text_or(approval(name).status, "decided_by"), "ana");
  EXPECT_EQ(copies(), 0U);
}

TEST_F(PromotionTest, LapsesWhenItsTimeIsOver) {
  put_model("0.84");
  const std::string name = ask({{"expires", "PT1H"}});
  world.clock.advance(std::chrono::minutes(61));
  EXPECT_FALSE(vote(name, "ana", true));
  EXPECT_EQ(state_of(name), "expired");
  EXPECT_EQ(copies(), 0U);
}

TEST_F(PromotionTest, SeveralPeopleOrNobody) {
  put_model("0.84");
  const std::string two = ask({{"approvers_required", 2}});
  must(vote(two, "ana", true));
  EXPECT_EQ(state_of(two), "pending");
  EXPECT_FALSE(vote(two, "ana", true));
  must(vote(two, "rui", true));
  EXPECT_EQ(state_of(two), "approved");
  put_model("0.85");
  EXPECT_EQ(state_of(ask({{"approvers_required", 0}})), "approved");
  EXPECT_EQ(champion(), "2");
}

TEST_F(PromotionTest, NeedsARightInTheTarget) {
  put_model("0.84");
  const std::string name = ask();
  world.access.denied = {"ana automation/write"};
  EXPECT_EQ(vote(name, "ana", true).error().code, ErrorCode::denied);
  world.access.denied = {"ana workspace/write"};  // may decide, but not make the version: all of it is undone
  EXPECT_FALSE(vote(name, "ana", true));
  EXPECT_EQ(state_of(name), "pending");
  EXPECT_TRUE(world.events_of("ciclo.approval.approved").empty());
}

TEST_F(PromotionTest, RefusesWhatMakesNoSense) {
  put_model("0.84");
  const auto code = [&](const std::string& workspace, Json document) {
    const auto made = world.service->create(world.maria(), {.workspace = workspace,
                                                            .kind = "approval",
                                                            .parent = {},
                                                            .document = std::move(document),
                                                            .owner = {},
                                                            .links = {}});
    return made ? "" : std::string(name_of(made.error().code)) + " " + made.error().target;
  };
  EXPECT_EQ(code("dev", {{"subject", "azureml:weather:1"}}), "invalid /subject");
  EXPECT_EQ(code("prod", {{"subject", "azureml:weather:1"}}), "not_found /subject");
  const Json subject = {{"workspace", "dev"}, {"name", "weather"}};
  EXPECT_EQ(code("prod", {{"subject", subject}}), "");
  EXPECT_EQ(code("prod", {{"subject", subject}, {"expires", "soon"}}), "invalid /expires");
  EXPECT_EQ(code("prod", {{"subject", subject}, {"gate", {{"checks", Json::array({{{"type", "metric"}}})}}}}),
            "invalid /gate/checks/0");
}

}  // namespace
}  // namespace ciclo::outer_loop
