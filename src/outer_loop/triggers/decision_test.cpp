#include "outer_loop/triggers/decision.hpp"

#include <gtest/gtest.h>

#include "outer_loop/triggers/event_template.hpp"
#include "outer_loop/triggers/job_document.hpp"

namespace ciclo::outer_loop {
namespace {

TimePoint at(std::string_view text) {
  return parse_rfc3339(text).value_or(TimePoint{});
}

events::Event alert(std::string_view time = "2026-01-02T10:00:00Z") {
  events::Event event;
  event.type = "ciclo.monitor.alert";
  event.workspace = "dev";
  event.source = "/workspaces/dev";
  event.subject = "schedule/weather";
  event.sequence = 7;
  event.time = at(time);
  event.data = {{"feature", "temp_max"}, {"value", 0.5}, {"rows", 40}};
  return event;
}

TriggerDefinition listening(std::string pattern, std::string filter = {}) {
  TriggerDefinition definition;
  definition.source_workspace = "dev";
  definition.event_pattern = std::move(pattern);
  definition.filter = std::move(filter);
  return definition;
}

TEST(TriggerDecision, TypeWorkspaceAndFilter) {
  struct Row {
    const char* pattern;
    const char* filter;
    Outcome outcome;
  };
  const std::array rows{
      Row{"ciclo.monitor.alert", "", Outcome::fire},
      Row{"ciclo.monitor.*", "", Outcome::fire},
      Row{"ciclo.monitor.alerts", "", Outcome::not_concerned},
      Row{"ciclo.mon.*", "", Outcome::not_concerned},
      Row{"ciclo.monitor.alert", "data.feature == 'temp_max'", Outcome::fire},
      Row{"ciclo.monitor.alert", "data.feature == 'wind'", Outcome::not_concerned},
      Row{"ciclo.monitor.alert", "data.value > `0.4` && subject == 'schedule/weather'", Outcome::fire},
      Row{"ciclo.monitor.alert", "data.nothing", Outcome::not_concerned},
      Row{"ciclo.monitor.alert", "length(data.value)", Outcome::skip},  // fails: a number has no length
  };
  for (const auto& row : rows) {
    const auto definition = listening(row.pattern, row.filter);
    EXPECT_EQ(decide({alert(), definition, {}, {}}).outcome, row.outcome) << row.pattern << " " << row.filter;
  }
  auto elsewhere = listening("ciclo.monitor.alert");
  elsewhere.source_workspace = "prod";
  EXPECT_EQ(decide({alert(), elsewhere, {}, {}}).outcome, Outcome::not_concerned);
  auto off = listening("ciclo.monitor.alert");
  off.enabled = false;
  EXPECT_EQ(decide({alert(), off, {}, {}}).outcome, Outcome::not_concerned);
  EXPECT_EQ(decide({alert(), listening("ciclo.monitor.alert"), {}, at("2026-01-02T10:00:01Z")}).outcome,
            Outcome::not_concerned);
}

TEST(TriggerDecision, CooldownAndDailyLimit) {
  auto definition = listening("ciclo.monitor.alert");
  definition.limits.cooldown = std::chrono::hours(1);
  definition.limits.max_per_day = 2;
  TriggerHistory history;
  const auto judged = [&](std::string_view time) {
    const auto event = alert(time);
    const auto decision = decide({event, definition, history, {}});
    if (decision.outcome == Outcome::fire) history = fired(history, event);
    return decision;
  };
  EXPECT_EQ(judged("2026-01-02T10:00:00Z").outcome, Outcome::fire);
  EXPECT_EQ(judged("2026-01-02T10:59:59Z").reason, "it rests for PT1H after 2026-01-02T10:00:00.000Z");
  EXPECT_EQ(judged("2026-01-02T11:00:00Z").outcome, Outcome::fire);
  EXPECT_EQ(judged("2026-01-02T20:00:00Z").reason, "it fired 2 times on this day already");
  EXPECT_EQ(judged("2026-01-03T00:00:00Z").outcome, Outcome::fire);
}

TEST(EventTemplate, FillsValuesAndText) {
  const Json value = {{"a", "${{event.data.value}}"},
                      {"b", "${{ event.data.feature }}-${{event.data.rows}}"},
                      {"c", "${{inputs.x}}"},
                      {"d", {1, "${{event.type}}"}}};
  const auto filled = fill_template(value, alert(), TemplateUse::job);
  ASSERT_TRUE(filled.has_value()) << filled.error().text();
  EXPECT_EQ(to_text(*filled), R"({"a":0.5,"b":"temp_max-40","c":"${{inputs.x}}","d":[1,"ciclo.monitor.alert"]})");
  EXPECT_FALSE(fill_template("${{event.data.nothing}}", alert(), TemplateUse::text).has_value());
  EXPECT_FALSE(fill_template("${{event.data[}}", alert(), TemplateUse::text).has_value());
  EXPECT_EQ(*fill_template("${{event", alert(), TemplateUse::text), "${{event");
}

// A scoring request names its columns, and an alert names the column: nothing of it may end in a shell.
TEST(EventTemplate, WhatAShellReadsStaysOutOfJobs) {
  auto event = alert();
  for (const auto* text : {"x; rm -rf /", "$(id)", "a b", "`id`", "a\nb", "'"}) {
    event.data["feature"] = text;
    EXPECT_FALSE(fill_template({{"command", "echo ${{event.data.feature}}"}}, event, TemplateUse::job).has_value());
    EXPECT_FALSE(fill_template({{"inputs", {{"x", "${{event.data.feature}}"}}}}, event, TemplateUse::job).has_value());
    EXPECT_TRUE(fill_template({{"description", "${{event.data.feature}}"}}, event, TemplateUse::job).has_value());
    EXPECT_TRUE(fill_template("${{event.data.feature}}", event, TemplateUse::text).has_value());
  }
  EXPECT_FALSE(fill_template({{"inputs", {{"x", "${{event.data}}"}}}}, event, TemplateUse::job).has_value());
}

TEST(JobDocument, OverridesAndPaths) {
  Json job = {{"type", "pipeline"}, {"inputs", {{"a", 1}, {"b", 2}}}, {"compute", "x"}};
  override_job(job, {{"inputs", {{"b", 3}, {"c", 4}}}, {"compute", "y"}, {"outputs", nullptr}});
  EXPECT_EQ(to_text(job), R"({"type":"pipeline","inputs":{"a":1,"b":3,"c":4},"compute":"y"})");
  EXPECT_TRUE(set_by_path(job, {{"settings.force_rerun", true}}).has_value());
  EXPECT_EQ(at_pointer(job, "/settings/force_rerun"), true);
  EXPECT_FALSE(set_by_path(job, {{"compute.size", 1}}).has_value());
  EXPECT_FALSE(set_by_path(job, {{"a..b", 1}}).has_value());
}

}  // namespace
}  // namespace ciclo::outer_loop
