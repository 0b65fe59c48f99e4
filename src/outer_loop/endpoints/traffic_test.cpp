#include "outer_loop/endpoints/traffic.hpp"

#include <gtest/gtest.h>

namespace ciclo::outer_loop {
namespace {

const std::vector<std::string> both = {"blue", "green"};

struct TrafficCase {
  const char* name;
  Json traffic;
  std::string target;  // of the error; empty: good
};

TEST(Traffic, SharesMakeAWholeOfWhatExists) {
  const std::vector<TrafficCase> cases = {
      {"none", nullptr, ""},
      {"empty", Json::object(), ""},
      {"all", {{"blue", 100}}, ""},
      {"split", {{"blue", 90}, {"green", 10}}, ""},
      {"zeros", {{"blue", 0}, {"green", 0}}, ""},
      {"zero for one that is gone", {{"blue", 100}, {"black", 0}}, ""},
      {"too little", {{"blue", 90}}, "/traffic"},
      {"too much", {{"blue", 90}, {"green", 20}}, "/traffic"},
      {"negative", {{"blue", -10}, {"green", 110}}, "/traffic/blue"},
      {"unknown", {{"blu", 100}}, "/traffic/blu"},
  };
  for (const auto& c : cases) {
    Json traffic = c.traffic;
    const auto checked = check_traffic(traffic, both);
    EXPECT_EQ(checked ? "" : checked.error().target, c.target) << c.name;
    EXPECT_FALSE(traffic.contains("black")) << c.name;
  }
}

TEST(Traffic, CopiesGoToOneWithoutTraffic) {
  const std::vector<TrafficCase> cases = {
      {"none", nullptr, ""},
      {"good", {{"green", 20}}, ""},
      {"too much", {{"green", 51}}, "/mirror_traffic/green"},
      {"has traffic itself", {{"blue", 10}}, "/mirror_traffic/blue"},
      {"two", {{"blue", 10}, {"green", 10}}, "/mirror_traffic"},
      {"unknown", {{"black", 10}}, "/mirror_traffic/black"},
  };
  for (const auto& c : cases) {
    Json mirror = c.traffic;
    const auto checked = check_mirror_traffic(mirror, {{"blue", 100}, {"green", 0}}, both);
    EXPECT_EQ(checked ? "" : checked.error().target, c.target) << c.name;
  }
}

struct EffectiveCase {
  const char* name;
  Json wanted;
  Json accepted;
  std::vector<std::string> served;
  Json expected;
};

TEST(Traffic, GoesOnWhileADeploymentIsMissing) {
  const std::vector<EffectiveCase> cases = {
      {"as wanted", {{"blue", 90}, {"green", 10}}, {{"blue", 100}}, both, {{"blue", 90}, {"green", 10}}},
      {"zeros are left out", {{"blue", 100}, {"green", 0}}, nullptr, {"blue"}, {{"blue", 100}}},
      {"waits for green", {{"green", 100}}, {{"blue", 100}}, {"blue"}, {{"blue", 100}}},
      {"nothing before", {{"blue", 60}, {"green", 40}}, nullptr, {"blue"}, {{"blue", 100}}},
      {"in proportion", {{"a", 50}, {"b", 20}, {"c", 30}}, nullptr, {"a", "b"}, {{"a", 72}, {"b", 28}}},
      {"a part of before", {{"blue", 50}, {"green", 50}}, {{"blue", 50}}, {"blue"}, {{"blue", 100}}},
      {"nobody is left", {{"green", 100}}, {{"green", 100}}, {"blue"}, Json::object()},
      {"no traffic", Json::object(), {{"blue", 100}}, {"blue"}, Json::object()},
  };
  for (const auto& c : cases) EXPECT_EQ(effective_traffic({c.wanted, c.accepted, c.served}), c.expected) << c.name;
}

}  // namespace
}  // namespace ciclo::outer_loop
