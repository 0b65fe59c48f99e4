// An order in which things that wait for each other can run.
//
// Thread safety: pure function.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace ciclo::inner_loop {

struct OrderItem {
  std::string name;
  std::set<std::string> depends_on;  // names of other items; unknown ones are ignored
};

// Indices of `items`, each after all it depends on; among those that could come next, the first as given. A cycle fails
// with ErrorCode::invalid, written out: "train → evaluate → train"; the target is the job of its first.
Result<std::vector<std::size_t>> run_order(const std::vector<OrderItem>& items);

}  // namespace ciclo::inner_loop
