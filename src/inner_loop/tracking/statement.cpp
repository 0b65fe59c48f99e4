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

Statement one_of(std::string_view column, const std::vector<std::int64_t>& values) {
  Statement statement;
  for (std::size_t begin = 0; begin < values.size(); begin += max_bound_list) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto last = values.begin() + static_cast<std::ptrdiff_t>(std::min(begin + max_bound_list, values.size()));
    statement.add(begin == 0 ? "(" : " OR ").add(column).add(" IN ").bind_list(std::vector<std::int64_t>(first, last));
  }
  return std::move(statement.add(")"));
}

}  // namespace ciclo::tracking
