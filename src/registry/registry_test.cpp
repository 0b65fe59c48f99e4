// The registry over real resources: MLflow's API, ciclo's own create, location and promotion.
#include "registry/testing.hpp"

namespace ciclo::registry {
namespace {

using resources::Resource;
using testing::mlmodel;
using testing::Registry;

TEST_P(Registry, AVersionKnowsWhatItIsAndWhoMadeIt) {
  const auto run_id = run_with_model();
  const auto made = register_run(run_id, {{{"key", "f1"}, {"value", "0.75"}}, {{"key", "team"}, {"value", "a"}}});
  ASSERT_EQ(made.status, 200) << made.text;
  EXPECT_EQ(made.body["model_version"]["version"], "1");
  EXPECT_EQ(made.body["model_version"]["status"], "READY");
  const Resource stored = version("default", "1");
  EXPECT_EQ(stored.spec["type"], "mlflow_model");
  EXPECT_EQ(stored.status["flavors"]["onnx"]["data"], "model.onnx");
  EXPECT_EQ(stored.status["signature"]["inputs"][0]["name"], "wind");
  EXPECT_EQ(stored.status["metrics"], (Json{{"accuracy", 0.8}, {"f1", 0.75}}));
  EXPECT_EQ(stored.status["files"], 2);
  EXPECT_EQ(stored.created_by, "ana");
  const auto events = events_->read_after(0, 100);
  ASSERT_TRUE(events);
  EXPECT_EQ(events->back().type, "ciclo.model.created");
  EXPECT_EQ(events->back().data["status"]["metrics"]["accuracy"], 0.8);
  const auto lineage = database_->read([&](sql::Session& session) {
    return store_.lineage(session, stored.key.path(), resources::ResourceStore::Direction::upstream);
  });
  ASSERT_TRUE(lineage);
  ASSERT_EQ(lineage->size(), 1U);
  EXPECT_EQ(lineage->front().from, "/workspaces/default/run/" + run_id);
}

TEST_P(Registry, WhatIsNotThereIsNotRegistered) {
  post("registered-models/create", {{"name", "weather"}});
  const auto run_id = run_with_model();
  const auto refused = [&](const std::string& source) {
    return post("model-versions/create", {{"name", "weather"}, {"source", source}}).status;
  };
  EXPECT_EQ(refused("runs:/" + run_id + "/none"), 404);
  EXPECT_EQ(refused("runs:/nobody/model"), 404);
  for (const std::string source : {"/etc", "file:///etc", "./x", "x/y", "C:\\x", "mlflow-artifacts:/0/../../x"})
    EXPECT_EQ(refused(source), 400) << source;
  EXPECT_EQ(post("model-versions/create", {{"name", "nothing"}, {"source", "runs:/" + run_id + "/model"}}).status, 404);
  EXPECT_EQ(post("registered-models/create", {{"name", "weather"}}).body["error_code"], "RESOURCE_ALREADY_EXISTS");
  EXPECT_EQ(post("registered-models/create", {{"name", "a/b"}}).status, 400);
}

TEST_P(Registry, CiclosOwnCreateMakesTheSameVersions) {
  ASSERT_TRUE(blobs_->put("default/datastores/workspaceblobstore/up/m/MLmodel", mlmodel));
  ASSERT_TRUE(blobs_->put("default/datastores/workspaceblobstore/up/model.pkl", "bytes"));
  const std::string store = "azureml://datastores/workspaceblobstore/paths/up/";
  ASSERT_TRUE(create({{"name", "weather"}, {"path", store + "m"}}));
  const auto file = create({{"name", "weather"}, {"path", store + "model.pkl"}, {"type", "custom_model"}});
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_EQ(file->key.version, "2");
  const auto wrong = create({{"name", "weather"}, {"path", store + "model.pkl"}, {"type", "mlflow_model"}});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().target, "/type");
  const auto missing = create({{"name", "weather"}, {"path", store + "none"}});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  // A plain client reaches both through the artifacts proxy.
  const auto uri = get("model-versions/get-download-uri?name=weather&version=1").body["artifact_uri"];
  EXPECT_EQ(uri, "mlflow-artifacts:/@models/weather/1");
  EXPECT_EQ(wire_.get("/api/2.0/mlflow-artifacts/artifacts?path=@models/weather/1").body["files"][0]["path"],
            "MLmodel");
  EXPECT_EQ(wire_.get("/api/2.0/mlflow-artifacts/artifacts/@models/weather/1/MLmodel").text, mlmodel);
  EXPECT_EQ(wire_.get("/api/2.0/mlflow-artifacts/artifacts/@models/weather/2/model.pkl").text, "bytes");
  EXPECT_EQ(wire_.send(http::Method::put, "/api/2.0/mlflow-artifacts/artifacts/@models/weather/1/MLmodel", "x").status,
            403);
  EXPECT_EQ(wire_.get("/model-versions/get-artifact?name=weather&version=1&path=MLmodel").text, mlmodel);
  EXPECT_EQ(wire_.get("/model-versions/get-artifact?name=weather&version=1&path=../m/MLmodel").status, 400);
}

TEST_P(Registry, AliasesAreLabels) {
  register_run(run_with_model());
  register_run(run_with_model());
  EXPECT_EQ(post("registered-models/alias", {{"name", "weather"}, {"alias", "champion"}, {"version", "2"}}).status,
            200);
  const auto resolved = get("registered-models/alias?name=weather&alias=champion");
  EXPECT_EQ(resolved.body["model_version"]["version"], "2");
  EXPECT_EQ(resolved.body["model_version"]["aliases"][0], "champion");
  const auto by_label = locator_->locate("default", "azureml:weather@champion");
  ASSERT_TRUE(by_label) << by_label.error().text();
  EXPECT_EQ(by_label->key.version, "2");
  EXPECT_EQ(locator_->locate("prod", "azureml://registries/default/models/weather/labels/champion")->key.version, "2");
  EXPECT_EQ(locator_->locate("default", "models:/weather@champion")->metrics["accuracy"], 0.8);
  for (const std::string alias : {"latest", "v3", "V10", "a b", ""})
    EXPECT_EQ(post("registered-models/alias", {{"name", "weather"}, {"alias", alias}, {"version", "1"}}).status, 400)
        << alias;
  EXPECT_EQ(post("registered-models/alias", {{"name", "weather"}, {"alias", "a"}, {"version", "9"}}).status, 404);
  EXPECT_EQ(send(http::Method::del, "registered-models/alias", {{"name", "weather"}, {"alias", "champion"}}).status,
            200);
  EXPECT_EQ(get("registered-models/alias?name=weather&alias=champion").status, 400);
}

TEST_P(Registry, ModelsAndVersionsAreSearchedAndChanged) {
  register_run(run_with_model(), {{{"key", "checked"}, {"value", "yes"}}});
  const auto second = run_with_model();
  register_run(second);
  post("registered-models/create", {{"name", "Other"}, {"tags", {{{"key", "team"}, {"value", "b"}}}}});
  post("registered-models/create",
       {{"name", "prompt"}, {"tags", {{{"key", "mlflow.prompt.is_prompt"}, {"value", "true"}}}}});
  const auto names = [&](const std::string& query) {
    std::string joined;
    const auto found = get("registered-models/search?" + query);
    EXPECT_EQ(found.status, 200) << found.text;
    for (const Json& item : member(found.body, "registered_models")) joined += text_or(item, "name") + " ";
    return joined;
  };
  EXPECT_EQ(names(""), "Other weather ");
  EXPECT_EQ(names("filter=" + http::percent_encode("name ILIKE 'OTH%'")), "Other ");
  EXPECT_EQ(names("filter=" + http::percent_encode("tags.team = 'b' OR name = 'weather'") +
                  "&order_by=" + http::percent_encode("name DESC")),
            "weather Other ");
  EXPECT_EQ(names("filter=" + http::percent_encode("tags.`mlflow.prompt.is_prompt` = 'true'")), "prompt ");
  const auto first = get("registered-models/search?max_results=1");
  EXPECT_EQ(get("registered-models/search?max_results=1&page_token=" + text_or(first.body, "next_page_token"))
                .body["registered_models"][0]["name"],
            "weather");
  const auto versions = [&](const std::string& filter) {
    std::string joined;
    const auto found = get("model-versions/search?filter=" + http::percent_encode(filter));
    EXPECT_EQ(found.status, 200) << found.text;
    for (const Json& item : member(found.body, "model_versions")) joined += text_or(item, "version");
    return joined;
  };
  EXPECT_EQ(versions("name = 'weather'"), "21");
  EXPECT_EQ(versions("run_id = '" + second + "'"), "2");
  EXPECT_EQ(versions("tags.checked = 'yes'"), "1");
  EXPECT_EQ(versions("version_number > 1 AND name = 'weather'"), "2");
  EXPECT_EQ(get("model-versions/search?filter=" + http::percent_encode("nothing = 'x'")).status, 400);
  EXPECT_EQ(
      send(http::Method::patch, "model-versions/update", {{"name", "weather"}, {"version", "1"}, {"description", "d"}})
          .body["model_version"]["description"],
      "d");
  EXPECT_EQ(
      post("model-versions/set-tag", {{"name", "weather"}, {"version", "1"}, {"key", "k"}, {"value", "v"}}).status,
      200);
  EXPECT_EQ(
      send(http::Method::del, "model-versions/delete-tag", {{"name", "weather"}, {"version", "1"}, {"key", "checked"}})
          .status,
      200);
  EXPECT_EQ(version("default", "1").tags, (Json{{"k", "v"}}));
  const Json production{{"name", "weather"}, {"version", "1"}, {"stage", "production"}};
  EXPECT_EQ(post("model-versions/transition-stage", production).body["model_version"]["current_stage"], "Production");
  EXPECT_EQ(post("model-versions/transition-stage",
                 {{"name", "weather"}, {"version", "2"}, {"stage", "Production"}, {"archive_existing_versions", true}})
                .status,
            200);
  EXPECT_EQ(version("default", "1").status["stage"], "Archived");
  EXPECT_EQ(
      get("registered-models/get-latest-versions?name=weather&stages=Production").body["model_versions"][0]["version"],
      "2");
  EXPECT_EQ(
      post("registered-models/rename", {{"name", "weather"}, {"new_name", "climate"}}).body["registered_model"]["name"],
      "climate");
  EXPECT_EQ(send(http::Method::del, "model-versions/delete", {{"name", "climate"}, {"version", "1"}}).status, 200);
  EXPECT_EQ(get("model-versions/get?name=climate&version=1").status, 404);
  EXPECT_EQ(send(http::Method::del, "registered-models/delete", {{"name", "climate"}}).status, 200);
  EXPECT_EQ(get("registered-models/get?name=climate").status, 404);
}

TEST_P(Registry, APromotedVersionOutlivesItsSource) {
  const auto run_id = run_with_model();
  register_run(run_id, {{{"key", "f1"}, {"value", "0.75"}}});
  Promoter promoter(*service_, *blobs_);
  const auto copied = promoter.copy("default", "weather:1", "prod");
  ASSERT_TRUE(copied) << copied.error().text();
  const auto promoted = database_->write([&](sql::Session& session) {
    return promoter.promote_in(session, resources::Caller::system(), *copied,
                               {.name = {}, .labels = {"champion"}, .links = {{"/approvals/1", "", "approved_by"}}});
  });
  ASSERT_TRUE(promoted) << promoted.error().text();
  EXPECT_EQ(promoted->status["metrics"]["accuracy"], 0.8);
  ASSERT_TRUE(blobs_->remove_tree("default/mlflow"));
  ASSERT_EQ(send(http::Method::del, "registered-models/delete", {{"name", "weather"}}).status, 200);
  const auto located = locator_->locate("prod", "weather@champion");
  ASSERT_TRUE(located) << located.error().text();
  EXPECT_EQ(blobs_->get(located->blob_key + "/model.onnx").value_or(""), "bytes");
  EXPECT_EQ(located->signature["inputs"][0]["name"], "wind");
  const auto lineage = database_->read([&](sql::Session& session) {
    return store_.lineage(session, promoted->key.path(), resources::ResourceStore::Direction::upstream);
  });
  ASSERT_TRUE(lineage);
  const auto is_promotion = [](const resources::Link& link) {
    return link.relation == "promoted_from" && link.from == "/workspaces/default/model/weather:1";
  };
  EXPECT_TRUE(std::ranges::any_of(*lineage, is_promotion));
  const auto second = promoter.copy("prod", "weather:1", "default");
  ASSERT_TRUE(second);
  ASSERT_TRUE(promoter.discard(*second));
  EXPECT_TRUE(blobs_->walk(second->blob_key)->empty());
}

TEST(Mlmodel, WithoutFlavorsIsRefused) {
  EXPECT_FALSE(read_mlmodel("artifact_path: x\n"));
  EXPECT_FALSE(read_mlmodel("[1, 2]"));
  EXPECT_FALSE(read_mlmodel("a: [b"));
  EXPECT_TRUE(read_mlmodel(mlmodel));
}

INSTANTIATE_TEST_SUITE_P(Engines, Registry, ::testing::Values(sql::Dialect::sqlite, sql::Dialect::postgresql),
                         testing::engine_name);

}  // namespace
}  // namespace ciclo::registry
