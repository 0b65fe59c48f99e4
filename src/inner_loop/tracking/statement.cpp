#include "inner_loop/tracking/statement.hpp"

#include <algorithm>

namespace ciclo::tracking {
namespace {

std::size_t padded(std::size_t count) {
  for (const std::size_t length : {1U, 8U, 64U})
    if (count <= length) return length;
  return std::max(count, max_bound_list);
}

template <class Item>
void bind_all(Statement& statement, const std::vector<Item>& values) {
  statement.add("(");
  if (values.empty()) statement.add("NULL");
  const std::size_t length = values.empty() ? 0 : padded(values.size());
  for (std::size_t i = 0; i < length; ++i) {
    if (i > 0) statement.add(", ");
    statement.bind(values[std::min(i, values.size() - 1)]);
  }
  statement.add(")");
}

}  // namespace

Statement& Statement::bind_list(const std::vector<std::int64_t>& values) {
  bind_all(*this, values);
  return *this;
}

Statement& Statement::bind_list(const std::vector<std::string>& values) {
  bind_all(*this, values);
  return *this;
}

}  // namespace ciclo::tracking
