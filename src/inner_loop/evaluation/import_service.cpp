#include "inner_loop/evaluation/import_service.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/ids.hpp"
#include "inner_loop/evaluation/limits.hpp"
#include "inner_loop/tracking/experiment_store.hpp"
#include "inner_loop/tracking/import_merge.hpp"
#include "inner_loop/tracking/import_routes.hpp"
#include "inner_loop/tracking/limits.hpp"

namespace ciclo::evaluation {
namespace {

using tracking::ImportCounts;
using tracking::Imported;
using tracking::ImportOutcome;

Result<bool> is_experiment(sql::Session& session, const std::string& workspace, std::int64_t id) {
  CICLO_TRY(const auto found, tracking::ExperimentStore().find(session, workspace, id));
  return found.has_value();
}

ImportOutcome refused(ImportOutcome outcome, std::string why) {
  outcome.outcome = Imported::refused;
  outcome.differences.push_back(std::move(why));
  return outcome;
}

std::vector<tracking::Tag> tags_of(const Json& tags) {
  std::vector<tracking::Tag> list;
  for (const auto& [key, value] : tags.items()) list.push_back({.key = key, .value = value.get<std::string>()});
  return list;
}

bool same_content(const DatasetRecord& here, const DatasetRecord& there) {
  return equal_values(here.outputs, there.outputs) && equal_values(here.expectations, there.expectations) &&
         equal_values(here.tags, there.tags);
}

}  // namespace

Result<std::size_t> EvaluationImport::versions_in(sql::Session& session, const ImportStore::Scorer& scorer,
                                                  const ImportedScorer& item, ImportOutcome& outcome) const {
  std::size_t added = 0;
  for (const ScorerVersion& given : item.versions) {
    ScorerVersion version = given;
    version.number = scorer.number;
    CICLO_TRY(const bool is_new, store_.add_version(session, version));
    if (is_new) {
      ++added;
      continue;
    }
    CICLO_TRY(const auto here, store_.text_of(session, version));
    if (here != version.serialized)
      outcome.differences.push_back(fmt::format("version {} has another content here", version.version));
  }
  return added;
}

Result<bool> EvaluationImport::online_in(sql::Session& session, const std::string& workspace,
                                         const ImportStore::Scorer& scorer, OnlineScoring online,
                                         ImportOutcome& outcome) const {
  if (!tracking::check_id(online.id, "id")) online.id = new_uid();
  CICLO_TRY(const bool is_new, store_.add_online(session, scorer, online));
  if (is_new) return true;
  CICLO_TRY(const auto here, scorer_store_.online(session, workspace, {scorer.id}));
  if (here.empty() || here.front().filter != online.filter)
    outcome.differences.emplace_back("it has another filter of traces here");
  return false;
}

Result<ImportOutcome> EvaluationImport::scorer_in(sql::Session& session, const ScorerRef& ref,
                                                  const ImportedScorer& item) const {
  ImportOutcome outcome = item.outcome;
  CICLO_TRY(const bool has_experiment, is_experiment(session, ref.workspace, ref.experiment_id));
  if (!has_experiment)
    return tracking::refused_import(ref.name, fmt::format("there is no experiment {} for it", ref.experiment_id));
  CICLO_TRY(auto scorer, store_.find_scorer(session, ref));
  const bool is_new = !scorer || scorer->versions == 0;
  if (is_new && item.versions.empty()) return refused(std::move(outcome), "it has no version that can be taken");
  if (!scorer) {
    CICLO_TRY(scorer,
              store_.insert_scorer(session, ref, tracking::check_id(item.id, "scorer id") ? item.id : new_uid()));
  }
  if (!item.id.empty() && scorer->id != item.id) outcome.differences.emplace_back("it has another scorer_id here");
  CICLO_TRY(const std::size_t versions, versions_in(session, *scorer, item, outcome));
  bool is_changed = versions > 0;
  if (item.online) {
    CICLO_TRY(const bool came_in, online_in(session, ref.workspace, *scorer, *item.online, outcome));
    is_changed = is_changed || came_in;
  }
  if (is_changed) outcome.outcome = is_new ? Imported::added : Imported::changed;
  return outcome;
}

Result<std::vector<ImportOutcome>> EvaluationImport::scorers(const std::string& workspace,
                                                             const std::vector<ImportedScorer>& items) {
  CICLO_CHECK(parts_.experiments.ensure_default(workspace));
  return parts_.database.write([&](sql::Session& session) -> Result<std::vector<ImportOutcome>> {
    std::vector<ImportOutcome> outcomes;
    for (const ImportedScorer& item : items) {
      outcomes.push_back(item.outcome);
      if (item.outcome.outcome == Imported::refused) continue;
      const ScorerRef ref{.workspace = workspace, .experiment_id = item.experiment_id, .name = item.name};
      CICLO_TRY(outcomes.back(), scorer_in(session, ref, item));
    }
    return outcomes;
  });
}

Result<void> EvaluationImport::merge_dataset_in(sql::Session& session, EvaluationDataset here,
                                                const EvaluationDataset& there, ImportOutcome& outcome) const {
  if (here.name != there.name) outcome.differences.push_back(fmt::format("it is named '{}' here", here.name));
  const auto tags = tracking::merge_tags(tags_of(here.tags), tags_of(there.tags), "tag");
  std::ranges::copy(tags.differences, std::back_inserter(outcome.differences));
  for (const tracking::Tag& tag : tags.added) CICLO_CHECK(dataset_store_.put_tag(session, here, tag));
  if (!tags.added.empty()) outcome.outcome = Imported::changed;
  for (const std::int64_t id : there.experiment_ids) {
    if (std::ranges::find(here.experiment_ids, id) != here.experiment_ids.end()) continue;
    CICLO_CHECK(dataset_store_.add_experiment(session, here, id));
    outcome.outcome = Imported::changed;
  }
  if (there.last_update_time <= here.last_update_time) return {};
  here.digest = there.digest;
  here.schema = there.schema;
  here.last_updated_by = there.last_updated_by;
  here.last_update_time = there.last_update_time;
  outcome.outcome = Imported::changed;
  return dataset_store_.update(session, here);
}

Result<ImportOutcome> EvaluationImport::dataset_in(sql::Session& session, const ImportedDataset& item) const {
  ImportOutcome outcome = item.outcome;
  EvaluationDataset dataset = item.dataset;
  dataset.experiment_ids.clear();
  for (const std::int64_t id : item.dataset.experiment_ids) {
    CICLO_TRY(const bool is_here, is_experiment(session, dataset.workspace, id));
    if (is_here) dataset.experiment_ids.push_back(id);
    else outcome.differences.push_back(fmt::format("there is no experiment {} for it", id));
  }
  CICLO_TRY(auto here, dataset_store_.find(session, {.workspace = dataset.workspace, .id = dataset.id}));
  if (here) {
    CICLO_CHECK(merge_dataset_in(session, std::move(*here), dataset, outcome));
    return outcome;
  }
  CICLO_CHECK(dataset_store_.insert(session, dataset));
  outcome.outcome = Imported::added;
  return outcome;
}

Result<std::vector<ImportOutcome>> EvaluationImport::datasets(const std::string& workspace,
                                                              const std::vector<ImportedDataset>& items) {
  CICLO_CHECK(parts_.experiments.ensure_default(workspace));
  return parts_.database.write([&](sql::Session& session) -> Result<std::vector<ImportOutcome>> {
    std::vector<ImportOutcome> outcomes;
    for (const ImportedDataset& given : items) {
      outcomes.push_back(given.outcome);
      if (given.outcome.outcome == Imported::refused) continue;
      ImportedDataset item = given;
      item.dataset.workspace = workspace;
      CICLO_TRY(outcomes.back(), dataset_in(session, item));
    }
    return outcomes;
  });
}

Result<void> EvaluationImport::record_in(sql::Session& session, const EvaluationDataset& dataset,
                                         const ImportedRecord& item, ImportCounts& counts,
                                         std::set<std::string>& differences) const {
  CICLO_TRY(bool is_new, dataset_store_.insert_record(session, dataset, item.record, item.input_hash));
  if (!is_new) {
    CICLO_TRY(const auto here, dataset_store_.find_record(session, dataset, item.input_hash));
    if (here) {
      ++counts.present;
      if (!same_content(*here, item.record))
        differences.insert("a record has other outputs, expectations or tags here");
      return {};
    }
    DatasetRecord renamed = item.record;  // another record has its id
    renamed.id = "dr-" + new_uid();
    CICLO_TRY(is_new, dataset_store_.insert_record(session, dataset, renamed, item.input_hash));
    if (!is_new) return fail(ErrorCode::conflict, "the record was added meanwhile", "records");
  }
  ++counts.added;
  return {};
}

Result<void> EvaluationImport::records_in(sql::Session& session, EvaluationDataset dataset, const ImportedRecords& item,
                                          ImportCounts& counts) const {
  std::set<std::string> differences(item.left_out.begin(), item.left_out.end());
  const std::size_t before = counts.added;
  for (const ImportedRecord& record : item.records)
    CICLO_CHECK(record_in(session, dataset, record, counts, differences));
  std::ranges::copy(differences, std::back_inserter(counts.differences));
  if (counts.added == before) return {};
  dataset.records += static_cast<std::int64_t>(counts.added - before);
  return dataset_store_.update(session, dataset);
}

Result<ImportCounts> EvaluationImport::records(const std::string& workspace,
                                               const std::vector<ImportedRecords>& items) {
  CICLO_CHECK(parts_.experiments.ensure_default(workspace));
  return parts_.database.write([&](sql::Session& session) -> Result<ImportCounts> {
    ImportCounts counts;
    for (const ImportedRecords& item : items) {
      const bool is_name = check_storable(item.dataset_id, "dataset_id").has_value();
      CICLO_TRY(auto dataset, dataset_store_.find(
                                  session, {.workspace = workspace, .id = is_name ? item.dataset_id : std::string()}));
      if (dataset) CICLO_CHECK(records_in(session, std::move(*dataset), item, counts));
      else counts.differences.push_back(fmt::format("there is no data set {} here", item.dataset_id.substr(0, 100)));
    }
    return counts;
  });
}

}  // namespace ciclo::evaluation
