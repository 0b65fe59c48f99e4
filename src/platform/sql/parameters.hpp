// `?` to PostgreSQL's `$1`, `$2` … Internal to platform/sql.
//
// Pure function.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ciclo::sql {

struct NumberedSql {
  std::string text;
  std::size_t parameters = 0;
};

// A question mark inside of a quoted string or name, a dollar-quoted string or a comment stays as it is. Text that ends
// within one of these is passed on unchanged from there; the engine will refuse it.
NumberedSql number_parameters(std::string_view sql);

}  // namespace ciclo::sql
