// Every way of searching runs finds the same runs in the same order: random filters and orders over random runs, walked
// page by page, on both engines.
#include <gtest/gtest.h>

#include <random>

#include "inner_loop/tracking/api_fixture.hpp"
#include "inner_loop/tracking/arguments.hpp"

namespace ciclo::tracking {
namespace {

class RunSearch : public testing::ApiFixture {
 protected:
  using Chance = std::mt19937_64;
  static std::int64_t below(Chance& chance, std::int64_t end) {
    return static_cast<std::int64_t>(chance() % static_cast<std::uint64_t>(end));
  }
  static std::string any_of(Chance& chance, const std::vector<std::string>& items) {
    return items[static_cast<std::size_t>(below(chance, static_cast<std::int64_t>(items.size())))];
  }

  // Few different values, so that many are equal; some long, some missing, some NaN, some deleted.
  void make_runs(Chance& chance, const std::string& workspace, std::int64_t experiment, int count) const {
    const auto made = database_->write([&](sql::Session& session) -> Result<void> {
      const RunStore store;
      for (int i = 0; i < count; ++i) {
        NewRun request;
        request.workspace = workspace;
        request.experiment_id = experiment;
        request.start_time = 100 + below(chance, 30);
        request.name = any_of(chance, {"alpha", "Beta", "gamma", long_value + "1", long_value + "2"});
        if (below(chance, 4) > 0)
          request.params.push_back({"model", any_of(chance, {"tree", "Tree", "linear%", "x_y", ""})});
        if (below(chance, 2) > 0)
          request.params.push_back({"long", any_of(chance, {long_value, long_value + "1", "a"})});
        if (below(chance, 3) > 0) request.tags.push_back({"team", any_of(chance, {"ä", "b", "c*", "[d]"})});
        CICLO_TRY(auto run, store.create_run_in(session, request));
        const RunRef ref{workspace, run.run_id};
        std::vector<Metric> metrics;
        for (const std::string key : {"m", "n"}) {
          const std::int64_t what = below(chance, 8);
          if (what == 0) continue;
          metrics.push_back(
              {.key = key, .value = what == 1 ? std::nan("") : static_cast<double>(what / 2), .timestamp = 1});
        }
        CICLO_CHECK(MetricStore().log_in(session, ref, metrics));
        if (below(chance, 2) > 0) {
          CICLO_CHECK(store.set_status_in(session, ref, RunStatus::finished, 200 + below(chance, 5)));
          CICLO_TRY(run, store.get(session, ref));
        }
        if (below(chance, 6) == 0) CICLO_CHECK(store.set_lifecycle_in(session, run, Lifecycle::deleted, 300));
        if (below(chance, 6) == 0) {
          CICLO_CHECK(store.log_inputs_in(
              session, run, {{.dataset = {.name = any_of(chance, {"iris", "wine"}), .digest = "d"}, .tags = {}}}, {}));
        }
      }
      return {};
    });
    ASSERT_TRUE(made) << made.error().text();
  }

  std::string clause(Chance& chance) const {
    const std::string number = std::to_string(below(chance, 4));
    const std::string compare = any_of(chance, {"=", "!=", "<", "<=", ">", ">="});
    switch (below(chance, 12)) {
      case 0:
      case 1: return "metrics." + any_of(chance, {"m", "n", "none"}) + " " + compare + " " + number;
      case 2: return "metrics.m " + any_of(chance, {"IN (1, 2)", "NOT IN (1)", "IS NULL", "IS NOT NULL"});
      case 3: return "params.model " + compare + " 'tree'";
      case 4:
        return "params.model " + any_of(chance, {"LIKE 'tr%'", "LIKE '%r_e'", "ILIKE 'TREE'", "LIKE 'x_y'",
                                                 "LIKE 'linear%'", "LIKE '%'"});
      case 5:
        return "params.long " +
               any_of(chance, {"= '" + long_value + "'", "LIKE '" + long_value + "%'", "LIKE '%1'", "!= 'a'"});
      case 6: return "params.long " + any_of(chance, {"IN ('" + long_value + "1', 'a')", "NOT IN ('a')", "IS NULL"});
      case 7:
        return "tags.team " +
               any_of(chance, {"= 'ä'", "LIKE 'c*'", "LIKE '[d]'", "IS NULL", "ILIKE 'B'", "IN ('b', 'ä')"});
      case 8:
        return "attributes.run_name " + any_of(chance, {"ILIKE '%A%'", "= 'Beta'", "LIKE '" + long_value + "%'",
                                                        "!= 'alpha'", "= '" + long_value + "1'"});
      case 9:
        return "attributes.status " + any_of(chance, {"= 'RUNNING'", "!= 'RUNNING'", "IN ('FINISHED', 'FAILED')"});
      case 10:
        return "attributes." +
               any_of(chance, {"start_time > 115", "start_time <= 120", "end_time > 202", "end_time IS NULL"});
      default: return "datasets.name = '" + any_of(chance, {"iris", "none"}) + "'";
    }
  }
  std::string filter(Chance& chance, int depth) const {
    if (depth == 0 || below(chance, 3) == 0) return clause(chance);
    const std::string joined = any_of(chance, {" AND ", " AND ", " OR "});
    std::string text = "(" + filter(chance, depth - 1) + joined + filter(chance, depth - 1);
    if (below(chance, 2) == 0) text += joined + filter(chance, depth - 1);
    return text + ")";
  }
  static std::vector<std::string> order(Chance& chance) {
    const std::string direction = any_of(chance, {" ASC", " DESC"});
    switch (below(chance, 9)) {
      case 0: return {};
      case 1: return {"attributes.start_time" + direction};
      case 2:
      case 3:
      case 4: return {"metrics." + any_of(chance, {"m", "n", "none"}) + direction};
      case 5: return {"params." + any_of(chance, {"model", "long"}) + direction};
      case 6: return {"tags.team" + direction};
      case 7: return {"attributes.end_time" + direction};
      default: return {"metrics.m" + direction, "params.model ASC"};
    }
  }

  // All pages.
  std::vector<std::string> walk(SearchRequest request, SearchWay way) const {
    std::vector<std::string> ids;
    for (int pages = 0; pages < 2000; ++pages) {
      const auto page =
          database_->read([&](sql::Session& session) { return search_runs(session, request, false, way); });
      EXPECT_TRUE(page) << page.error().text() << "\n" << request.filter;
      if (!page) return ids;
      EXPECT_LE(page->items.size(), request.max_results);
      for (const tracking::Run& run : page->items) ids.push_back(run.run_id);
      if (page->next_page_token.empty()) return ids;
      EXPECT_EQ(page->items.size(), request.max_results);
      request.page_token = page->next_page_token;
    }
    ADD_FAILURE() << "the walk does not end";
    return ids;
  }

  const std::string long_value = std::string(64, 'v');
};

TEST_P(RunSearch, EveryWayFindsTheSame) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Chance chance(seed);
  const auto first = *parse_experiment_id(experiment("first"));
  const auto second = *parse_experiment_id(experiment("second"));
  make_runs(chance, "default", first, 150);
  make_runs(chance, "default", second, 40);
  const auto elsewhere = database_->write([&](sql::Session& session) -> Result<void> {
    return ExperimentStore().ensure_default_in(session, "elsewhere", 1);
  });
  ASSERT_TRUE(elsewhere);
  make_runs(chance, "elsewhere", 0, 40);
  for (int round = 0; round < 120; ++round) {
    SearchRequest request;
    request.workspace = "default";
    request.experiment_ids = below(chance, 3) == 0 ? std::vector{first, second} : std::vector{first};
    if (below(chance, 5) > 0) request.filter = filter(chance, 2);
    request.order_by = order(chance);
    request.view = std::array{View::active_only, View::active_only, View::deleted_only, View::all}.at(
        static_cast<std::size_t>(below(chance, 4)));
    request.max_results = 50'000;
    const auto expected = walk(request, SearchWay::plain);
    request.max_results = static_cast<std::size_t>(1 + below(chance, 40));
    for (const SearchWay way : {SearchWay::fastest, SearchWay::by_looking, SearchWay::by_set}) {
      const auto found = walk(request, way);
      ASSERT_EQ(found, expected) << "way " << static_cast<int>(way) << ", " << request.max_results << " a page, view "
                                 << static_cast<int>(request.view) << "\n"
                                 << request.filter << "\n"
                                 << (request.order_by.empty() ? "" : request.order_by.front());
    }
  }
}

// More runs than are looked at one by one: the filter is evaluated to a set on the way, and the pages still join up.
TEST_P(RunSearch, LongWalksTurnToSets) {
  const auto id = *parse_experiment_id(experiment("long"));
  const auto made = database_->write([&](sql::Session& session) -> Result<void> {
    for (int i = 0; i < 1500; ++i) {
      NewRun request;
      request.workspace = "default";
      request.experiment_id = id;
      request.start_time = 1000 + i;
      request.params = {{"half", i % 2 == 0 ? "a" : "b"}};
      CICLO_TRY(const auto run, RunStore().create_run_in(session, request));
      CICLO_CHECK(MetricStore().log_in(session, {"default", run.run_id},
                                       {{.key = "up", .value = i / 3.0}, {.key = "down", .value = -i / 7.0}}));
    }
    return {};
  });
  ASSERT_TRUE(made) << made.error().text();
  for (const std::string filter : {"metrics.up > 380 AND params.half = 'a'", "metrics.up < 20 OR metrics.up > 499",
                                   "params.half != 'a' AND metrics.down > -10", "params.half IS NULL"}) {
    for (const std::string order : {"metrics.down DESC", "metrics.down ASC", "metrics.up DESC", "params.half ASC"}) {
      SearchRequest request{.workspace = "default", .experiment_ids = {id}, .filter = filter, .order_by = {order}};
      request.max_results = 50'000;
      const auto expected = walk(request, SearchWay::plain);
      request.max_results = 37;
      ASSERT_EQ(walk(request, SearchWay::fastest), expected) << filter << "\n" << order;
    }
  }
}

TEST_P(RunSearch, CarriesOnlyAskedForKeys) {
  const auto id = experiment("keys");
  const auto run_id = run(id);
  metric(run_id, "a", 1.5);
  metric(run_id, "b", 2);
  post("runs/log-parameter", {{"run_id", run_id}, {"key", "p"}, {"value", "1"}});
  const auto data = [&](const Json& more) {
    Json request{{"experiment_ids", {id}}, {"filter", "metrics.b > 1"}, {"order_by", {"metrics.b DESC"}}};
    request.update(more);
    return post("runs/search", request).body["runs"][0]["data"];
  };
  EXPECT_EQ(data(Json::object())["metrics"].size(), 2U);
  EXPECT_EQ(data({{"metric_keys", {"a", "other"}}})["metrics"].size(), 1U);
  EXPECT_EQ(data({{"metric_keys", {"a"}}})["metrics"][0]["value"], 1.5);
  EXPECT_FALSE(data({{"metric_keys", Json::array()}}).contains("metrics"));
  EXPECT_TRUE(data({{"metric_keys", Json::array()}}).contains("params"));
  EXPECT_FALSE(data({{"param_keys", Json::array()}}).contains("params"));
  EXPECT_EQ(data({{"tag_keys", {"mlflow.runName"}}})["tags"].size(), 1U);
  EXPECT_EQ(
      post("runs/search", {{"experiment_ids", {id}}, {"metric_keys", std::vector<std::string>(1001, "a")}}).status,
      400);
}

INSTANTIATE_TEST_SUITE_P(Engines, RunSearch, ::testing::Values(sql::Dialect::sqlite, sql::Dialect::postgresql),
                         testing::engine_name);

}  // namespace
}  // namespace ciclo::tracking
