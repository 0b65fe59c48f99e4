#include "portability/rest_registry_sink.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "platform/http/message.hpp"

namespace ciclo::portability {
namespace {

constexpr std::string_view api = "/api/2.0/mlflow/";
constexpr int max_fillers = 100;

}  // namespace

Result<Json> RestRegistrySink::call(std::string_view endpoint, const Json& body) {
  return client_.post(std::string(api) + std::string(endpoint), body);
}

Result<Outcome> RestRegistrySink::put_model(const Json& item) {
  const std::string name = text_or(item, "name");
  Outcome outcome{.kind = Outcome::Kind::present, .id = name, .differences = {}};
  const auto found = client_.get(fmt::format("{}registered-models/get?name={}", api, http::percent_encode(name)));
  if (found) return outcome;
  if (found.error().code != ErrorCode::not_found) return Failure(found.error());
  CICLO_CHECK(
      call("registered-models/create", {{"name", name},
                                        {"description", text_or(item, "description")},
                                        {"tags", member(item, "tags").is_array() ? item["tags"] : Json::array()}}));
  outcome.kind = Outcome::Kind::added;
  return outcome;
}

std::string RestRegistrySink::new_source(const std::string& source) const {
  for (const auto& [scheme, known] : {std::pair(std::string("models:/"), &models_), {std::string("runs:/"), &runs_}}) {
    if (!source.starts_with(scheme)) continue;
    const std::string rest = source.substr(scheme.size());
    const std::string id = rest.substr(0, rest.find('/'));
    if (const auto made = known->find(id); made != known->end())
      return scheme + made->second.id + rest.substr(id.size());
  }
  return source;
}

// A version of the number that is asked for: lower numbers that are missing are made and deleted again.
Result<std::string> RestRegistrySink::make_version(const Json& item, const std::string& source) {
  Json body{{"name", text_or(item, "name")}, {"source", source}};
  if (const auto run = runs_.find(text_or(item, "run_id")); run != runs_.end()) body["run_id"] = run->second.id;
  if (source.starts_with("models:/m-")) body["model_id"] = source.substr(8);
  for (const char* key : {"description", "run_link"})
    if (const std::string value = text_or(item, key); !value.empty()) body[key] = value;
  if (member(item, "tags").is_array()) body["tags"] = item["tags"];
  const auto wanted = parse_int(text_or(item, "version")).value_or(1);
  for (int turn = 0;; ++turn) {
    CICLO_TRY(const Json answer, call("model-versions/create", body));
    const std::string made = text_or(member(answer, "model_version"), "version");
    if (parse_int(made).value_or(0) >= wanted || turn == max_fillers) return made;
    CICLO_CHECK(client_.remove(std::string(api) + "model-versions/delete",
                               {{"name", text_or(item, "name")}, {"version", made}}));
  }
}

Result<void> RestRegistrySink::dress_version(const Json& item, const std::string& version, Outcome& outcome) {
  const std::string name = text_or(item, "name");
  for (const Json& alias : member(item, "aliases"))
    CICLO_CHECK(call("registered-models/alias", {{"name", name}, {"alias", alias}, {"version", version}}));
  const std::string stage = text_or(item, "current_stage", "None");
  if (stage != "None" && !stage.empty())
    CICLO_CHECK(call("model-versions/transition-stage",
                     {{"name", name}, {"version", version}, {"stage", stage}, {"archive_existing_versions", false}}));
  if (version != text_or(item, "version"))
    outcome.differences.push_back(fmt::format("it has the number {} there", version));
  return {};
}

Result<Outcome> RestRegistrySink::put_version(const Json& item) {
  const std::string name = text_or(item, "name");
  const std::string number = text_or(item, "version");
  Outcome outcome{.kind = Outcome::Kind::present, .id = fmt::format("{}:{}", name, number), .differences = {}};
  const auto found =
      client_.get(fmt::format("{}model-versions/get?name={}&version={}", api, http::percent_encode(name), number));
  if (found) return outcome;
  if (found.error().code != ErrorCode::not_found) return Failure(found.error());
  const auto made = make_version(item, new_source(text_or(item, "source")));
  if (!made) {
    if (made.error().code != ErrorCode::invalid && made.error().code != ErrorCode::not_found)
      return Failure(made.error());
    return Outcome{.kind = Outcome::Kind::refused, .id = outcome.id, .differences = {made.error().message}};
  }
  outcome.kind = Outcome::Kind::added;
  CICLO_CHECK(dress_version(item, *made, outcome));
  return outcome;
}

}  // namespace ciclo::portability
