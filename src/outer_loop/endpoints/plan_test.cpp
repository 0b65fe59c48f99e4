#include "outer_loop/endpoints/plan.hpp"

#include <gtest/gtest.h>

namespace ciclo::outer_loop {
namespace {

Json entry(const std::string& name, int version) {
  return {{"name", name}, {"model", {{"version", std::to_string(version)}}}};
}

PlannedDeployment wanted(const std::string& name, std::optional<Json> prepared) {
  return {.name = name, .is_removed = false, .entry = std::move(prepared)};
}

Json served(std::vector<Json> entries) {
  return {{"deployments", std::move(entries)}, {"traffic", Json::object()}};
}

std::vector<std::string> forms(const Plan& plan) {
  std::vector<std::string> all;
  for (const Json& deployment : plan.config["deployments"])
    all.push_back(text_or(deployment, "name") + text_or(deployment["model"], "version"));
  return all;
}

struct PlanCase {
  const char* name;
  bool is_running;
  Json accepted;
  std::vector<PlannedDeployment> deployments;
  std::vector<std::string> expected;
  std::vector<std::string> candidates;
};

TEST(Plan, AddsOneNewDeploymentAtATime) {
  const std::vector<PlanCase> cases = {
      {"nothing", true, nullptr, {}, {}, {}},
      {"started with all",
       false,
       nullptr,
       {wanted("a", entry("a", 1)), wanted("b", entry("b", 1))},
       {"a1", "b1"},
       {"a", "b"}},
      {"one after another", true, served({}), {wanted("a", entry("a", 1)), wanted("b", entry("b", 1))}, {"a1"}, {"a"}},
      {"then the next",
       true,
       served({entry("a", 1)}),
       {wanted("a", entry("a", 1)), wanted("b", entry("b", 1))},
       {"a1", "b1"},
       {"b"}},
      {"settled", true, served({entry("a", 1)}), {wanted("a", entry("a", 1))}, {"a1"}, {}},
      {"a change", true, served({entry("a", 1)}), {wanted("a", entry("a", 2))}, {"a2"}, {"a"}},
      {"a second change waits in its old form",
       true,
       served({entry("a", 1), entry("b", 1)}),
       {wanted("a", entry("a", 2)), wanted("b", entry("b", 2))},
       {"a2", "b1"},
       {"a"}},
      {"not prepared yet, or failed: the old form stays", true, served({entry("a", 1)}), {wanted("a", {})}, {"a1"}, {}},
      {"failed from the start",
       true,
       served({entry("a", 1)}),
       {wanted("a", entry("a", 1)), wanted("b", {})},
       {"a1"},
       {}},
      {"removed",
       true,
       served({entry("a", 1), entry("b", 1)}),
       {wanted("a", entry("a", 1)), {.name = "b", .is_removed = true, .entry = {}}},
       {"a1"},
       {}},
  };
  for (const auto& c : cases) {
    const Plan plan = make_plan({.base = {{"endpoint", "weather"}},
                                 .accepted = c.accepted,
                                 .deployments = c.deployments,
                                 .traffic = nullptr,
                                 .mirror_traffic = nullptr,
                                 .is_running = c.is_running});
    EXPECT_EQ(forms(plan), c.expected) << c.name;
    EXPECT_EQ(plan.candidates, c.candidates) << c.name;
    EXPECT_EQ(text_or(plan.config, "endpoint"), "weather") << c.name;
  }
}

TEST(Plan, CopiesOnlyToWhatIsServedWithoutTraffic) {
  PlanRequest request{.base = Json::object(),
                      .accepted = nullptr,
                      .deployments = {wanted("a", entry("a", 1)), wanted("b", {})},
                      .traffic = {{"a", 100}},
                      .mirror_traffic = {{"b", 10}},
                      .is_running = true};
  EXPECT_FALSE(make_plan(request).config.contains("mirror_traffic"));
  request.deployments[1].entry = entry("b", 1);
  request.is_running = false;
  EXPECT_EQ(make_plan(request).config["mirror_traffic"], Json({{"b", 10}}));
}

}  // namespace
}  // namespace ciclo::outer_loop
