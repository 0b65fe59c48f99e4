#include "portability/rest_evaluation_sink.hpp"

#include <fmt/format.h>

#include "platform/http/message.hpp"

namespace ciclo::portability {
namespace {

constexpr const char* dataset_tag = "ciclo.dataset_id";

Outcome refused(std::string id, const Error& error) {
  return {.kind = Outcome::Kind::refused, .id = std::move(id), .differences = {error.message}};
}

}  // namespace

// What is there already is taken to be the first versions of the same scorer.
Result<Outcome> RestEvaluationSink::put_scorer(const Json& item) {
  const std::string name = text_or(item, "name");
  const std::string experiment = text_or(item, "experiment_id");
  Outcome outcome{.kind = Outcome::Kind::present, .id = name, .differences = {}};
  std::size_t there = 0;
  const auto known = client_.get(
      fmt::format("{}scorers/versions?experiment_id={}&name={}", api3, experiment, http::percent_encode(name)));
  if (known) there = member(*known, "scorers").size();
  else if (!is_of_item(known.error())) return Failure(known.error());
  const Json& versions = member(item, "versions");
  for (std::size_t i = there; i < versions.size(); ++i) {
    const auto made = client_.post(std::string(api3) + "scorers/register",
                                   Json{{"experiment_id", experiment},
                                        {"name", name},
                                        {"serialized_scorer", text_or(versions[i], "serialized_scorer")}});
    if (!made) {
      if (!is_of_item(made.error())) return Failure(made.error());
      return refused(name, made.error());
    }
    outcome.kind = Outcome::Kind::added;
    const Json& number = member(*made, "version");
    if (!equal_values(number, member(versions[i], "scorer_version")))
      outcome.differences.push_back(fmt::format("a version has the number {} there", to_text(number)));
  }
  return outcome;
}

// Without quotes around the key, which MLflow would look for.
Result<std::string> RestEvaluationSink::find_dataset(const std::string& old_id) {
  CICLO_TRY(const Json answer, client_.post(std::string(api3) + "datasets/search",
                                            Json{{"filter_string", fmt::format("tags.{} = '{}'", dataset_tag, old_id)},
                                                 {"max_results", 1}}));
  return text_or(at_pointer(answer, "/datasets/0"), "dataset_id");
}

Result<Outcome> RestEvaluationSink::put_dataset(const Json& item) {
  const std::string id = text_or(item, "dataset_id");
  Outcome outcome{.kind = Outcome::Kind::present, .id = id, .differences = {}};
  auto there = find_dataset(id);
  if (!there) {
    if (!is_of_item(there.error())) return Failure(there.error());
    return refused(id, there.error());
  }
  if (there->empty()) {
    Json tags = parse_json(text_or(item, "tags", "{}")).value_or(Json::object());
    tags[dataset_tag] = id;
    const auto made =
        client_.post(std::string(api3) + "datasets/create", Json{{"name", text_or(item, "name")},
                                                                 {"experiment_ids", member(item, "experiment_ids")},
                                                                 {"tags", to_text(tags)}});
    if (!made) {
      if (!is_of_item(made.error())) return Failure(made.error());
      return refused(id, made.error());
    }
    there = text_or(member(*made, "dataset"), "dataset_id");
    outcome.kind = Outcome::Kind::added;
  }
  datasets_[id] = *there;
  return outcome;
}

Result<Counts> RestEvaluationSink::put_records(const std::string& dataset_id, const std::vector<Json>& records) {
  Counts counts;
  const auto there = datasets_.find(dataset_id);
  if (there == datasets_.end()) return counts;
  Json list = Json::array();
  for (const Json& record : records) {
    Json sent = Json::object();
    for (const char* key : {"inputs", "outputs", "expectations", "tags", "source"})
      if (const Json& value = member(record, key); !value.is_null()) sent[key] = value;
    list.push_back(std::move(sent));
  }
  CICLO_TRY(const Json answer,
            client_.post(fmt::format("{}datasets/{}/records", api3, http::percent_encode(there->second)),
                         Json{{"records", to_text(list)}}));
  const auto count_of = [&](const char* key) {
    const Json& count = member(answer, key);
    return count.is_number_unsigned() ? count.get<std::size_t>() : std::size_t{0};
  };
  counts.added = count_of("inserted_count");
  counts.present = count_of("updated_count");
  return counts;
}

}  // namespace ciclo::portability
