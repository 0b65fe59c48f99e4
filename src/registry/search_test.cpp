// Searches of the registry, the index that they run on, and what a version knows of its content and its origin.
#include "base/text.hpp"
#include "registry/run_origin.hpp"
#include "registry/testing.hpp"

namespace ciclo::registry {
namespace {

using resources::Resource;

class RegistrySearches : public testing::Registry {
 protected:
  void SetUp() override {
    Registry::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(blobs_->put("default/datastores/workspaceblobstore/m/model.bin", "bytes"));
  }
  // A version with tags, as `ciclo model create` makes one.
  void version_of(const std::string& name, const Json& tags = Json::object()) {
    clock_.advance(Milliseconds(1));
    const auto made =
        create({{"name", name}, {"path", "azureml://datastores/workspaceblobstore/paths/m/model.bin"}, {"tags", tags}});
    ASSERT_TRUE(made) << made.error().text();
  }
  std::string models(const std::string& filter, const std::vector<std::string>& order = {}) {
    std::string names;
    RegistrySearch request{.workspace = "default", .filter = filter, .order_by = order, .page_token = {}};
    const auto page = registry_->search_models(request);
    if (!page) return page.error().message;
    for (const RegisteredModel& model : page->items) names += model.container.name + " ";
    return names;
  }
  std::string versions(const std::string& filter, const std::vector<std::string>& order = {}) {
    std::string names;
    RegistrySearch request{.workspace = "default", .filter = filter, .order_by = order, .page_token = {}};
    const auto page = registry_->search_versions(request);
    if (!page) return page.error().message;
    for (const Resource& version : page->items) names += version.key.name + version.key.version + " ";
    return names;
  }
};

TEST_P(RegistrySearches, TakeEveryOperatorOnEveryField) {
  version_of("a", {{"team", "x"}});
  version_of("a", {{"team", "y"}, {"k", "1"}});
  version_of("b");
  post("registered-models/create",
       {{"name", "empty"}, {"description", "none yet"}, {"tags", {{{"key", "t"}, {"value", "1"}}}}});
  EXPECT_EQ(models(""), "a b empty ");
  EXPECT_EQ(models("description IS NOT NULL OR name = 'b'"), "b empty ");
  EXPECT_EQ(models("description IS NULL AND NOT_A_FIELD = 'x'").substr(0, 21), "Invalid attribute key");
  EXPECT_EQ(models("(tags.t = '1' OR name IN ('a', 'z')) AND name NOT IN ('z')"), "a empty ");
  EXPECT_EQ(models("tags.t IS NULL", {"name DESC"}), "b a ");
  EXPECT_EQ(models("user_id = 'ana'", {"creation_timestamp DESC", "name DESC"}), "empty b a ");
  EXPECT_EQ(versions(""), "b1 a2 a1 ");
  EXPECT_EQ(versions("tags.team LIKE '%' AND tags.team != 'x'"), "a2 ");
  EXPECT_EQ(versions("tags.team != 'x'"), "a2 ") << "what has no such tag is not asked";
  EXPECT_EQ(versions("tags.team IS NULL OR version_number >= 2", {"name ASC", "version_number ASC"}), "a2 b1 ");
  EXPECT_EQ(versions("run_id IS NULL AND current_stage = 'None' AND source_path LIKE 'azureml:%'", {"name DESC"}),
            "b1 a2 a1 ");
  EXPECT_EQ(versions("version_number IN (1) AND name ILIKE 'A'"), "a1 ");
  EXPECT_EQ(versions("tags.team = 'x' AND tags.k IS NULL"), "a1 ");
  EXPECT_EQ(versions("", {"name", "name DESC"}).substr(0, 10), "`order_by`");
  EXPECT_EQ(versions("metrics.x > 1").substr(0, 14), "Invalid filter");
}

TEST_P(RegistrySearches, LeaveOutPromptsUnlessAskedForThem) {
  version_of("plain");
  version_of("spoken", {{"mlflow.prompt.is_prompt", "true"}});
  post("registered-models/create",
       {{"name", "prompt"}, {"tags", {{{"key", "mlflow.prompt.is_prompt"}, {"value", "True"}}}}});
  const std::string tag = "tags.`mlflow.prompt.is_prompt` ";
  EXPECT_EQ(models(""), "plain spoken ");
  EXPECT_EQ(models(tag + "= 'true'"), "prompt ");
  EXPECT_EQ(models(tag + "!= 'true'"), "plain spoken ");
  EXPECT_EQ(models(tag + "IS NOT NULL"), "prompt ");
  EXPECT_EQ(versions(""), "plain1 ");
  EXPECT_EQ(versions(tag + "= 'true'"), "spoken1 ");
  EXPECT_EQ(versions(tag + "= 'false' OR name = 'spoken'"), "spoken1 plain1 ");
}

TEST_P(RegistrySearches, GoOnByKeyWhileModelsComeAndGo) {
  for (int i = 0; i < 12; ++i) version_of(std::string(1, static_cast<char>('a' + i % 4)));
  std::string seen;
  RegistrySearch request{
      .workspace = "default", .filter = "name != 'z'", .order_by = {}, .max_results = 5, .page_token = {}};
  do {
    const auto page = registry_->search_versions(request);
    ASSERT_TRUE(page) << page.error().text();
    for (const Resource& version : page->items) seen += version.key.name + version.key.version + " ";
    request.page_token = page->next_page_token;
    version_of("e");  // newer: before what was seen
  } while (!request.page_token.empty());
  EXPECT_EQ(seen, "d3 c3 b3 a3 d2 c2 b2 a2 d1 c1 b1 a1 ");
  request.filter = "name = 'a'";
  request.page_token = registry_->search_versions(request)->next_page_token;
  EXPECT_TRUE(request.page_token.empty());
  request.page_token = "x";
  EXPECT_EQ(registry_->search_versions(request).error().code, ErrorCode::invalid);
}

TEST_P(RegistrySearches, SeeEveryChangeWhoeverMakesIt) {
  version_of("a", {{"k", "1"}});
  version_of("a");
  const auto ana = resources::Caller{.principal = "ana", .only_workspace = {}, .token_id = {}, .request_id = {}};
  const resources::ResourceKey first = key_of({"default", "a"}, "1");
  ASSERT_TRUE(service_->update(ana, {.key = first, .patch = {{"tags", {{"k", "2"}}}}, .expected_revision = {}}));
  EXPECT_EQ(versions("tags.k = '1'"), "");
  EXPECT_EQ(versions("tags.k = '2'"), "a1 ");
  ASSERT_TRUE(registry_->set_stage(ana, first, {.stage = "production", .archive_others = false}));
  EXPECT_EQ(versions("current_stage = 'Production'"), "a1 ");
  const auto model = registry_->get_model({"default", "a"});
  ASSERT_TRUE(model);
  EXPECT_EQ(model->latest_versions.size(), 2U);
  ASSERT_TRUE(registry_->rename_model(ana, {"default", "a"}, "b"));
  EXPECT_EQ(versions("name = 'b' AND tags.k = '2'"), "b1 ");
  EXPECT_EQ(models(""), "b ");
  ASSERT_TRUE(service_->remove(ana, key_of({"default", "b"}, "1")));
  EXPECT_EQ(versions(""), "b2 ");
  // A server that had no index yet makes it at its start, once.
  ASSERT_TRUE(database_->write([](sql::Session& session) -> Result<void> {
    for (const char* table : {"registry_models", "registry_model_tags", "registry_versions", "registry_version_tags"})
      CICLO_CHECK(session.execute(std::string("DELETE FROM ") + table));
    return {};
  }));
  EXPECT_EQ(versions(""), "");
  ASSERT_TRUE(index_.fill(*database_, store_));
  ASSERT_TRUE(index_.fill(*database_, store_));
  EXPECT_EQ(versions("") + models(""), "b2 b ");
  ASSERT_TRUE(registry_->delete_model(ana, {"default", "b"}));
  EXPECT_EQ(versions("") + models(""), "");
}

TEST_P(RegistrySearches, AVersionHasTheChecksumOfItsContent) {
  ASSERT_TRUE(blobs_->put("default/datastores/workspaceblobstore/d/b/x", "2"));
  ASSERT_TRUE(blobs_->put("default/datastores/workspaceblobstore/d/a.txt", "1"));
  const std::string root = "azureml://datastores/workspaceblobstore/paths/";
  const auto file = create({{"name", "w"}, {"path", root + "m/model.bin"}});
  const auto folder = create({{"name", "w"}, {"path", root + "d"}});
  ASSERT_TRUE(file && folder);
  // By sha256sum.
  EXPECT_EQ(file->status["checksum"], "sha256:277089d91c0bdf4f2e6862ba7e4a07605119431f5d13f726dd352b06f1b206a9");
  EXPECT_EQ(folder->status["checksum"], "sha256:e716bf19c2dfafefe36ad9963a95636111fbea731d8779dbfbadebc710cedcf6");
  EXPECT_EQ(folder->status["size_bytes"], 2);
}

TEST_P(RegistrySearches, AVersionKnowsTheDataAndTheCodeOfItsRun) {
  const auto run = run_with_model();
  post("runs/set-tag", {{"run_id", run}, {"key", "mlflow.source.git.commit"}, {"value", "abc"}});
  post("runs/set-tag",
       {{"run_id", run}, {"key", "mlflow.source.git.repoURL"}, {"value", "https://ana:pw@example.org/r.git"}});
  const auto input = [](const std::string& name, const std::string& source) {
    return Json{{"dataset",
                 {{"name", name},
                  {"digest", "d1"},
                  {"source_type", "http"},
                  {"source", source},
                  {"schema", ""},
                  {"profile", ""}}},
                {"tags", {{{"key", "mlflow.data.context"}, {"value", "training"}}}}};
  };
  EXPECT_EQ(
      post("runs/log-inputs",
           {{"run_id", run},
            {"datasets",
             {input("far", R"({"url":"https://ana:pw@example.org/x.csv?sig=1"})"), input("code", R"({"tags":{}})")}}})
          .status,
      200);
  ASSERT_EQ(register_run(run).status, 200);
  const Resource made = version("default", "1");
  EXPECT_EQ(made.status["code"], (Json{{"repository", "https://example.org/r.git"}, {"commit", "abc"}}));
  ASSERT_EQ(made.status["data"].size(), 2U) << to_text(made.status);
  const auto links = database_->read([&](sql::Session& session) {
    return store_.lineage(session, made.key.path(), resources::ResourceStore::Direction::upstream);
  });
  ASSERT_TRUE(links);
  std::set<std::string> from;
  for (const resources::Link& link : *links) from.insert(link.relation + " " + link.from);
  EXPECT_EQ(from, (std::set<std::string>{"output /workspaces/default/run/" + run, "input https://example.org/x.csv",
                                         "input dataset:code@d1", "code git:https://example.org/r.git@abc"}));
}

TEST(PlainAddress, KeepsNoSecrets) {
  EXPECT_EQ(plain_address("https://ana:pw@example.org/x?sig=1#a"), "https://example.org/x");
  EXPECT_EQ(plain_address("s3://bucket/a@b/c"), "s3://bucket/a@b/c");
  EXPECT_EQ(plain_address("git@example.org:r.git"), "git@example.org:r.git");
  EXPECT_EQ(plain_address("https://token@example.org"), "https://example.org");
  EXPECT_EQ(plain_address(std::string(2000, 'x')).size(), 800U);
  EXPECT_EQ(plain_address(std::string(799, 'x') + "ä").size(), 799U);
}

TEST_P(RegistrySearches, StagesAndLabelsHaveARouteOfTheirOwn) {
  version_of("a");
  version_of("a");
  const std::string root = "/api/v1/workspaces/default/models/a/versions/";
  EXPECT_EQ(wire_.post(root + "1/stage", {{"stage", "staging"}}).body["stage"], "Staging");
  EXPECT_EQ(wire_.post(root + "2/stage", {{"stage", "Staging"}, {"archive_others", true}}).status, 200);
  EXPECT_EQ(registry_->get_version({"default", "a"}, "1")->status["stage"], "Archived");
  EXPECT_EQ(wire_.post(root + "9/stage", {{"stage", "Staging"}}).status, 404);
  EXPECT_EQ(wire_.post(root + "1/stage", {{"stage", "moon"}}).status, 400);
  EXPECT_EQ(wire_.post(root + "1/stage", {{"stage", "None"}, {"archive_others", true}}).status, 400);
}

INSTANTIATE_TEST_SUITE_P(Engines, RegistrySearches, ::testing::Values(sql::Dialect::sqlite, sql::Dialect::postgresql),
                         testing::engine_name);

}  // namespace
}  // namespace ciclo::registry
