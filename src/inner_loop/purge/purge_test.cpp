// Deletion for good on both engines: what goes, what stays, and that what failed midway is finished later.
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "inner_loop/purge/handlers.hpp"
#include "inner_loop/purge/mentions.hpp"
#include "inner_loop/tracking/api_fixture.hpp"
#include "resources/testing.hpp"

namespace ciclo::purge {
namespace {

using tracking::PurgeKind;

resources::KindTable note_kinds() {
  resources::KindTable table;
  resources::Kind workspace;
  workspace.name = "workspace";
  workspace.plural = "workspaces";
  workspace.title = "workspace";
  workspace.scope = resources::Scope::organisation;
  workspace.component = "workspace";
  workspace.schema = R"({"type":"object"})";
  EXPECT_TRUE(table.add(std::move(workspace)));
  resources::Kind note;
  note.name = "note";
  note.plural = "notes";
  note.title = "note";
  note.component = "storage";
  note.schema = R"({"type":"object"})";
  EXPECT_TRUE(table.add(std::move(note)));
  return table;
}

// Fails to remove a folder as often as it is told to.
class BadDisk final : public blobs::BlobStore {
 public:
  explicit BadDisk(blobs::BlobStore& good) : good_(good) {}
  Result<std::unique_ptr<blobs::BlobWriter>> create(const std::string& key) override { return good_.create(key); }
  Result<std::unique_ptr<blobs::BlobReader>> open(const std::string& key, std::uint64_t offset,
                                                  std::optional<std::uint64_t> length) override {
    return good_.open(key, offset, length);
  }
  Result<blobs::BlobInfo> stat(const std::string& key) override { return good_.stat(key); }
  Result<std::vector<blobs::Listed>> list(const std::string& folder) override { return good_.list(folder); }
  Result<std::vector<blobs::BlobInfo>> walk(const std::string& folder) override { return good_.walk(folder); }
  Result<void> remove(const std::string& key) override { return good_.remove(key); }
  Result<void> remove_tree(const std::string& folder) override {
    if (failures > 0) {
      --failures;
      return fail(ErrorCode::internal, "the disk is broken", folder);
    }
    return good_.remove_tree(folder);
  }
  std::optional<std::filesystem::path> local_path(const std::string& key) const override {
    return good_.local_path(key);
  }
  std::optional<std::string> recorded_sha256(const std::string& key) override { return good_.recorded_sha256(key); }
  blobs::Uploads& uploads() override { return good_.uploads(); }

  int failures = 0;

 private:
  blobs::BlobStore& good_;
};

class PurgeTest : public tracking::testing::ApiFixture {
 protected:
  void SetUp() override {
    ApiFixture::SetUp();
    if (IsSkipped()) return;
    std::vector<sql::Migration> more = tracking::migrations();
    for (const auto& module : {events::migrations(), resources::migrations()})
      more.insert(more.end(), module.begin(), module.end());
    ASSERT_TRUE(database_->migrate(more));
    events_ = std::make_unique<events::EventLog>(*database_, clock_);
    resources_ = std::make_unique<resources::ResourceService>(
        resources::ResourceService::Parts{*database_, *events_, kinds_, resource_store_, access_, access_, clock_});
    for (const char* name : {"default", "other"})
      ASSERT_TRUE(resources_->create(caller_, {.workspace = "", .kind = "workspace", .document = {{"name", name}}}));
    disk_ = std::make_unique<BadDisk>(*blobs_);
    purges_ =
        std::make_unique<PurgeService>(*resources_, *disk_, PurgeSettings{.rows_of_write = 7, .things_of_write = 3});
  }

  Result<Report> gc(GcRequest request = {}) {
    request.workspace = "default";
    if (request.older_than == Milliseconds(std::chrono::days(30))) request.older_than = Milliseconds(0);
    return purges_->gc({caller_, decision_}, request);
  }
  Tally done(const Report& report, const std::string& what) { return Report(report).of(what); }
  void note(const std::string& workspace, const std::string& name, const Json& document) {
    Json full = document;
    full["name"] = name;
    const auto made = resources_->create(caller_, {.workspace = workspace, .kind = "note", .document = full});
    ASSERT_TRUE(made) << made.error().text();
  }
  std::string full_run(const std::string& experiment_id, int points) {
    const std::string id = run(experiment_id);
    for (int step = 0; step < points; ++step) metric(id, step % 2 == 0 ? "loss" : "accuracy", step, step / 4);
    EXPECT_EQ(post("runs/log-parameter", {{"run_id", id}, {"key", "lr"}, {"value", "1"}}).status, 200);
    const Json dataset{{"name", "d"}, {"digest", id.substr(0, 8)}, {"source_type", "x"}, {"source", "y"}};
    EXPECT_EQ(post("runs/log-inputs", {{"run_id", id}, {"datasets", {{{"dataset", dataset}, {"tags", Json::array()}}}}})
                  .status,
              200);
    EXPECT_TRUE(blobs_->put("default/mlflow/" + experiment_id + "/" + id + "/artifacts/a.txt", "12345"));
    return id;
  }
  void remove(const std::string& id) { EXPECT_EQ(post("runs/delete", {{"run_id", id}}).status, 200); }
  std::int64_t rows(const std::string& table) {
    const auto counted =
        database_->read([&](sql::Session& session) { return session.query_one("SELECT COUNT(*) FROM " + table); });
    EXPECT_TRUE(counted && *counted);
    return (*counted)->integer(0);
  }
  std::size_t files() { return blobs_->walk("").value().size(); }

  resources::KindTable kinds_ = note_kinds();
  resources::ResourceStore resource_store_{clock_};
  resources::FakeAccess access_;
  resources::Caller caller_{.principal = "ana", .only_workspace = "", .token_id = "", .request_id = ""};
  resources::Decision decision_{true, "fake"};
  std::unique_ptr<events::EventLog> events_;
  std::unique_ptr<resources::ResourceService> resources_;
  std::unique_ptr<BadDisk> disk_;
  std::unique_ptr<PurgeService> purges_;
};

TEST_P(PurgeTest, EveryRowOfADeletedRunGoesInBatchesAndNoOther) {
  const auto id = experiment("a");
  const auto stays = full_run(id, 10);
  const auto goes = full_run(id, 50);
  remove(goes);
  const auto would = gc({.dry_run = true});
  ASSERT_TRUE(would) << would.error().text();
  EXPECT_EQ(rows("runs"), 2);
  const auto report = gc();
  ASSERT_TRUE(report) << report.error().text();
  // Its own row, 50 metrics, 2 latest, 1 parameter, the tag with its name, 1 input.
  EXPECT_EQ(done(*report, "run").rows, 56);
  EXPECT_EQ(done(*report, "run").bytes, 5U);
  EXPECT_EQ(done(*would, "run").rows, 56);
  EXPECT_EQ(done(*report, "dataset").count, 1);
  EXPECT_EQ(done(*would, "dataset").count, 1);
  EXPECT_TRUE(report->resume.is_null());
  EXPECT_EQ(get("runs/get?run_id=" + goes).status, 404);
  EXPECT_EQ(get("runs/get?run_id=" + stays).status, 200);
  for (const auto& [table, count] : std::map<std::string, int>{{"runs", 1},
                                                               {"metrics", 10},
                                                               {"latest_metrics", 2},
                                                               {"params", 1},
                                                               {"run_tags", 1},
                                                               {"run_datasets", 1},
                                                               {"datasets", 1},
                                                               {"purges", 0}})
    EXPECT_EQ(rows(table), count) << table;
  EXPECT_EQ(files(), 1U);
  ASSERT_EQ(access_.entries.size(), 3U);  // two workspaces, and the purge
  EXPECT_EQ(access_.entries.back().operation, "purge");
  EXPECT_EQ(access_.entries.back().target, "/workspaces/default/run/" + goes);
}

TEST_P(PurgeTest, OnlyWhatWasDeletedLongEnoughAgo) {
  const auto id = experiment("a");
  const auto early = full_run(id, 1);
  const auto late = full_run(id, 1);
  remove(early);
  clock_.advance(std::chrono::hours(2));
  remove(late);
  const auto report = gc({.older_than = std::chrono::hours(1)});
  ASSERT_TRUE(report);
  EXPECT_EQ(get("runs/get?run_id=" + early).status, 404);
  EXPECT_EQ(get("runs/get?run_id=" + late).status, 200);
  EXPECT_EQ(post("runs/restore", {{"run_id", late}}).status, 200);
  EXPECT_EQ(done(*gc(), "run").count, 0);
}

TEST_P(PurgeTest, AnExperimentGoesWithEverythingAndItsNameIsFree) {
  const auto id = experiment("a");
  for (int i = 0; i < 8; ++i) full_run(id, 3);
  const auto model = post("logged-models", {{"experiment_id", id}, {"name", "net"}}).body;
  const auto model_id = text_or(at_pointer(model, "/model/info"), "model_id");
  EXPECT_TRUE(blobs_->put("default/mlflow/" + id + "/models/" + model_id + "/artifacts/MLmodel", "x"));
  EXPECT_TRUE(blobs_->put("default/mlflow/" + id + "/notes.txt", "123"));
  EXPECT_EQ(post("experiments/delete", {{"experiment_id", id}}).status, 200);
  EXPECT_EQ(post("experiments/create", {{"name", "a"}}).status, 400);
  const auto would = gc({.dry_run = true});
  const auto report = gc();
  ASSERT_TRUE(would && report) << report.error().text();
  for (const char* what : {"run", "dataset", "logged_model", "experiment"}) {
    EXPECT_EQ(done(*would, what).count, done(*report, what).count) << what;
    EXPECT_EQ(done(*would, what).rows, done(*report, what).rows) << what;
    EXPECT_EQ(done(*would, what).bytes, done(*report, what).bytes) << what;
  }
  EXPECT_EQ(done(*report, "run").count, 8);
  EXPECT_EQ(done(*report, "experiment").bytes, 3U);
  EXPECT_EQ(files(), 0U);
  EXPECT_EQ(rows("runs") + rows("datasets") + rows("logged_models") + rows("purges"), 0);
  EXPECT_NE(experiment("a"), id);
}

TEST_P(PurgeTest, WhatIsUsedStaysAndIsNamed) {
  const auto id = experiment("a");
  struct Case {
    std::string name;
    std::string workspace;
    std::string reference;
    std::string reason;
  };
  const std::vector<Case> cases{
      {"by-run", "default", "runs:/RUN/model", "note/by-run uses it"},
      {"by-artifacts", "default", "mlflow-artifacts:/EXP/RUN/artifacts/m", "note/by-artifacts uses it"},
      {"by-key", "other", "default/mlflow/EXP/RUN/artifacts/m", "a resource of another workspace uses it"},
      {"by-job", "default", "azureml://jobs/RUN/outputs/artifacts/paths/m", "note/by-job uses it"},
      {"elsewhere", "other", "runs:/RUN/model", ""},
      {"a-word", "default", "the run RUN was good", ""},
      {"a-longer-id", "default", "runs:/RUN0/model", ""}};
  for (const Case& each : cases) {
    const auto run_id = full_run(id, 1);
    remove(run_id);
    const std::string reference = replace_all(replace_all(each.reference, "RUN", run_id), "EXP", id);
    note(each.workspace, each.name, {{"nested", {{"list", {reference}}}}});
    const auto report = gc();
    ASSERT_TRUE(report) << report.error().text();
    const bool is_there = get("runs/get?run_id=" + run_id).status == 200;
    EXPECT_EQ(is_there, !each.reason.empty()) << each.name;
    const bool is_named = std::ranges::any_of(
        report->kept, [&](const Kept& kept) { return kept.name == run_id && kept.reason == each.reason; });
    EXPECT_EQ(is_named, !each.reason.empty()) << each.name;
    const auto one = purges_->purge({caller_, decision_}, {.workspace = "default", .name = run_id});
    EXPECT_FALSE(one) << each.name;
    EXPECT_EQ(one.error().code, each.reason.empty() ? ErrorCode::not_found : ErrorCode::conflict) << each.name;
  }
  EXPECT_EQ(post("experiments/delete", {{"experiment_id", id}}).status, 200);
  const auto report = gc();
  EXPECT_EQ(report->kept_count, 5);  // four runs, and the experiment for their sake
}

TEST_P(PurgeTest, WhatLineageLeadsOnFromStays) {
  const auto run_id = full_run(experiment("a"), 1);
  remove(run_id);
  note("default", "made", Json::object());
  ASSERT_TRUE(database_->write([&](sql::Session& session) {
    return resource_store_.link(
        session,
        {{.from = "/workspaces/default/run/" + run_id, .to = "/workspaces/default/note/made", .relation = "output"}});
  }));
  EXPECT_EQ(gc()->kept.at(0).reason, "note/made uses it");
  ASSERT_TRUE(resources_->remove(
      caller_, {.workspace = "default", .kind = "note", .parent = "", .name = "made", .version = ""}));
  EXPECT_EQ(done(*gc(), "run").count, 1);
}

TEST_P(PurgeTest, WhatFailedMidwayIsFinishedLater) {
  const auto id = experiment("a");
  for (int i = 0; i < 4; ++i) remove(full_run(id, 20));
  disk_->failures = 1;
  EXPECT_FALSE(gc());
  EXPECT_EQ(rows("purges"), 3);
  EXPECT_EQ(rows("runs"), 1);
  const auto would = gc({.dry_run = true});
  ASSERT_TRUE(would);
  EXPECT_EQ(done(*would, "unfinished").count, 3);
  EXPECT_EQ(rows("purges"), 3);
  const auto report = gc();
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(done(*report, "unfinished").count, 3);
  EXPECT_EQ(done(*report, "run").count, 1);
  EXPECT_EQ(files(), 0U);
  EXPECT_EQ(rows("purges") + rows("metrics") + rows("params") + rows("latest_metrics") + rows("datasets"), 0);
}

TEST_P(PurgeTest, ARunIdIsFreeOnceItsFilesAreGone) {
  const auto create = [&] {
    return database_->write([&](sql::Session& session) {
      return tracking::RunStore().create_run_in(session, {.workspace = "default", .run_id = "train", .start_time = 1});
    });
  };
  ASSERT_TRUE(create());
  EXPECT_EQ(create().error().code, ErrorCode::already_exists);
  EXPECT_TRUE(blobs_->put("default/mlflow/0/train/artifacts/a.txt", "x"));
  disk_->failures = 1;
  EXPECT_FALSE(purges_->purge({caller_, decision_}, {.workspace = "default", .name = "train"}));
  EXPECT_EQ(create().error().code, ErrorCode::conflict);
  const auto stays = [&] {
    return database_->read([&](sql::Session& session) {
      return tracking::PurgeStore().check_stays(session, "default", "default/mlflow/0/train/artifacts/model");
    });
  };
  EXPECT_EQ(stays().error().code, ErrorCode::conflict);
  ASSERT_TRUE(gc());
  EXPECT_TRUE(stays());
  EXPECT_TRUE(create());
}

TEST_P(PurgeTest, OthersRowsEndWithARun) {
  const auto run_id = full_run(experiment("a"), 1);
  remove(run_id);
  std::int64_t left = 20;
  std::vector<std::string> forgotten;
  purges_->add(
      Dependant{.title = "traces",
                .forget = [&](sql::Session&, const tracking::Purge& thing) -> Result<void> {
                  forgotten.push_back(thing.name);
                  return {};
                },
                .erase = [&](sql::Session&, const tracking::Purge&, std::size_t most) -> Result<tracking::Erased> {
                  const auto rows = std::min(left, static_cast<std::int64_t>(most));
                  left -= rows;
                  return tracking::Erased{.rows = rows, .is_done = left == 0};
                },
                .count = [&](sql::Session&, const tracking::Purge&) -> Result<std::int64_t> { return left; }});
  EXPECT_EQ(done(*gc({.dry_run = true}), "traces").rows, 20);
  EXPECT_TRUE(forgotten.empty());
  EXPECT_EQ(done(*gc(), "traces").rows, 20);
  EXPECT_EQ(forgotten, std::vector<std::string>{run_id});
  EXPECT_EQ(rows("purges"), 0);
}

TEST_P(PurgeTest, FilesElsewhereAndFoldersOfOthersAreLeft) {
  EXPECT_EQ(post("experiments/create", {{"name", "s3"}, {"artifact_location", "s3://bucket/x"}}).status, 200);
  const auto id = experiment("b");
  const auto shared =
      text_or(post("experiments/create", {{"name", "shared"}, {"artifact_location", "mlflow-artifacts:/" + id}}).body,
              "experiment_id");
  remove(run("1"));
  const auto theirs = run(shared);
  EXPECT_TRUE(blobs_->put("default/mlflow/" + id + "/" + theirs + "/artifacts/a.txt", "x"));
  EXPECT_EQ(done(*gc(), "run").count, 1);
  // The place of an experiment ends with it, but not while another one lives there.
  EXPECT_EQ(post("experiments/delete", {{"experiment_id", id}}).status, 200);
  EXPECT_EQ(done(*gc(), "experiment").count, 1);
  EXPECT_EQ(files(), 1U);
  EXPECT_EQ(post("experiments/delete", {{"experiment_id", shared}}).status, 200);
  EXPECT_EQ(done(*gc(), "experiment").count, 1);
  EXPECT_EQ(files(), 0U);
}

TEST(ParseAge, NumbersAndUnits) {
  EXPECT_EQ(parse_age("30d"), Milliseconds(std::chrono::days(30)));
  EXPECT_EQ(parse_age("0s"), Milliseconds(0));
  EXPECT_EQ(parse_age("P1D"), Milliseconds(std::chrono::days(1)));
  for (const char* wrong : {"", "d", "30", "-1d", "3 d", "9999999999999w", "1y"})
    EXPECT_FALSE(parse_age(wrong)) << wrong;
}

INSTANTIATE_TEST_SUITE_P(Engines, PurgeTest, ::testing::Values(sql::Dialect::sqlite, sql::Dialect::postgresql),
                         tracking::testing::engine_name);

}  // namespace
}  // namespace ciclo::purge
