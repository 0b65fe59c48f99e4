#include "cli/command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <set>

#include "base/text.hpp"

namespace ciclo::cli {
namespace {

std::vector<Command> all_commands(const resources::KindTable& kinds) {
  std::vector<Command> all = resource_commands(kinds);
  for (auto more : {job_commands(), run_commands(), artifact_commands(), endpoint_commands(), lifecycle_commands(),
                    purge_commands(), registry_commands(), mlflow_commands(), administration_commands(),
                    access_commands(), group_commands(), identity_link_commands(), secret_commands(), audit_commands(),
                    sign_in_commands(), session_commands()})
    std::ranges::move(more, std::back_inserter(all));
  return all;
}

std::string name_of(const Command& command) {
  return command.verb.empty() ? command.group : command.group + " " + command.verb;
}

// The command whose words stand first on the line, the longest match winning; and how many words it took.
std::pair<const Command*, std::size_t> find_command(const std::vector<Command>& commands,
                                                    const std::vector<std::string>& words) {
  const Command* best = nullptr;
  std::size_t taken = 0;
  for (const Command& command : commands) {
    const auto parts = split(name_of(command), ' ');
    if (parts.size() > words.size() || parts.size() <= taken) continue;
    if (!std::equal(parts.begin(), parts.end(), words.begin())) continue;
    best = &command;
    taken = parts.size();
  }
  return {best, taken};
}

void print_overview(const std::vector<Command>& commands, std::ostream& out) {
  out << "ciclo: the whole life of a model, on your own machines.\n\n"
         "  ciclo server    Start the server (ciclo server --help)\n\nCommand groups:\n";
  std::set<std::string> groups;
  std::size_t width = 0;
  for (const Command& command : commands) {
    groups.insert(command.group);
    width = std::max(width, command.group.size());
  }
  for (const std::string& group : groups) {
    std::vector<std::string> verbs;
    for (const Command& command : commands)
      if (command.group == group) verbs.push_back(command.verb.empty() ? command.summary : command.verb);
    out << fmt::format("  {:<{}}  {}\n", group, width, join(verbs, ", "));
  }
  out << "\nciclo <group> --help and ciclo <group> <verb> --help tell more.\n";
}

void print_group(const std::vector<Command>& commands, const std::string& group, std::ostream& out) {
  out << fmt::format("ciclo {}\n\n", group);
  for (const Command& command : commands)
    if (command.group == group || command.group.starts_with(group + " "))
      out << fmt::format("  {:<26}  {}\n", name_of(command), command.summary);
}

void print_help(const Command& command, std::ostream& out) {
  out << fmt::format("ciclo {}: {}\n\nOptions:\n{}\nFor every command:\n{}", name_of(command), command.summary,
                     help_of(command.options), help_of(common_options()));
}

void print_error(const Error& error) {
  std::cerr << "ERROR: " << error.text() << "\n";
}

Error unknown_command(const std::vector<Command>& commands, const std::vector<std::string>& words) {
  std::vector<std::string> names;
  for (const Command& command : commands) names.push_back(name_of(command));
  std::string given = words.front();
  for (std::size_t i = 1; i < words.size() && !words[i].starts_with('-'); ++i) given += " " + words[i];
  const auto near = nearest(given, names);
  return {ErrorCode::invalid,
          fmt::format("there is no command 'ciclo {}'", given),
          {},
          near ? fmt::format("did you mean 'ciclo {}'?", *near) : "ciclo --help lists the commands",
          {}};
}

bool asks_for_help(const std::vector<std::string>& words) {
  return std::ranges::any_of(words, [](const std::string& word) { return word == "--help" || word == "-h"; });
}

constexpr int wrong_words = 2;

Result<int> run(const resources::KindTable& kinds, const Command& command, const Options& options) {
  OutputSettings output;
  CICLO_TRY(output.format, parse_format(options.find("output").value_or("json")));
  output.query = options.find("query");
  CICLO_TRY(Config config, load_config());
  if (const auto server = options.find("server")) config.server = *server;
  if (const auto workspace = options.find("workspace")) config.workspace = *workspace;
  Session session(std::move(config));
  Context context{session, kinds, options, output};
  return command.run(context);
}

}  // namespace

Result<void> Context::print(const Json& answer, const std::vector<resources::Column>& columns) const {
  CICLO_TRY(const std::string text, render(answer, output, columns));
  std::cout << text << std::flush;
  return {};
}

Result<int> print_answer(Context& context, const Result<Json>& answer, const std::vector<resources::Column>& columns) {
  if (!answer) return Failure(answer.error());
  if (answer->is_null()) return 0;
  CICLO_CHECK(context.print(answer->is_object() && answer->contains("value") ? (*answer)["value"] : *answer, columns));
  return 0;
}

std::vector<Option> common_options() {
  return {{{"workspace", "workspace-name", "w"},
           Takes::one,
           "The workspace (else CICLO_WORKSPACE, or the configured one)."},
          {{"output", "o"}, Takes::one, "json, jsonc, yaml, yamlc, table, tsv or none."},
          {{"query"}, Takes::one, "A JMESPath expression over the answer."},
          {{"server"}, Takes::one, "The server's URL (else CICLO_SERVER, or the one of ciclo login)."},
          {{"resource-group", "g"}, Takes::one, "Accepted for az scripts."},
          {{"subscription"}, Takes::one, "Accepted for az scripts."},
          {{"only-show-errors"}, Takes::nothing, "Accepted for az scripts."},
          {{"verbose"}, Takes::nothing, "Accepted for az scripts."},
          {{"debug"}, Takes::nothing, "Accepted for az scripts."}};
}

int exit_code_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::not_found: return 3;
    case ErrorCode::unauthenticated:
    case ErrorCode::denied: return 4;
    default: return 1;
  }
}

int run_command_line(const resources::KindTable& kinds, const std::vector<std::string>& words) {
  const std::vector<Command> commands = all_commands(kinds);
  if (words.empty() || words.front() == "--help" || words.front() == "-h" || words.front() == "help") {
    print_overview(commands, words.empty() ? std::cerr : std::cout);
    return words.empty() ? wrong_words : 0;
  }
  const auto [command, taken] = find_command(commands, words);
  if (command == nullptr) {
    const bool is_group = std::ranges::any_of(
        commands, [&](const Command& each) { return split(each.group, ' ').front() == words.front(); });
    if (is_group && (words.size() == 1 || asks_for_help(words))) {
      print_group(commands, words.front(), asks_for_help(words) ? std::cout : std::cerr);
      return asks_for_help(words) ? 0 : wrong_words;
    }
    print_error(unknown_command(commands, words));
    return wrong_words;
  }
  const std::vector<std::string> rest(words.begin() + static_cast<std::ptrdiff_t>(taken), words.end());
  if (asks_for_help(rest)) {
    print_help(*command, std::cout);
    return 0;
  }
  std::vector<Option> known = command->options;
  std::ranges::move(common_options(), std::back_inserter(known));
  const auto options = parse_options(known, rest);
  if (!options) {
    print_error(options.error());
    return wrong_words;
  }
  const auto code = run(kinds, *command, *options);
  if (code) return *code;
  print_error(code.error());
  return exit_code_of(code.error());
}

}  // namespace ciclo::cli
