#include "portability/evaluation_transfer.hpp"

#include <algorithm>

namespace ciclo::portability {
namespace {

constexpr std::size_t records_per_call = 1000;
constexpr std::size_t bytes_per_call = std::size_t{8} << 20U;

}  // namespace

Result<void> EvaluationTransfer::move_scorers(const std::string& experiment_id) {
  CICLO_TRY(auto scorers, source_.scorers(experiment_id));
  for (Json& scorer : scorers) {
    scorer["experiment_id"] = target_ids_.at(experiment_id);
    CICLO_TRY(const auto outcomes, sink_.scorers({scorer}));
    report_.count("scorers", "scorer", outcomes);
  }
  return {};
}

Result<std::vector<Json>> EvaluationTransfer::chosen_datasets(const std::vector<std::string>& experiment_ids) {
  CICLO_TRY(auto sets, source_.evaluation_datasets());
  if (settings_.experiments.empty()) return sets;
  std::erase_if(sets, [&](const Json& set) {
    return std::ranges::none_of(texts_of(member(set, "experiment_ids")), [&](const std::string& id) {
      return std::ranges::find(experiment_ids, id) != experiment_ids.end();
    });
  });
  return sets;
}

Result<void> EvaluationTransfer::move_records(const std::string& dataset_id) {
  std::vector<Json> waiting;
  std::size_t bytes = 0;
  Line& line = report_.line("records");
  const auto send = [&]() -> Result<void> {
    if (waiting.empty()) return {};
    CICLO_TRY(const Counts counts, sink_.evaluation_records(dataset_id, waiting));
    line.found += waiting.size();
    line.added += counts.added;
    line.present += counts.present;
    line.skipped += waiting.size() - std::min(waiting.size(), counts.added + counts.present);
    for (const std::string& difference : counts.differences) report_.differ("data set " + dataset_id, difference);
    waiting.clear();
    bytes = 0;
    return {};
  };
  CICLO_CHECK(source_.evaluation_records(dataset_id, [&](std::vector<Json> records) -> Result<void> {
    for (Json& record : records) {
      bytes += to_text(record).size();
      waiting.push_back(std::move(record));
      if (waiting.size() == records_per_call || bytes > bytes_per_call) CICLO_CHECK(send());
    }
    return {};
  }));
  return send();
}

Result<void> EvaluationTransfer::move_datasets() {
  std::vector<std::string> ids;
  for (const auto& [from, to] : target_ids_) ids.push_back(from);
  CICLO_TRY(auto sets, chosen_datasets(ids));
  for (Json& set : sets) {
    const std::string id = text_or(set, "dataset_id");
    Json experiments = Json::array();
    for (const std::string& experiment : texts_of(member(set, "experiment_ids")))
      if (const auto to = target_ids_.find(experiment); to != target_ids_.end()) experiments.push_back(to->second);
    set["experiment_ids"] = std::move(experiments);
    CICLO_TRY(const auto outcomes, sink_.evaluation_datasets({set}));
    report_.count("evaluation data sets", "data set", outcomes);
    if (outcomes.front().kind != Outcome::Kind::refused) CICLO_CHECK(move_records(id));
  }
  return {};
}

Result<void> EvaluationTransfer::move_webhooks() {
  if (!settings_.experiments.empty()) return {};
  CICLO_TRY(const auto webhooks, source_.webhooks());
  if (webhooks.empty()) return {};
  CICLO_TRY(const auto outcomes, sink_.webhooks(webhooks));
  report_.count("webhooks", "webhook", outcomes);
  return {};
}

Result<void> EvaluationTransfer::look_at_scorers(const std::string& experiment_id) {
  CICLO_TRY(const auto scorers, source_.scorers(experiment_id));
  if (!scorers.empty()) report_.line("scorers").found += scorers.size();
  return {};
}

Result<void> EvaluationTransfer::look_at_the_rest(const std::vector<std::string>& experiment_ids) {
  CICLO_TRY(const auto sets, chosen_datasets(experiment_ids));
  for (const Json& set : sets) {
    ++report_.line("evaluation data sets").found;
    CICLO_CHECK(
        source_.evaluation_records(text_or(set, "dataset_id"), [&](const std::vector<Json>& records) -> Result<void> {
          report_.line("records").found += records.size();
          return {};
        }));
  }
  if (!settings_.experiments.empty()) return {};
  CICLO_TRY(const auto webhooks, source_.webhooks());
  if (!webhooks.empty()) report_.line("webhooks").found = webhooks.size();
  return {};
}

}  // namespace ciclo::portability
