// Scorers, evaluation data sets with their records, and webhooks, from a source to a sink.
//
// Thread safety: one thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "portability/sink.hpp"
#include "portability/source.hpp"
#include "portability/transfer.hpp"

namespace ciclo::portability {

class EvaluationTransfer {
 public:
  // `target_ids`: of the experiments that came. All must outlive it.
  EvaluationTransfer(Source& source, Sink& sink, const TransferSettings& settings, Report& report,
                     const std::map<std::string, std::string>& target_ids)
      : source_(source), sink_(sink), settings_(settings), report_(report), target_ids_(target_ids) {}

  Result<void> move_scorers(const std::string& experiment_id);
  // Of a choice of experiments those data sets come that belong to one of them.
  Result<void> move_datasets();
  // Not with a choice of experiments: they belong to none.
  Result<void> move_webhooks();
  // A dry run: counts.
  Result<void> look_at_scorers(const std::string& experiment_id);
  Result<void> look_at_the_rest(const std::vector<std::string>& experiment_ids);

 private:
  Result<std::vector<Json>> chosen_datasets(const std::vector<std::string>& experiment_ids);
  Result<void> move_records(const std::string& dataset_id);

  Source& source_;
  Sink& sink_;
  const TransferSettings& settings_;
  Report& report_;
  const std::map<std::string, std::string>& target_ids_;
};

}  // namespace ciclo::portability
