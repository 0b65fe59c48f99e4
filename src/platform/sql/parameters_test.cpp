#include "platform/sql/parameters.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace ciclo::sql {
namespace {

TEST(NumberParameters, CountsThoseOutsideOfQuotesAndComments) {
  struct Case {
    std::string sql;
    std::string numbered;
    std::size_t parameters;
  };
  const std::vector<Case> cases = {
      {"", "", 0},
      {"SELECT ?", "SELECT $1", 1},
      {"a = ? AND b IN (?,?)", "a = $1 AND b IN ($2,$3)", 3},
      {"'?' ?", "'?' $1", 1},
      {"'it''s ?' ?", "'it''s ?' $1", 1},
      {R"('\' ? ')", R"('\' $1 ')", 1},
      {R"(E'\'?' ?)", R"(E'\'?' $1)", 1},
      {R"(nameE'\' ?)", R"(nameE'\' $1)", 1},
      {R"("odd?""?" ?)", R"("odd?""?" $1)", 1},
      {"? -- ?\n?", "$1 -- ?\n$2", 2},
      {"? - ?", "$1 - $2", 2},
      {"/* ? /* ? */ ? */ ?", "/* ? /* ? */ ? */ $1", 1},
      {"/*/ ? */ ?", "/*/ ? */ $1", 1},
      {"$$ ? $$ ?", "$$ ? $$ $1", 1},
      {"$a$ ? $$ ? $a$ ?", "$a$ ? $$ ? $a$ $1", 1},
      {"a$b$ ?", "a$b$ $1", 1},
      {"$ ?", "$ $1", 1},
      {"'open ?", "'open ?", 0},
      {"/* open ?", "/* open ?", 0},
      {"$x$ open ?", "$x$ open ?", 0},
  };
  for (const Case& one : cases) {
    const NumberedSql numbered = number_parameters(one.sql);
    EXPECT_EQ(numbered.text, one.numbered) << one.sql;
    EXPECT_EQ(numbered.parameters, one.parameters) << one.sql;
  }
}

}  // namespace
}  // namespace ciclo::sql
