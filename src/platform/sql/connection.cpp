#include "platform/sql/connection.hpp"

#include <exception>

namespace ciclo::sql {

Result<std::vector<Row>> ConnectionSession::query(std::string_view sql, std::span<const Value> parameters) {
  if (failed_) return std::unexpected<Error>(*failed_);
  auto rows = connection_.query(sql, parameters);
  if (!rows) failed_ = rows.error();
  return rows;
}

Result<void> ConnectionSession::scan(std::string_view sql, std::span<const Value> parameters, const TakeRow& take) {
  if (failed_) return std::unexpected<Error>(*failed_);
  auto done = connection_.scan(sql, parameters, take);
  if (!done) failed_ = done.error();
  return done;
}

Result<std::int64_t> ConnectionSession::execute(std::string_view sql, std::span<const Value> parameters) {
  if (failed_) return std::unexpected<Error>(*failed_);
  auto changed = connection_.execute(sql, parameters);
  if (!changed) failed_ = changed.error();
  return changed;
}

Result<void> ConnectionSession::run(const std::function<Result<void>(Session&)>& closure) {
  Result<void> result;
  try {
    result = closure(*this);
  } catch (const std::exception& e) {
    return fail(ErrorCode::internal, std::string("a database closure threw: ") + e.what());
  }
  if (result && failed_) return std::unexpected<Error>(*failed_);
  return result;
}

}  // namespace ciclo::sql
