#include "inner_loop/tracking/concern_finder.hpp"

#include "inner_loop/tracking/api_fixture.hpp"
#include "inner_loop/tracking/artifact_owner.hpp"

namespace ciclo::tracking {
namespace {

class Concerns : public testing::ApiFixture {
 protected:
  // The subjects that a request concerns: "-" for what is not there, or the error's message.
  std::string of(http::Method method, const std::string& target, const std::string& body = "") {
    const auto question = target.find('?');
    auto match = router_.find(method, target.substr(0, question));
    if (match.route == nullptr) return "no route";
    http::Request request;
    request.method = method;
    request.parameters = std::move(match.parameters);
    request.body = body;
    if (question != std::string::npos) request.query = *http::Query::parse(target.substr(question + 1));
    MlflowConcerns concerns(*database_);
    const auto found = concerns.find(*match.route, request, "default");
    if (!found) return found.error().message;
    std::string all;
    for (const resources::Concerned& each : *found)
      all += (all.empty() ? "" : " ") + (each.subject.empty() ? std::string("-") : each.subject) + ":" + each.action;
    return all;
  }
  std::string get(const std::string& path) { return of(http::Method::get, "/api/2.0/mlflow/" + path); }
  std::string post(const std::string& path, const Json& body) {
    return of(http::Method::post, "/api/2.0/mlflow/" + path, to_text(body));
  }
  std::string owner(const std::string& path) {
    const auto found = database_->read(
        [&](sql::Session& session) { return artifact_owner(session, "default", "default/mlflow/" + path); });
    EXPECT_TRUE(found);
    return found && *found ? std::to_string(**found) : "nobody";
  }
};

TEST_P(Concerns, AreFoundByWhatTheRequestNames) {
  const std::string one = experiment("one");
  const std::string two = experiment("two");
  const std::string first = run(one);
  const std::string second = run(two);
  const std::string read = ":workspace/read";
  const std::string write = ":workspace/write";
  EXPECT_EQ(get("experiments/get?experiment_id=00" + one), "experiment/" + one + read);
  EXPECT_EQ(get("experiments/get"), "Missing value for required parameter 'experiment_id'");
  EXPECT_EQ(get("experiments/get-by-name?experiment_name=two"), "experiment/" + two + read);
  EXPECT_EQ(get("experiments/get-by-name?experiment_name=three"), "-" + read);
  EXPECT_EQ(get("runs/get?run_id=" + first), "experiment/" + one + read);
  EXPECT_EQ(get("runs/get?run_uuid=" + second), "experiment/" + two + read);
  EXPECT_EQ(get("runs/get?run_id=gone"), "-" + read);
  EXPECT_NE(get("runs/get?run_id=" + first + "&run_id=" + second), "experiment/" + one + read);
  EXPECT_EQ(get("metrics/get-history-bulk?metric_key=a&run_id=" + first + "&run_id=" + second),
            "experiment/" + one + read + " experiment/" + two + read);
  EXPECT_EQ(post("runs/create", Json::object()), "experiment/0" + write);
  EXPECT_EQ(post("runs/create", {{"experiment_id", 2}}), "experiment/2" + write);
  EXPECT_EQ(post("runs/search", {{"experiment_ids", {one}}}), "");
  EXPECT_EQ(get("registered-models/get?name=x"), "");  // of the fallback: shows nothing
  EXPECT_EQ(of(http::Method::get, "/get-artifact?path=a&run_id=" + second), "experiment/" + two + ":storage/read");
  EXPECT_EQ(of(http::Method::get, "/get-artifact?path=a"), "Missing value for required parameter 'run_id'");
}

TEST_P(Concerns, CountLoggedModelsThatAreNamedInPassing) {
  const std::string one = experiment("one");
  const std::string two = experiment("two");
  const std::string mine = run(one);
  const auto made = testing::ApiFixture::post("logged-models", {{"experiment_id", two}, {"name", "m"}});
  const std::string model = made.body.value(Json::json_pointer("/model/info/model_id"), std::string());
  const std::string theirs = "experiment/" + two;
  const std::string own = "experiment/" + one + ":workspace/write";
  EXPECT_EQ(get("logged-models/" + model), theirs + ":workspace/read");
  EXPECT_EQ(post("runs/log-metric", {{"run_id", mine}, {"key", "a"}, {"model_id", model}}),
            own + " " + theirs + ":workspace/write");
  const Json metrics = Json::array({{{"key", "a"}}, {{"key", "b"}, {"model_id", model}}});
  EXPECT_EQ(post("runs/log-batch", {{"run_id", mine}, {"metrics", metrics}}), own + " " + theirs + ":workspace/write");
  EXPECT_EQ(post("runs/outputs", {{"run_id", mine}, {"models", Json::array({{{"model_id", model}}})}}),
            own + " " + theirs + ":workspace/read");
  EXPECT_EQ(post("logged-models", {{"experiment_id", two}, {"source_run_id", mine}}),
            theirs + ":workspace/write " + own);
}

TEST_P(Concerns, AnArtifactBelongsToTheInnermostLocation) {
  const std::string one = experiment("one");
  const auto located = [&](const std::string& name, const std::string& place) {
    const auto made = testing::ApiFixture::post("experiments/create", {{"name", name}, {"artifact_location", place}});
    return text_or(made.body, "experiment_id");
  };
  EXPECT_EQ(owner(one), one);
  EXPECT_EQ(owner(one + "/run/artifacts"), one);
  EXPECT_EQ(owner(one + "0/run"), "nobody");
  EXPECT_EQ(owner("shared/x"), "nobody");
  const std::string shared = located("shared", "mlflow-artifacts:/shared");
  EXPECT_EQ(owner("shared/x"), shared);
  located("elsewhere", "s3://bucket/" + one);
  EXPECT_EQ(owner(one + "/run"), one);
  const std::string inner = located("inner", "mlflow-artifacts:/" + one + "/inner/");
  EXPECT_EQ(owner(one + "/inner/a"), inner);
  EXPECT_EQ(owner(one + "/run"), one);
  EXPECT_EQ(owner(one), "nobody");  // holds another's
  located("same", "mlflow-artifacts:/shared");
  EXPECT_EQ(owner("shared/x"), shared);
  located("thief", "mlflow-artifacts:/" + one);
  EXPECT_EQ(owner(one + "/run"), one);
  located("all", "mlflow-artifacts:/");
  EXPECT_EQ(owner(one + "/run"), one);
}

INSTANTIATE_TEST_SUITE_P(Engines, Concerns, ::testing::Values(sql::Dialect::sqlite, sql::Dialect::postgresql),
                         testing::engine_name);

}  // namespace
}  // namespace ciclo::tracking
