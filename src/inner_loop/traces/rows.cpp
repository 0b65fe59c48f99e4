#include "inner_loop/traces/rows.hpp"

#include <array>
#include <string>

namespace ciclo::traces {

Result<void> insert_rows(sql::Session& session, std::string_view insert, std::string_view rest,
                         const std::vector<std::vector<sql::Value>>& rows) {
  constexpr std::array<std::size_t, 3> sizes{16, 4, 1};
  std::size_t done = 0;
  for (const std::size_t size : sizes) {
    while (rows.size() - done >= size) {
      std::string text(insert);
      std::vector<sql::Value> parameters;
      for (std::size_t i = 0; i < size; ++i) {
        const auto& row = rows[done + i];
        text += i == 0 ? " VALUES (" : ", (";
        for (std::size_t column = 0; column < row.size(); ++column) text += column == 0 ? "?" : ", ?";
        text += ")";
        parameters.insert(parameters.end(), row.begin(), row.end());
      }
      text += rest;
      CICLO_TRY(std::ignore, session.execute(text, parameters));
      done += size;
    }
  }
  return {};
}

}  // namespace ciclo::traces
