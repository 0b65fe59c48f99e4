#include "administration/audit/fold.hpp"

#include <gtest/gtest.h>

namespace ciclo::administration {
namespace {

StoredAuditRow row(std::int64_t time_ms, std::string target, std::string request) {
  return {.time_ms = time_ms, .principal = "maria", .target = std::move(target), .request_id = std::move(request)};
}

TEST(Fold, CountsWhatIsTheSameButForTimeAndRequest) {
  const auto folded = fold({row(10, "/a", "1"), row(11, "/b", "2"), row(12, "/a", "3"), row(9, "/a", "4")});
  ASSERT_EQ(folded.size(), 2U);
  EXPECT_EQ(folded[0].target, "/a");
  EXPECT_EQ(folded[0].time_ms, 9);
  EXPECT_EQ(folded[0].request_id, "1");
  EXPECT_EQ(folded[0].detail,
            R"({"count":3,"first_time":"1970-01-01T00:00:00.009Z","last_time":"1970-01-01T00:00:00.012Z",)"
            R"("last_request_id":"4"})");
  EXPECT_EQ(folded[1], row(11, "/b", "2"));
}

TEST(Fold, KeepsApartWhatDiffersInAnyOtherColumn) {
  StoredAuditRow other = row(1, "/a", "1");
  std::vector<StoredAuditRow> rows = {other};
  for (std::string StoredAuditRow::*column :
       {&StoredAuditRow::principal, &StoredAuditRow::token_id, &StoredAuditRow::action, &StoredAuditRow::operation,
        &StoredAuditRow::workspace, &StoredAuditRow::target, &StoredAuditRow::rule}) {
    rows.push_back(other);
    rows.back().*column += "x";
  }
  rows.push_back(other);
  rows.back().allowed = 1;
  rows.push_back(other);
  rows.back().detail = R"({"a":1})";
  EXPECT_EQ(fold(rows).size(), rows.size());
  EXPECT_TRUE(fold({}).empty());
}

}  // namespace
}  // namespace ciclo::administration
