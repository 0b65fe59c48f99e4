// The secret values that this process has handled lately, so that its log can leave them out: a net under the rule that
// no secret is handed to a logger. At most 1,000 of them, 4 MiB in all; the oldest go first.
//
// Thread safety: safe from any thread.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "platform/log/mask.hpp"

namespace ciclo::administration {

class KnownValues {
 public:
  void add(std::string_view value);
  std::string mask(std::string_view text) const;

 private:
  struct Known {
    std::size_t hash = 0;
    std::size_t bytes = 0;
    std::shared_ptr<const log::Masker> masker;
  };
  mutable std::mutex mutex_;
  std::deque<Known> known_;
  std::size_t bytes_ = 0;
};

}  // namespace ciclo::administration
