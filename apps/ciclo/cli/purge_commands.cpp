// ciclo gc; and deleting, restoring and deleting for good runs and experiments.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <map>

#include "base/text.hpp"
#include "cli/command.hpp"

namespace ciclo::cli {
namespace {

struct Line {
  std::string what;
  std::int64_t count = 0;
  std::int64_t rows = 0;
  std::uint64_t bytes = 0;
};

std::int64_t integer_or_zero(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

// "1,204,331"
std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string human_bytes(std::uint64_t bytes) {
  static constexpr std::array<const char*, 5> units = {"KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
  return fmt::format("{:.1f} {}", value, units.at(unit));
}

// In the plural, and for people; others' titles as they are.
std::string title_of(const std::string& what) {
  static const std::map<std::string, std::string> titles{
      {"experiment", "experiments"},     {"run", "runs"},
      {"logged_model", "logged models"}, {"dataset", "data sets"},
      {"files", "files of nothing"},     {"unfinished", "left by an earlier gc"}};
  const auto found = titles.find(what);
  return found == titles.end() ? what : found->second;
}

// The answers of one request, put together.
class Total {
 public:
  void add(const Json& answer) {
    for (const Json& item : member(answer, "value")) {
      const std::string what = text_or(item, "what");
      auto found = std::ranges::find(lines_, what, &Line::what);
      if (found == lines_.end()) found = lines_.insert(lines_.end(), Line{.what = what});
      found->count += integer_or_zero(item, "count");
      found->rows += integer_or_zero(item, "rows");
      found->bytes += static_cast<std::uint64_t>(integer_or_zero(item, "bytes"));
    }
    for (const Json& item : member(answer, "kept")) kept_.push_back(item);
    kept_count_ += integer_or_zero(answer, "kept_count");
  }

  Json to_json(bool dry_run) const {
    Json value = Json::array();
    for (const Line& line : lines_)
      value.push_back({{"what", line.what}, {"count", line.count}, {"rows", line.rows}, {"bytes", line.bytes}});
    return {{"dry_run", dry_run}, {"items", value}, {"kept", kept_}, {"kept_count", kept_count_}};
  }

  void print(bool dry_run) const {
    if (lines_.empty()) std::cout << (dry_run ? "Nothing would go.\n" : "Nothing to delete.\n");
    else print_lines(dry_run);
    if (kept_count_ == 0) return;
    std::cout << fmt::format("\nKept: {}\n", grouped(kept_count_));
    for (const Json& item : kept_) {
      std::string name = fmt::format("{} {}", replace_all(text_or(item, "kind"), "_", " "), text_or(item, "name"));
      if (const std::string title = text_or(item, "title"); !title.empty() && title != text_or(item, "name"))
        name += fmt::format(" ({})", title);
      std::cout << fmt::format("  {}: {}\n", name, text_or(item, "reason"));
    }
    const auto more = kept_count_ - static_cast<std::int64_t>(kept_.size());
    if (more > 0) std::cout << fmt::format("  and {} more\n", grouped(more));
  }

 private:
  void print_lines(bool dry_run) const {
    std::vector<std::array<std::string, 4>> table{{dry_run ? "WOULD GO" : "GONE", "COUNT", "ROWS", "SIZE"}};
    Line sum{.what = "total"};
    for (const Line& line : lines_) {
      table.push_back({title_of(line.what), grouped(line.count), grouped(line.rows), human_bytes(line.bytes)});
      sum.rows += line.rows;
      sum.bytes += line.bytes;
    }
    table.push_back({"total", "", grouped(sum.rows), human_bytes(sum.bytes)});
    std::array<std::size_t, 4> widths{};
    for (const auto& row : table)
      for (std::size_t i = 0; i < row.size(); ++i) widths.at(i) = std::max(widths.at(i), row.at(i).size());
    for (const auto& row : table)
      std::cout << fmt::format("{:<{}}  {:>{}}  {:>{}}  {:>{}}\n", row[0], widths[0], row[1], widths[1], row[2],
                               widths[2], row[3], widths[3]);
  }

  std::vector<Line> lines_;
  Json kept_ = Json::array();
  std::int64_t kept_count_ = 0;
};

// Sends the request again until the server says that all is done.
Result<Total> send_until_done(Context& context, const std::string& path, Json body) {
  Total total;
  for (;;) {
    CICLO_TRY(const Json answer, context.session.call(http::Method::post, path, body));
    total.add(answer);
    const Json& resume = member(answer, "continue");
    if (resume.is_null()) return total;
    body["continue"] = resume;
  }
}

Result<int> show(Context& context, const Total& total, bool dry_run) {
  const bool is_for_people = context.options.find("output").value_or("table") == "table" && !context.output.query;
  if (!is_for_people) {
    CICLO_CHECK(context.print(total.to_json(dry_run)));
  } else {
    total.print(dry_run);
  }
  return 0;
}

Result<int> run_gc(Context& context) {
  const bool all = context.options.has("all-workspaces");
  const bool dry_run = context.options.has("dry-run");
  Json body{{"dry_run", dry_run}};
  if (const auto age = context.options.find("older-than")) body["older_than"] = *age;
  if (const auto& names = context.options.all("experiment"); !names.empty()) body["experiments"] = names;
  if (const auto& names = context.options.all("run"); !names.empty()) body["runs"] = names;
  std::string path = "/api/v1";
  if (!all) {
    CICLO_TRY(path, context.session.workspace_path());
  }
  CICLO_TRY(const Total total, send_until_done(context, path + "/gc", std::move(body)));
  return show(context, total, dry_run);
}

// The path of MLflow's API in the workspace.
Result<std::string> mlflow_path(Context& context, std::string_view end) {
  CICLO_TRY(const std::string workspace, context.session.workspace());
  return fmt::format("/workspaces/{}/api/2.0/mlflow/{}", http::percent_encode(workspace), end);
}

// An experiment by its name, or by its id when none has that name.
Result<std::string> experiment_id(Context& context, const std::string& name) {
  CICLO_TRY(const std::string path, mlflow_path(context, "experiments/get-by-name?experiment_name="));
  const auto answer = context.session.get(path + http::percent_encode(name));
  if (answer) return text_or(member(*answer, "experiment"), "experiment_id");
  if (answer.error().code == ErrorCode::not_found && parse_int(name)) return name;
  return Failure(answer.error());
}

struct Noun {
  const char* group;   // "run"
  const char* plural;  // in paths
  const char* id;      // MLflow's field
};
constexpr Noun run_noun{"run", "runs", "run_id"};
constexpr Noun experiment_noun{"experiment", "experiments", "experiment_id"};

Result<std::string> named(Context& context, const Noun& noun) {
  CICLO_TRY(const std::string name, context.options.needed("name"));
  if (noun.id == run_noun.id) return name;
  return experiment_id(context, name);
}

Result<int> change_stage(Context& context, const Noun& noun, const char* verb) {
  CICLO_TRY(const std::string id, named(context, noun));
  CICLO_TRY(const std::string path, mlflow_path(context, fmt::format("{}/{}", noun.plural, verb)));
  CICLO_CHECK(context.session.call(http::Method::post, path, {{noun.id, id}}));
  return 0;
}

bool is_confirmed(Context& context, const std::string& question) {
  if (context.options.has("yes") || ::isatty(STDIN_FILENO) == 0) return true;
  std::cerr << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

Run delete_verb(const Noun& noun) {
  return [noun](Context& context) -> Result<int> {
    if (!context.options.has("permanent")) return change_stage(context, noun, "delete");
    CICLO_TRY(const std::string name, context.options.needed("name"));
    if (!is_confirmed(context, fmt::format("Delete the {} '{}' for good?", noun.group, name))) return 1;
    CICLO_TRY(const std::string id, named(context, noun));
    CICLO_TRY(const std::string workspace, context.session.workspace_path());
    const std::string path = fmt::format("{}/{}/{}/purge", workspace, noun.plural, http::percent_encode(id));
    CICLO_TRY(const Total total, send_until_done(context, path, Json::object()));
    return show(context, total, false);
  };
}

}  // namespace

std::vector<Command> purge_commands() {
  const Option yes = {{"yes", "y"}, Takes::nothing, "Do not ask."};
  const Option permanent = {{"permanent"}, Takes::nothing, "For good, with all rows and files; it cannot be restored."};
  const Option run_name = {{"name", "run-id", "n"}, Takes::one, "The run's id."};
  const Option experiment_name = {{"name", "n"}, Takes::one, "The experiment's name, or its id."};
  const auto restore = [](const Noun& noun) {
    return [noun](Context& context) { return change_stage(context, noun, "restore"); };
  };
  return {{"gc",
           "",
           "Delete for good what was deleted long ago, and files that nothing refers to.",
           {{{"older-than"}, Takes::one, "What was deleted longer ago than this: 12h, 30d (default 30d)."},
            {{"experiment"}, Takes::several, "Only these experiments, by name or id."},
            {{"run"}, Takes::several, "Only these runs."},
            {{"all-workspaces"}, Takes::nothing, "In every workspace; also uploads that were never finished."},
            {{"dry-run"}, Takes::nothing, "Only show what would go."}},
           run_gc},
          {"run", "delete", "Delete a run.", {run_name, permanent, yes}, delete_verb(run_noun)},
          {"run", "restore", "Bring a deleted run back.", {run_name}, restore(run_noun)},
          {"experiment",
           "delete",
           "Delete an experiment with its runs.",
           {experiment_name, permanent, yes},
           delete_verb(experiment_noun)},
          {"experiment",
           "restore",
           "Bring a deleted experiment and its runs back.",
           {experiment_name},
           restore(experiment_noun)}};
}

}  // namespace ciclo::cli
