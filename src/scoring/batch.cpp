#include "scoring/batch.hpp"

#include <algorithm>

namespace ciclo::scoring {
namespace {

std::size_t rows_of(const Tensor& tensor) {
  return tensor.shape.empty() ? 0 : static_cast<std::size_t>(tensor.shape[0]);
}

Tensor rows_from(const Tensor& whole, std::size_t first, std::size_t count) {
  Tensor part;
  part.type = whole.type;
  part.shape = whole.shape;
  part.shape[0] = static_cast<std::int64_t>(count);
  const auto total = rows_of(whole);
  if (whole.type == DataType::bytes) {
    const auto width = whole.strings.size() / total;
    const auto from = whole.strings.begin() + static_cast<std::ptrdiff_t>(first * width);
    part.strings.assign(from, from + static_cast<std::ptrdiff_t>(count * width));
  } else {
    const auto width = whole.raw.size() / total;
    part.raw.assign(whole.raw, first * width, count * width);
  }
  return part;
}

}  // namespace

std::size_t Batch::add(std::vector<Tensor> inputs) {
  const auto rows = rows_of(inputs.front());
  rows_ += rows;
  entries_.push_back({std::move(inputs), rows, std::vector<Tensor>()});
  return entries_.size() - 1;
}

std::vector<Tensor> Batch::joined_inputs() const {
  auto joined = entries_.front().inputs;
  for (std::size_t i = 0; i < joined.size(); ++i) {
    auto& tensor = joined[i];
    tensor.shape[0] = static_cast<std::int64_t>(rows_);
    for (std::size_t e = 1; e < entries_.size(); ++e) {
      const auto& more = entries_[e].inputs[i];
      tensor.raw += more.raw;
      tensor.strings.insert(tensor.strings.end(), more.strings.begin(), more.strings.end());
    }
  }
  return joined;
}

bool Batch::split(const std::vector<Tensor>& outputs) {
  if (!std::ranges::all_of(outputs, [&](const Tensor& output) { return rows_of(output) == rows_; })) return false;
  std::size_t first = 0;
  for (auto& entry : entries_) {
    std::vector<Tensor> own;
    own.reserve(outputs.size());
    for (const auto& output : outputs) own.push_back(rows_from(output, first, entry.rows));
    entry.outputs = std::move(own);
    first += entry.rows;
  }
  return true;
}

void Batch::run(const RunTensors& run_tensors) {
  has_run_ = true;
  if (entries_.size() > 1) {
    const auto together = run_tensors(joined_inputs());
    if (together && split(*together)) return;
  }
  for (auto& entry : entries_) entry.outputs = run_tensors(entry.inputs);
}

}  // namespace ciclo::scoring
