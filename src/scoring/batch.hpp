// Internal to this folder: rows of several requests run as one, and the answer
// cut up again.
//
// Thread safety: a Batch belongs to one thread.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/error.hpp"
#include "scoring/tensor.hpp"

namespace ciclo::scoring {

using RunTensors = std::function<Result<std::vector<Tensor>>(const std::vector<Tensor>&)>;

class Batch {
 public:
  static constexpr std::size_t max_entries = 64;
  static constexpr std::size_t max_rows_of_entry = 64;

  // Takes the inputs of one request, which all have the same first dimension.
  // Its number in the batch.
  std::size_t add(std::vector<Tensor> inputs);
  bool is_full() const { return entries_.size() >= max_entries; }
  bool has_run() const { return has_run_; }
  // Runs everything in one go. When that fails, or an output does not have one
  // row for each row of the inputs, each entry is run alone, so that no request
  // suffers from a neighbour.
  void run(const RunTensors& run_tensors);
  // After run(): the outputs of an entry, and its inputs.
  Result<std::vector<Tensor>> take_outputs(std::size_t entry) { return std::move(entries_[entry].outputs); }
  std::vector<Tensor> take_inputs(std::size_t entry) { return std::move(entries_[entry].inputs); }

 private:
  struct Entry {
    std::vector<Tensor> inputs;
    std::size_t rows = 0;
    Result<std::vector<Tensor>> outputs;
  };
  std::vector<Tensor> joined_inputs() const;
  bool split(const std::vector<Tensor>& outputs);

  std::vector<Entry> entries_;
  std::size_t rows_ = 0;
  bool has_run_ = false;
};

}  // namespace ciclo::scoring
