#include "inner_loop/jobs/graph_order.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <queue>

#include "base/json.hpp"
#include "base/text.hpp"

namespace ciclo::inner_loop {
namespace {

// Some cycle among the items that could not be ordered; each of those waits for another of them. It is written in the
// direction in which the work would flow.
Failure cycle_failure(const std::vector<OrderItem>& items, const std::map<std::string, std::size_t>& index,
                      const std::vector<std::size_t>& waiting_for) {
  const auto is_stuck = [&](std::size_t i) { return waiting_for[i] > 0; };
  std::size_t current = 0;
  while (!is_stuck(current)) ++current;
  std::vector<std::size_t> path;
  auto again = path.end();
  while (again == path.end()) {
    path.push_back(current);
    for (const std::string& name : items[current].depends_on) {
      const auto next = index.find(name);
      if (next == index.end() || !is_stuck(next->second)) continue;
      current = next->second;
      break;
    }
    again = std::ranges::find(path, current);
  }
  std::vector<std::string> names;
  for (auto step = path.end(); step != again;) names.push_back(items[*--step].name);
  names.push_back(names.front());
  return fail(ErrorCode::invalid, fmt::format("the steps wait for each other: {}", join(names, " → ")),
              "/jobs/" + escape_pointer_token(names.front()), "take one of these inputs away");
}

}  // namespace

Result<std::vector<std::size_t>> run_order(const std::vector<OrderItem>& items) {
  std::map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < items.size(); ++i) index[items[i].name] = i;
  std::vector<std::size_t> waiting_for(items.size(), 0);
  std::vector<std::vector<std::size_t>> feeds(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (const std::string& name : items[i].depends_on) {
      const auto source = index.find(name);
      if (source == index.end()) continue;
      feeds[source->second].push_back(i);
      ++waiting_for[i];
    }
  }
  std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
  for (std::size_t i = 0; i < items.size(); ++i)
    if (waiting_for[i] == 0) ready.push(i);
  std::vector<std::size_t> order;
  while (!ready.empty()) {
    const std::size_t next = ready.top();
    ready.pop();
    order.push_back(next);
    for (const std::size_t fed : feeds[next])
      if (--waiting_for[fed] == 0) ready.push(fed);
  }
  if (order.size() < items.size()) return cycle_failure(items, index, waiting_for);
  return order;
}

}  // namespace ciclo::inner_loop
