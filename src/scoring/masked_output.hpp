// Internal to this folder: passes on what a worker writes, without the values it must not show.
//
// Thread safety: one owner; a thread of its own does the work.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/error.hpp"

namespace ciclo::scoring {

class MaskedOutput {
 public:
  // What is written to input() comes out of `output`, which must outlive this.
  static Result<std::unique_ptr<MaskedOutput>> start(const std::vector<std::string>& hidden, int output);
  // Passes on what was written so far; what a worker's own children write later is lost.
  ~MaskedOutput();
  MaskedOutput(const MaskedOutput&) = delete;
  MaskedOutput& operator=(const MaskedOutput&) = delete;

  int input() const { return write_end_; }
  void close_input();  // once the worker has it

 private:
  MaskedOutput() = default;
  void pass_on(const std::vector<std::string>& hidden, int output) const;

  int read_end_ = -1;
  int write_end_ = -1;
  int stop_ = -1;  // an eventfd
  std::jthread thread_;
};

}  // namespace ciclo::scoring
