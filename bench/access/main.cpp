// How long decisions take for a principal in 20 groups, and the same facts and questions as files for a peer.
//   ciclo_bench_access <folder>
// Writes <folder>/policy.csv (casbin's form: p, group, workspace, component, class and g, member, group),
// <folder>/questions.csv (workspace, component, class) and <folder>/answers.txt (one digit a question); prints a RESULT
// line. Exit code 1 when 10,000 decisions take longer than 50 ms.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>

#include "administration/access/actions.hpp"
#include "administration/access/persona.hpp"
#include "administration/access/snapshot.hpp"

namespace {

using namespace ciclo;
using namespace ciclo::administration;

constexpr int workspaces = 20;
constexpr int groups_of_principal = 20;
constexpr int questions = 10'000;
constexpr int rounds = 9;
constexpr double most_milliseconds = 50;
constexpr std::array<std::string_view, 3> classes = {"read", "write", "manage"};
const std::string principal = "ana";

struct Question {
  std::string workspace;
  std::string_view component;
  std::string action;
};

std::string workspace_name(int number) {
  return fmt::format("shop-{}", number);
}

// The groups and assignments of 20 workspaces with personas, half of them production; ana is a data scientist in each,
// by a team of theirs every second time.
AccessFacts make_facts() {
  AccessFacts facts;
  for (int i = 0; i < workspaces; ++i) {
    const std::string workspace = workspace_name(i);
    const auto environment = i % 2 == 0 ? Environment::production : Environment::pre_production;
    for (const Persona& persona : personas())
      for (std::size_t column = 0; column < components.size(); ++column)
        for (const std::string& role : roles_in_cell(persona.roles(environment)[column])) {
          Assignment assignment;
          assignment.id = std::to_string(facts.assignments.size());
          assignment.principal = group_id(persona.group_in(workspace));
          assignment.role = find_built_in(role)->name;
          assignment.scope = {.workspace = workspace, .component = std::string(components[column]), .resource = {}};
          facts.assignments.push_back(std::move(assignment));
        }
  }
  for (int i = 0; i < groups_of_principal; ++i) {
    const std::string group = group_id(personas()[0].group_in(workspace_name(i)));
    const std::string team = i % 2 == 0 ? principal : group_id(fmt::format("team-{}", i));
    facts.memberships.push_back({.group = group, .member = team, .only_workspace = {}, .source = "local"});
    if (team != principal)
      facts.memberships.push_back({.group = team, .member = principal, .only_workspace = {}, .source = "local"});
  }
  return facts;
}

std::vector<Question> make_questions() {
  std::mt19937 random(7);
  std::vector<Question> all;
  for (int i = 0; i < questions; ++i) {
    const std::string_view component = components[random() % components.size()];
    all.push_back({workspace_name(static_cast<int>(random() % workspaces)), component,
                   fmt::format("{}/{}", component, classes[random() % classes.size()])});
  }
  return all;
}

void write_policy(const std::filesystem::path& folder, const AccessFacts& facts) {
  std::ofstream policy(folder / "policy.csv");
  for (const Assignment& each : facts.assignments)
    for (const std::string_view of : classes)
      if (allows(*find_built_in(each.role), fmt::format("{}/{}", each.scope.component, of)))
        policy << fmt::format("p, {}, {}, {}, {}\n", each.principal, each.scope.workspace, each.scope.component, of);
  for (const Membership& each : facts.memberships) policy << fmt::format("g, {}, {}\n", each.member, each.group);
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) return std::cerr << "ciclo_bench_access <folder>\n", 2;
  const std::filesystem::path folder = words[1];
  const AccessFacts facts = make_facts();
  const AccessSnapshot snapshot(facts);
  resources::Caller caller;
  caller.principal = principal;
  const TimePoint now = from_unix_ms(1'800'000'000'000);
  const auto all = make_questions();
  std::string answers;
  std::vector<double> milliseconds;
  for (int round = 0; round < rounds; ++round) {
    answers.clear();
    const auto start = std::chrono::steady_clock::now();
    for (const Question& each : all)
      answers += snapshot.decide(caller, each.action, each.workspace, now).allowed ? '1' : '0';
    milliseconds.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  write_policy(folder, facts);
  std::ofstream asked(folder / "questions.csv");
  for (const Question& each : all)
    asked << fmt::format("{},{},{}\n", each.workspace, each.component, each.action.substr(each.component.size() + 1));
  std::ofstream(folder / "answers.txt") << answers;
  std::ranges::sort(milliseconds);
  std::cout << fmt::format(
      "RESULT access decisions={} groups={} assignments={} allowed={} ms_median={:.2f} ms_worst={:.2f}\n", questions,
      snapshot.groups_of(principal).size(), facts.assignments.size(), std::ranges::count(answers, '1'),
      milliseconds[rounds / 2], milliseconds.back());
  if (milliseconds.back() <= most_milliseconds) return 0;
  std::cerr << fmt::format("slower than {} ms\n", most_milliseconds);
  return 1;
}
