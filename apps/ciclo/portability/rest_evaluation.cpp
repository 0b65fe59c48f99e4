#include "portability/rest_evaluation.hpp"

#include <fmt/format.h>

#include "platform/http/message.hpp"

namespace ciclo::portability {
namespace {

void put_same(Json& target, const Json& from, std::initializer_list<const char*> keys) {
  for (const char* key : keys)
    if (const Json& value = member(from, key); !value.is_null()) target[key] = value;
}

}  // namespace

Result<Json> RestEvaluation::scorer_of(const std::string& experiment_id, const std::string& name) {
  CICLO_TRY(const Json answer, client_.get(fmt::format("{}scorers/versions?experiment_id={}&name={}", api3,
                                                       experiment_id, http::percent_encode(name))));
  Json scorer{{"experiment_id", experiment_id}, {"name", name}, {"versions", Json::array()}};
  for (const Json& version : member(answer, "scorers")) {
    scorer["scorer_id"] = text_or(version, "scorer_id");
    Json kept = Json::object();
    put_same(kept, version, {"scorer_version", "serialized_scorer", "creation_time"});
    scorer["versions"].push_back(std::move(kept));
  }
  return scorer;
}

Result<void> RestEvaluation::add_online(std::vector<Json>& scorers) {
  for (Json& scorer : scorers) {
    const auto answer = client_.get(fmt::format("{}scorers/online-configs?scorer_ids={}", api3,
                                                http::percent_encode(text_or(scorer, "scorer_id"))));
    if (!answer) return pass_over(answer.error(), "list of how scorers judge online", gaps_);
    for (const Json& config : member(*answer, "configs")) {
      scorer["online"] = Json::object();
      put_same(scorer["online"], config, {"online_scoring_config_id", "sample_rate", "filter_string"});
    }
  }
  return {};
}

Result<std::vector<Json>> RestEvaluation::scorers(const std::string& experiment_id) {
  std::vector<Json> items;
  const auto answer = client_.get(fmt::format("{}scorers/list?experiment_id={}", api3, experiment_id));
  if (!answer) {
    CICLO_CHECK(pass_over(answer.error(), "list of scorers", gaps_));
    return items;
  }
  for (const Json& newest : member(*answer, "scorers")) {
    CICLO_TRY(auto scorer, scorer_of(experiment_id, text_or(newest, "scorer_name")));
    items.push_back(std::move(scorer));
  }
  CICLO_CHECK(add_online(items));
  return items;
}

Result<std::vector<Json>> RestEvaluation::datasets() {
  std::vector<Json> items;
  Json body{{"max_results", 1000}, {"order_by", Json::array({"created_time ASC"})}};
  for (;;) {
    const auto answer = client_.post(std::string(api3) + "datasets/search", body);
    if (!answer) {
      CICLO_CHECK(pass_over(answer.error(), "list of evaluation datasets", gaps_));
      return items;
    }
    for (const Json& found : member(*answer, "datasets")) {
      if (!found.is_object()) continue;
      Json set = found;
      if (!member(set, "experiment_ids").is_array()) {
        CICLO_TRY(const Json experiments, client_.get(fmt::format("{}datasets/{}/experiment-ids", api3,
                                                                  http::percent_encode(text_or(set, "dataset_id")))));
        set["experiment_ids"] =
            member(experiments, "experiment_ids").is_array() ? experiments["experiment_ids"] : Json::array();
      }
      items.push_back(std::move(set));
    }
    const std::string token = text_or(*answer, "next_page_token");
    if (token.empty()) return items;
    body["page_token"] = token;
  }
}

Result<void> RestEvaluation::records(const std::string& dataset_id, const TakeItems& take) {
  std::string token;
  do {
    std::string path = fmt::format("{}datasets/{}/records?max_results=500", api3, http::percent_encode(dataset_id));
    if (!token.empty()) path += "&page_token=" + http::percent_encode(token);
    CICLO_TRY(const Json answer, client_.get(path));
    // JSON within JSON.
    CICLO_TRY(const Json list,
              parse_json(text_or(answer, "records", "[]"), {.max_bytes = std::size_t{512} << 20U, .max_depth = 64}));
    if (!list.empty()) CICLO_CHECK(take(std::vector<Json>(list.begin(), list.end())));
    token = text_or(answer, "next_page_token");
  } while (!token.empty());
  return {};
}

Result<std::vector<Json>> RestEvaluation::webhooks() {
  std::vector<Json> items;
  std::string token;
  do {
    std::string path = std::string(api2) + "webhooks?max_results=100";
    if (!token.empty()) path += "&page_token=" + http::percent_encode(token);
    const auto answer = client_.get(path);
    if (!answer) {
      CICLO_CHECK(pass_over(answer.error(), "list of webhooks", gaps_));
      return items;
    }
    for (const Json& found : member(*answer, "webhooks")) {
      Json item = Json::object();
      put_same(item, found, {"name", "description", "url", "events", "creation_timestamp", "last_updated_timestamp"});
      items.push_back(std::move(item));
    }
    token = text_or(*answer, "next_page_token");
  } while (!token.empty());
  return items;
}

}  // namespace ciclo::portability
