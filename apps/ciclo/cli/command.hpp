// One command of the command line, as data. The commands of every kind (create, show, list, update, delete, archive,
// restore) are made from the kind table; what a kind can do beyond that is one more entry in a list.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/session.hpp"
#include "resources/kind.hpp"

namespace ciclo::cli {

struct Context {
  Session& session;
  const resources::KindTable& kinds;
  const Options& options;
  const OutputSettings& output;

  // Prints an answer to standard output in the form asked for.
  Result<void> print(const Json& answer, const std::vector<resources::Column>& columns = {}) const;
};

// Prints what a call answered, the items of a list alone; an empty answer prints nothing. The exit code.
Result<int> print_answer(Context& context, const Result<Json>& answer,
                         const std::vector<resources::Column>& columns = {});

// The answer is the process's exit code.
using Run = std::function<Result<int>(Context&)>;

struct Command {
  std::string group;  // "job"; may hold a blank: "user token"
  std::string verb;   // "create"; empty for commands of one word ("version")
  std::string summary;
  std::vector<Option> options;
  Run run;
};

// Options that every command takes.
std::vector<Option> common_options();

// Exit codes: 0 done, 1 failed, 2 wrong words on the command line, 3 not found, 4 not signed in or not allowed.
int exit_code_of(const Error& error);

std::vector<Command> resource_commands(const resources::KindTable& kinds);
std::vector<Command> job_commands();
std::vector<Command> run_commands();       // runs of experiments, side by side
std::vector<Command> artifact_commands();  // files of runs
std::vector<Command> endpoint_commands();
std::vector<Command> lifecycle_commands();       // schedules, approvals, models, data, events, lineage
std::vector<Command> purge_commands();           // gc; runs and experiments: delete, restore
std::vector<Command> registry_commands();        // stages of models, webhooks
std::vector<Command> administration_commands();  // users, tokens
std::vector<Command> access_commands();          // roles, the access matrix, just-in-time activation
std::vector<Command> group_commands();           // groups and who is in them
std::vector<Command> secret_commands();          // secrets
std::vector<Command> mlflow_commands();          // moving from MLflow and back
std::vector<Command> audit_commands();           // the audit log
std::vector<Command> identity_link_commands();   // who of the identity provider is which user
std::vector<Command> sign_in_commands();         // passwords, one-time codes, sessions
std::vector<Command> session_commands();         // login, logout, configure, account, version

// For `login --username`: its options, and the token that the server gives for name and password. Asks on the terminal
// for what the options do not hold.
std::vector<Option> sign_in_options();
Result<std::string> sign_in(const Options& options, const Config& config);
// Ends all sessions and all tokens that came from signing in, wherever they are.
Result<void> sign_out_everywhere(const Config& config);

// Finds the command, reads its options, runs it, prints its error. `words`: argv without the program's name.
int run_command_line(const resources::KindTable& kinds, const std::vector<std::string>& words);

}  // namespace ciclo::cli
