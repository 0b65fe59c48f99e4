#include "scoring/traffic.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace ciclo::scoring {
namespace {

constexpr std::uint64_t last = ~std::uint64_t{0};

// The draw that lies at `percent` of the whole range.
std::uint64_t draw_at(double percent) {
  return static_cast<std::uint64_t>(percent / 100.0 * std::ldexp(1.0, 64));
}

TEST(TrafficTest, FollowsTheTable) {
  struct Row {
    std::vector<TrafficShare> shares;
    std::uint64_t draw;
    std::optional<std::string_view> expected;
  };
  const std::vector<TrafficShare> split{{"blue", 90}, {"green", 10}};
  const std::vector<Row> table{
      {{}, 0, std::nullopt},
      {{{"blue", 0}}, 0, std::nullopt},
      {{{"blue", 100}}, 0, "blue"},
      {{{"blue", 100}}, last, "blue"},
      {split, 0, "blue"},
      {split, draw_at(89.999), "blue"},
      {split, draw_at(90.001), "green"},
      {split, last, "green"},
      {{{"blue", 0}, {"green", 100}}, 0, "green"},
      {{{"blue", 100}, {"green", 0}}, last, "blue"},
      {{{"a", 33}, {"b", 33}, {"c", 34}}, draw_at(65.9), "b"},
      {{{"a", 33}, {"b", 33}, {"c", 34}}, draw_at(66.1), "c"},
  };
  for (const auto& row : table) EXPECT_EQ(choose_deployment(row.shares, row.draw), row.expected) << row.draw;
}

TEST(TrafficTest, SharesHoldOverManyDraws) {
  const std::vector<TrafficShare> split{{"blue", 90}, {"green", 10}};
  constexpr int draws = 20'000;
  int random_green = 0;
  int sticky_green = 0;
  int mirrored = 0;
  for (int i = 0; i < draws; ++i) {
    random_green += choose_deployment(split, random_draw()) == "green" ? 1 : 0;
    sticky_green += choose_deployment(split, sticky_draw("customer-" + std::to_string(i))) == "green" ? 1 : 0;
    mirrored += is_mirrored(10, random_draw()) ? 1 : 0;
  }
  // Six standard deviations of a binomial with p = 0.1 are 255 of 20,000.
  for (const int count : {random_green, sticky_green, mirrored}) EXPECT_NEAR(count, draws / 10, 255);
}

TEST(TrafficTest, AKeyStaysWhereItIs) {
  EXPECT_EQ(sticky_draw("customer-7"), sticky_draw("customer-7"));
  // Fixed for ever: other processes and versions must agree.
  EXPECT_EQ(sticky_draw(""), 0xf52a15e9a9b5e89bULL);
  // Raising green moves keys only from blue to green.
  const std::vector<TrafficShare> before{{"blue", 90}, {"green", 10}};
  const std::vector<TrafficShare> after{{"blue", 50}, {"green", 50}};
  for (int i = 0; i < 1'000; ++i) {
    const auto draw = sticky_draw(std::to_string(i));
    if (choose_deployment(before, draw) != "green") continue;
    EXPECT_EQ(choose_deployment(after, draw), "green");
  }
}

TEST(TrafficTest, MirrorTakesNoneOrItsShare) {
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(is_mirrored(0, random_draw()));
}

}  // namespace
}  // namespace ciclo::scoring
