// Kinds, locations and controllers together, over a real database and a real folder of blobs.
#include <gtest/gtest.h>

#include <array>
#include <filesystem>

#include "base/ids.hpp"
#include "data_estate/controller.hpp"
#include "data_estate/kinds.hpp"
#include "data_estate/locations.hpp"
#include "platform/blobs/blob_store.hpp"
#include "platform/events/event_log.hpp"

namespace ciclo::data_estate {
namespace {

namespace fs = std::filesystem;
using resources::Caller;
using resources::Resource;

class OnlyInDev final : public resources::AccessPolicy {
 public:
  resources::Decision decide(const Caller& caller, std::string_view, const resources::Place& place) const override {
    return {caller.is_system() || place.workspace == "dev", "test"};
  }
};

class NoAudit final : public resources::AuditSink {
 public:
  Result<void> record(sql::Session&, const resources::AuditEntry&) override { return {}; }
};

class OneRun final : public RunArtifacts {
 public:
  Result<std::string> artifact_folder(sql::Session&, const std::string& workspace, const std::string& run) override {
    if (run != "r1") return fail(ErrorCode::not_found, "there is no such run", run);
    return workspace + "/mlflow/3/r1/artifacts";
  }
  Result<std::string> logged_model_folder(sql::Session&, const std::string& workspace,
                                          const std::string& model) override {
    if (model != "m-1") return fail(ErrorCode::not_found, "there is no such logged model", model);
    return workspace + "/mlflow/3/models/m-1/artifacts";
  }
};

class DataEstateTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("ciclo-data-" + random_hex(8));
    fs::create_directories(folder_);
    blobs_ = *blobs::open_folder_store(folder_ / "blobs");
    database_ = *sql::Database::open("sqlite:" + (folder_ / "test.db").string());
    std::vector<sql::Migration> migrations = resources::migrations();
    for (const auto& each : events::migrations()) migrations.push_back(each);
    ASSERT_TRUE(database_->migrate(migrations));
    events_ = std::make_unique<events::EventLog>(*database_, clock_);
    service_ = std::make_unique<resources::ResourceService>(
        resources::ResourceService::Parts{*database_, *events_, kinds_, store_, access_, audit_, clock_});
    locations_ = std::make_unique<Locations>(*service_, runs_);
    for (const std::string name : {"workspace", "model"}) {
      resources::Kind kind;
      kind.name = name;
      kind.plural = name + "s";
      kind.title = name;
      kind.scope = name == "workspace" ? resources::Scope::organisation : resources::Scope::workspace;
      kind.versioning = name == "model" ? resources::Versioning::versions : resources::Versioning::none;
      kind.component = "storage";
      kind.schema = "{}";
      ASSERT_TRUE(kinds_.add(std::move(kind)));
    }
    ASSERT_TRUE(kinds_.add(data_kind(locations_.get(), blobs_.get())));
    ASSERT_TRUE(kinds_.add(datastore_kind()));
    for (const std::string name : {"dev", "secret"}) create("", "workspace", {{"name", name}});
  }
  void TearDown() override { fs::remove_all(folder_); }

  Result<Resource> try_create(const std::string& workspace, const std::string& kind, Json document) {
    resources::CreateRequest request;
    request.workspace = workspace;
    request.kind = kind;
    request.document = std::move(document);
    return service_->create(Caller::system(), std::move(request));
  }
  Resource create(const std::string& workspace, const std::string& kind, Json document) {
    auto made = try_create(workspace, kind, std::move(document));
    EXPECT_TRUE(made) << made.error().text();
    return made ? *made : Resource{};
  }
  Result<Location> find(const std::string& reference, const std::string& kind = "data") {
    Caller ana;
    ana.principal = "ana";
    return locations_->resolve({ana, "dev", reference, kind});
  }
  void put(const std::string& key, const std::string& text) { ASSERT_TRUE(blobs_->put(key, text)); }

  FakeClock clock_;
  OnlyInDev access_;
  NoAudit audit_;
  OneRun runs_;
  fs::path folder_;
  resources::ResourceStore store_{clock_};
  resources::KindTable kinds_;
  std::unique_ptr<blobs::BlobStore> blobs_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<events::EventLog> events_;
  std::unique_ptr<resources::ResourceService> service_;
  std::unique_ptr<Locations> locations_;
};

TEST_F(DataEstateTest, EveryFormOfReferenceLeadsToItsPlace) {
  put("dev/datastores/workspaceblobstore/x/a.csv", "a\n1\n");
  create("dev", "data",
         {{"name", "x"}, {"type", "uri_folder"}, {"path", "azureml://datastores/workspaceblobstore/paths/x/"}});
  create("dev", "data", {{"name", "again"}, {"path", "azureml:x:1"}});
  create("dev", "model", {{"name", "m"}, {"path", "azureml://jobs/j/outputs/model"}, {"type", "mlflow_model"}});
  create("dev", "datastore", {{"name", "mine"}, {"type", "folder"}});
  const std::pair<std::string, std::string> table[] = {
      {"azureml://datastores/workspaceblobstore/paths/x/a.csv", "dev/datastores/workspaceblobstore/x/a.csv"},
      {"azureml://datastores/workspaceblobstore/paths/", "dev/datastores/workspaceblobstore"},
      {"azureml://datastores/workspaceblobstore", "dev/datastores/workspaceblobstore"},
      {"azureml://datastores/mine/paths/a//b/", "dev/datastores/mine/a/b"},
      {"azureml://subscriptions/s/resourcegroups/g/workspaces/dev/datastores/workspacefilestore/paths/x",
       "dev/datastores/workspacefilestore/x"},
      {"azureml://jobs/j/outputs/o", "dev/jobs/j/outputs/o"},
      {"azureml://jobs/j/outputs/o/paths/p/q", "dev/jobs/j/outputs/o/p/q"},
      {"azureml://jobs/r1/outputs/artifacts/paths/model", "dev/mlflow/3/r1/artifacts/model"},
      {"runs:/r1/model", "dev/mlflow/3/r1/artifacts/model"},
      {"models:/m-1", "dev/mlflow/3/models/m-1/artifacts"},
      {"mlflow-artifacts:/3/r1/artifacts/model", "dev/mlflow/3/r1/artifacts/model"},
      {"mlflow-artifacts://host:5000/3/r1", "dev/mlflow/3/r1"},
      {"azureml:x:1", "dev/datastores/workspaceblobstore/x"},
      {"azureml:x@latest", "dev/datastores/workspaceblobstore/x"},
      {"x:1", "dev/datastores/workspaceblobstore/x"},
      {"/workspaces/dev/data/x/versions/1", "dev/datastores/workspaceblobstore/x"},
      {"azureml:again:1", "dev/datastores/workspaceblobstore/x"},
      {"models:/m/1", "dev/jobs/j/outputs/model"},
      {"models:/m/latest", "dev/jobs/j/outputs/model"},
      {"models:/m@latest", "dev/jobs/j/outputs/model"},
  };
  for (const auto& [reference, key] : table) {
    const auto location = find(reference);
    ASSERT_TRUE(location) << reference << ": " << location.error().text();
    EXPECT_EQ(location->key, key) << reference;
    EXPECT_EQ(location->place, Place::blobs);
  }
  EXPECT_EQ(find("azureml:x:1")->asset, "/workspaces/dev/data/x:1");
  EXPECT_EQ(find("azureml:x:1")->type, "uri_folder");
  EXPECT_EQ(find("azureml:m:1", "model")->key, "dev/jobs/j/outputs/model");
  EXPECT_EQ(find("https://example.org/a.csv")->place, Place::remote);
}

TEST_F(DataEstateTest, BadReferencesAreRefused) {
  create("dev", "datastore",
         {{"name", "blobs"}, {"type", "azure_blob"}, {"account_name", "a"}, {"container_name", "c"}});
  const std::pair<std::string, ErrorCode> table[] = {
      {"", ErrorCode::invalid},
      {"azureml://datastores/workspaceblobstore/paths/../../secret", ErrorCode::invalid},
      {"azureml://datastores/workspaceblobstore/paths/a/./b", ErrorCode::invalid},
      {"azureml://datastores/workspaceblobstore/folders/x", ErrorCode::invalid},
      {"azureml://datastores//paths/x", ErrorCode::invalid},
      {"azureml://jobs/j/outputs", ErrorCode::invalid},
      {"azureml://jobs/../outputs/o", ErrorCode::invalid},
      {"azureml://jobs/nope/outputs/artifacts", ErrorCode::not_found},
      {"runs:/nope/model", ErrorCode::not_found},
      {"mlflow-artifacts:/../../secret/x", ErrorCode::invalid},
      {"azureml:nope:1", ErrorCode::not_found},
      {"models:/m", ErrorCode::invalid},
      {"./data.csv", ErrorCode::invalid},
      {"/etc/passwd", ErrorCode::invalid},
      {"file:///etc/passwd", ErrorCode::invalid},
      {"azureml://datastores/none/paths/x", ErrorCode::not_found},
      {"azureml://datastores/blobs/paths/x", ErrorCode::unsupported},
  };
  for (const auto& [reference, code] : table) {
    const auto location = find(reference);
    ASSERT_FALSE(location) << reference << " → " << location->key;
    EXPECT_EQ(location.error().code, code) << reference << ": " << location.error().text();
  }
}

TEST_F(DataEstateTest, OtherWorkspacesNeedAccessOfTheirOwn) {
  put("secret/datastores/workspaceblobstore/x/a.csv", "a\n1\n");
  create("secret", "data", {{"name", "x"}, {"path", "azureml://datastores/workspaceblobstore/paths/x"}});
  for (const std::string reference :
       {"azureml://subscriptions/s/resourcegroups/g/workspaces/secret/datastores/workspaceblobstore/paths/x",
        "azureml://registries/secret/data/x/versions/1", "/workspaces/secret/data/x/versions/1"}) {
    const auto location = find(reference);
    ASSERT_FALSE(location) << reference;
    EXPECT_TRUE(location.error().code == ErrorCode::denied || location.error().code == ErrorCode::not_found)
        << location.error().text();
  }
}

TEST_F(DataEstateTest, ADataVersionNeedsItsData) {
  put("dev/datastores/workspaceblobstore/x/a.csv", "a\n1\n");
  const std::string folder = "azureml://datastores/workspaceblobstore/paths/x";
  EXPECT_EQ(try_create("dev", "data", {{"name", "d"}, {"path", folder + "/none"}}).error().code, ErrorCode::not_found);
  EXPECT_EQ(try_create("dev", "data", {{"name", "d"}, {"type", "uri_file"}, {"path", folder}}).error().code,
            ErrorCode::not_found);
  const auto wrong = try_create("dev", "data", {{"name", "d"}, {"path", folder + "/a.csv"}});
  EXPECT_EQ(wrong.error().target, "/type") << wrong.error().text();
  EXPECT_EQ(try_create("dev", "data", {{"name", "d"}, {"type", "mltable"}, {"path", folder}}).error().code,
            ErrorCode::not_found);
  EXPECT_EQ(try_create("dev", "data", {{"name", "d"}, {"pth", folder}}).error().code, ErrorCode::invalid);
  EXPECT_EQ(create("dev", "data", {{"name", "d"}, {"type", "uri_file"}, {"path", folder + "/a.csv"}}).key.version, "1");
}

TEST_F(DataEstateTest, NewVersionsAreProfiledOnce) {
  put("dev/datastores/workspaceblobstore/x/a.csv", "a,b\n1,x\n2,y\n");
  put("dev/datastores/workspaceblobstore/pictures/a.png", "\x89PNG");
  const Resource table =
      create("dev", "data", {{"name", "x"}, {"path", "azureml://datastores/workspaceblobstore/paths/x"}});
  const Resource pictures =
      create("dev", "data", {{"name", "p"}, {"path", "azureml://datastores/workspaceblobstore/paths/pictures"}});
  ProfileController controller(*service_, *locations_, *blobs_);
  for (const Resource* each : {&table, &pictures}) {
    const auto done = controller.reconcile(each->key);
    ASSERT_TRUE(done) << done.error().text();
    EXPECT_FALSE(*done);
  }
  const Json summary = service_->get(Caller::system(), table.key)->status["profile"];
  EXPECT_EQ(summary["state"], "ready");
  EXPECT_EQ(summary["rows"], 2);
  EXPECT_EQ(summary["columns"], 2);
  const Json whole = *parse_json(*blobs_->get(profile_key(table.key)));
  EXPECT_EQ(whole["columns"][0]["mean"], 1.5);
  EXPECT_EQ(service_->get(Caller::system(), pictures.key)->status["profile"]["state"], "skipped");

  const auto revision = service_->get(Caller::system(), table.key)->revision;
  ASSERT_TRUE(controller.reconcile(table.key));
  EXPECT_EQ(service_->get(Caller::system(), table.key)->revision, revision);
  resources::ResourceKey gone = table.key;
  gone.version = "99";
  EXPECT_TRUE(controller.reconcile(gone));
}

TEST_F(DataEstateTest, EveryWorkspaceHasItsDatastores) {
  DatastoreController controller(*service_);
  const resources::ResourceKey dev{.workspace = {}, .kind = "workspace", .parent = {}, .name = "dev", .version = {}};
  for (int i = 0; i < 2; ++i) {
    const auto done = controller.reconcile(dev);
    ASSERT_TRUE(done) << done.error().text();
  }
  resources::ListRequest request;
  request.workspace = "dev";
  request.kind = "datastore";
  const auto page = service_->list(Caller::system(), request);
  ASSERT_TRUE(page) << page.error().text();
  EXPECT_EQ(page->items.size(), 4U);
  EXPECT_EQ(service_->remove(Caller::system(), page->items[0].key).error().code, ErrorCode::conflict);
}

TEST_F(DataEstateTest, DatastoreSecretsAreNotKept) {
  const Resource made = create("dev", "datastore",
                               {{"name", "b"}, {"type", "azure_blob"}, {"credentials", {{"account_key", "hunter2"}}}});
  EXPECT_EQ(made.spec["credentials"], (Json{{"type", "account_key"}}));
}

}  // namespace
}  // namespace ciclo::data_estate
