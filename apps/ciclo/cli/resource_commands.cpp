// create, show, list, update, delete, archive and restore of every kind.
#include <fmt/format.h>
#include <unistd.h>

#include <iostream>
#include <thread>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/document.hpp"
#include "cli/resource_path.hpp"
#include "cli/set_expression.hpp"
#include "cli/upload.hpp"
#include "cli/wait.hpp"

namespace ciclo::cli {
namespace {

using resources::Kind;
using resources::Versioning;

const Option file_option = {{"file", "f"}, Takes::one, "The YAML file that describes it."};
const Option name_option = {{"name", "n"}, Takes::one, "Its name."};
const Option version_option = {{"version", "v"}, Takes::one, "Its version."};
const Option label_option = {{"label", "l"}, Takes::one, "Its label, such as latest."};
const Option set_option = {{"set"}, Takes::several, "Change fields: key=value, a.b=value, list[0].key=value."};
const Option no_wait_option = {{"no-wait"}, Takes::nothing, "Do not wait until it is done."};
const Option yes_option = {{"yes", "y"}, Takes::nothing, "Do not ask."};

// Options that stand for a field of the document.
const std::vector<Option> field_options = {
    {{"path", "p"}, Takes::one, "Where the data or model lies: a local path or a reference."},
    {{"type", "t"}, Takes::one, "Its type."},
    {{"description"}, Takes::one, "What it is."},
    {{"display-name"}, Takes::one, "The name that people see."},
    {{"image", "i"}, Takes::one, "A container image, mapped to this machine's programs."},
    {{"conda-file", "c"}, Takes::one, "A conda file."},
    {{"size"}, Takes::one, "A machine size, kept as a label."},
    {{"min-instances"}, Takes::one, "Instances kept ready."},
    {{"max-instances"}, Takes::one, "Instances at most."},
    {{"tier"}, Takes::one, "dedicated or low_priority, kept as a label."},
    {{"idle-time-before-scale-down"}, Takes::one, "Seconds that an idle instance is kept, as a label."},
    {{"traffic"}, Takes::one, "Shares of the traffic: \"blue=90 green=10\"."},
    {{"mirror-traffic"}, Takes::one, "A share copied to one deployment: \"green=10\"."},
    {{"environment"}, Takes::one, "production or pre-production."},
    {{"personas"}, Takes::one, "standard: make the persona groups and their roles; or none."},
    {{"auth-mode"}, Takes::one, "How callers of an endpoint prove who they are: key."},
};

void add_kind_options(std::vector<Option>& options, const Kind& kind) {
  if (!kind.parent_kind.empty()) options.push_back({{"endpoint-name", "e"}, Takes::one, "The endpoint it belongs to."});
  if (kind.versioning == Versioning::versions) options.push_back(version_option);
}

// "blue=90 green=10" → {"blue": 90, "green": 10}
Result<Json> parse_shares(const std::string& text) {
  Json shares = Json::object();
  for (const std::string& part : split(replace_all(text, ",", " "), ' ')) {
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    const auto share = equals == std::string::npos ? std::nullopt : parse_int(part.substr(equals + 1));
    if (!share || *share < 0 || *share > 100)
      return fail(ErrorCode::invalid, fmt::format("'{}' is no share of traffic", part), "--traffic",
                  "write \"blue=90 green=10\"");
    shares[part.substr(0, equals)] = *share;
  }
  return shares;
}

// Flags override the file.
Result<void> apply_flags(const Context& context, Json& document) {
  const Options& options = context.options;
  for (const char* field : {"name", "version"})
    if (const auto value = options.find(field)) document[field] = *value;
  for (const Option& option : field_options) {
    const std::string& name = option.names.front();
    const auto value = options.find(name);
    if (!value) continue;
    const std::string key = replace_all(name, "-", "_");
    if (key == "traffic" || key == "mirror_traffic") {
      CICLO_TRY(document[key], parse_shares(*value));
    } else {
      const bool is_number = key.ends_with("_instances") || key.starts_with("idle_time_");
      document[key] = is_number ? guess_value(*value) : Json(*value);
    }
  }
  for (const std::string& expression : options.all("set")) CICLO_CHECK(apply_set(document, expression));
  return {};
}

Result<Document> load_document(Context& context, const Kind& kind) {
  Document document;
  if (const auto file = context.options.find("file")) {
    CICLO_TRY(document, Document::load(*file));
  }
  CICLO_CHECK(apply_flags(context, document.value()));
  if (auto valid = context.kinds.validate(kind, document.value()); !valid)
    return Failure(document.locate(std::move(valid).error()));
  CICLO_CHECK(document.inline_files(context.kinds, kind));
  CICLO_CHECK(
      document.upload_files([&](const std::filesystem::path& local) { return upload(context.session, local); }));
  return document;
}

// A deployment's file may name its endpoint; the flag wins.
Result<std::string> collection_of(Context& context, const Kind& kind, Json& document) {
  if (kind.parent_kind.empty() || context.options.has("endpoint-name")) {
    document.erase("endpoint_name");
    return collection_path(context, kind);
  }
  const std::string endpoint = text_or(document, "endpoint_name");
  if (endpoint.empty())
    return fail(ErrorCode::invalid, "the deployment's endpoint is not named", "/endpoint_name",
                "add endpoint_name or --endpoint-name");
  document.erase("endpoint_name");
  const Kind* parent = context.kinds.find(kind.parent_kind);
  CICLO_TRY(const std::string workspace, context.session.workspace_path());
  return fmt::format("{}/{}/{}/{}", workspace, parent->plural, http::percent_encode(endpoint), kind.plural);
}

Result<Json> send_document(Context& context, const Kind& kind, Document& document) {
  CICLO_TRY(const std::string collection, collection_of(context, kind, document.value()));
  const std::string name = text_or(document.value(), "name");
  // As az: creating what changes in place, and is there already, updates it; a version is never overwritten.
  const bool may_update = kind.versioning == Versioning::none && kind.can_update && !name.empty();
  auto answer = may_update
                    ? context.session.call(http::Method::put, item_path(collection, kind, name, ""), document.value())
                    : context.session.call(http::Method::post, collection, document.value());
  if (!answer) return Failure(document.locate(std::move(answer).error()));
  return answer;
}

Result<int> run_create(Context& context, const Kind& kind) {
  CICLO_TRY(Document document, load_document(context, kind));
  CICLO_TRY(Json answer, send_document(context, kind, document));
  if (context.options.has("all-traffic")) {
    CICLO_CHECK(wait_until_provisioned(context, answer));
    CICLO_CHECK(give_all_traffic(context, answer));
  }
  if (context.options.has("stream")) return stream_job(context, answer);
  if (!context.options.has("no-wait")) {
    CICLO_TRY(answer, wait_until_provisioned(context, answer));
  }
  CICLO_CHECK(context.print(answer, kind.columns));
  return 0;
}

Result<int> run_show(Context& context, const Kind& kind) {
  CICLO_TRY(const std::string path, item_path(context, kind));
  CICLO_TRY(const Json answer, context.session.get(path));
  CICLO_CHECK(context.print(answer, kind.columns));
  return 0;
}

Result<int> run_list(Context& context, const Kind& kind) {
  const Options& options = context.options;
  CICLO_TRY(std::string path, collection_path(context, kind));
  std::vector<resources::Column> columns = kind.columns;
  if (kind.versioning == Versioning::versions) {
    if (options.has("name")) path += "/" + http::percent_encode(options.text("name")) + "/versions";
    else
      columns = {{"NAME", "name"},
                 {"LATEST VERSION", "latest_version"},
                 {"LABELS", "join(', ', keys(labels))"},
                 {"CREATED", "creation_context.created_at"}};
  }
  std::vector<std::string> query;
  if (options.has("include-archived")) query.emplace_back("include_archived=true");
  if (options.has("archived-only")) query.emplace_back("archived_only=true");
  if (options.has("parent-job-name"))
    query.push_back("owner=" + http::percent_encode(options.text("parent-job-name")) + "&order=asc");
  for (const std::string& tag : options.all("tag")) query.push_back("tag=" + http::percent_encode(tag));
  if (!query.empty()) path += "?" + join(query, "&");
  std::size_t at_most = 100'000;
  if (const auto limit = options.find("max-results")) {
    const auto number = parse_int(*limit);
    if (!number || *number < 1) return fail(ErrorCode::invalid, fmt::format("--max-results {} is no count", *limit));
    at_most = static_cast<std::size_t>(*number);
  }
  CICLO_TRY(const Json answer, context.session.get_all(path, at_most));
  CICLO_CHECK(context.print(answer, columns));
  return 0;
}

Result<int> run_update(Context& context, const Kind& kind) {
  Json patch = Json::object();
  if (const auto file = context.options.find("file")) {
    CICLO_TRY(Document document, load_document(context, kind));
    CICLO_TRY(Json answer, send_document(context, kind, document));
    CICLO_TRY(answer, wait_until_provisioned(context, answer));
    CICLO_CHECK(context.print(answer, kind.columns));
    return 0;
  }
  CICLO_TRY(const std::string path, item_path(context, kind));
  // --set works on the whole document, so that list items can be changed; what came out is sent as the patch.
  CICLO_TRY(const Json before, context.session.get(path));
  Json after = before;
  CICLO_CHECK(apply_flags(context, after));
  for (const auto& [key, value] : after.items())
    if (key != "name" && key != "version" && member(before, key) != value) patch[key] = value;
  if (patch.contains("traffic"))  // shares not named are taken away, as az does
    for (const auto& [name, share] : member(before, "traffic").items())
      if (!patch["traffic"].contains(name)) patch["traffic"][name] = nullptr;
  CICLO_TRY(Json answer, context.session.call(http::Method::patch, path, patch));
  if (!context.options.has("no-wait")) {
    CICLO_TRY(answer, wait_until_provisioned(context, answer));
  }
  CICLO_CHECK(context.print(answer, kind.columns));
  return 0;
}

Result<bool> confirmed(Context& context, const std::string& what) {
  if (context.options.has("yes") || ::isatty(STDIN_FILENO) == 0) return true;
  std::cerr << "Delete " << what << "? [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

Result<int> run_delete(Context& context, const Kind& kind) {
  CICLO_TRY(const std::string path, item_path(context, kind));
  CICLO_TRY(const bool sure, confirmed(context, fmt::format("the {} '{}'", kind.title, context.options.text("name"))));
  if (!sure) return 1;
  CICLO_CHECK(context.session.call(http::Method::del, path));
  if (kind.has_finalizer && !context.options.has("no-wait")) CICLO_CHECK(wait_until_gone(context, path));
  return 0;
}

Result<int> run_archive(Context& context, const Kind& kind, std::string_view verb) {
  CICLO_TRY(const std::string collection, collection_path(context, kind));
  CICLO_TRY(const std::string name, context.options.needed("name"));
  // Without a version all versions of the name are meant.
  if (kind.versioning == Versioning::versions && !context.options.has("version")) {
    const std::string path = collection + "/" + http::percent_encode(name);
    CICLO_TRY(const Json versions, context.session.get_all(path + "/versions?include_archived=true"));
    for (const Json& version : versions)
      CICLO_CHECK(context.session.call(
          http::Method::post,
          fmt::format("{}/versions/{}/{}", path, http::percent_encode(text_or(version, "version")), verb)));
    CICLO_CHECK(context.session.call(http::Method::patch, path, {{"archived", verb == "archive"}}));
    return 0;
  }
  const std::string path = item_path(collection, kind, name, context.options.text("version"));
  CICLO_CHECK(context.session.call(http::Method::post, fmt::format("{}/{}", path, verb)));
  return 0;
}

Result<int> run_label(Context& context, const Kind& kind) {
  CICLO_TRY(const std::string collection, collection_path(context, kind));
  CICLO_TRY(const std::string name, context.options.needed("name"));
  CICLO_TRY(const std::string label, context.options.needed("label"));
  const std::string path =
      fmt::format("{}/{}/labels/{}", collection, http::percent_encode(name), http::percent_encode(label));
  if (context.options.has("remove")) {
    CICLO_CHECK(context.session.call(http::Method::del, path));
    return 0;
  }
  CICLO_TRY(const std::string version, context.options.needed("version"));
  CICLO_CHECK(context.session.call(http::Method::put, path, {{"version", version}}));
  return 0;
}

Command create_command(const Kind& kind) {
  Command command{kind.name,
                  "create",
                  fmt::format("Create a {}.", kind.title),
                  {file_option, name_option, set_option, no_wait_option},
                  {}};
  add_kind_options(command.options, kind);
  command.options.insert(command.options.end(), field_options.begin(), field_options.end());
  if (kind.name == "job") {
    command.options.push_back(
        {{"stream", "s"}, Takes::nothing, "Follow the job's output until it ends; fails when the job fails."});
    command.options.push_back({{"web"}, Takes::nothing, "Accepted for az scripts."});
  }
  if (kind.name == "online-deployment") {
    command.options.push_back({{"all-traffic"}, Takes::nothing, "Send all of the endpoint's traffic to it."});
    command.options.push_back({{"skip-script-validation"}, Takes::nothing, "Accepted for az scripts."});
  }
  command.run = [&kind](Context& context) { return run_create(context, kind); };
  return command;
}

Command list_command(const Kind& kind) {
  Command command{kind.name, "list", fmt::format("List {}.", kind.plural), {}, {}};
  command.options = {{{"max-results", "r"}, Takes::one, "At most so many."},
                     {{"all-results"}, Takes::nothing, "Accepted for az scripts: all are listed anyway."},
                     {{"include-archived"}, Takes::nothing, "Archived ones too."},
                     {{"archived-only"}, Takes::nothing, "Archived ones alone."},
                     {{"tag"}, Takes::several, "Only those with a tag: key=value."}};
  if (kind.versioning == Versioning::versions)
    command.options.push_back({{"name", "n"}, Takes::one, "List the versions of this name."});
  if (!kind.parent_kind.empty())
    command.options.push_back({{"endpoint-name", "e"}, Takes::one, "The endpoint they belong to."});
  if (kind.name == "job")
    command.options.push_back({{"parent-job-name"}, Takes::one, "The steps of this pipeline job."});
  command.run = [&kind](Context& context) { return run_list(context, kind); };
  return command;
}

Command simple_command(const Kind& kind, std::string verb, std::string summary, std::vector<Option> options, Run run) {
  Command command{kind.name, std::move(verb), std::move(summary), std::move(options), std::move(run)};
  command.options.push_back(name_option);
  add_kind_options(command.options, kind);
  return command;
}

}  // namespace

std::vector<Command> resource_commands(const resources::KindTable& kinds) {
  std::vector<Command> commands;
  for (const auto& owned : kinds.all()) {
    const Kind& kind = *owned;
    commands.push_back(create_command(kind));
    commands.push_back(list_command(kind));
    std::vector<Option> show_options;
    if (kind.versioning == Versioning::versions) show_options.push_back(label_option);
    commands.push_back(simple_command(kind, "show", fmt::format("Show a {}.", kind.title), show_options,
                                      [&kind](Context& context) { return run_show(context, kind); }));
    if (kind.versioning == Versioning::versions)
      commands.push_back(simple_command(kind, "label", fmt::format("Put a label on a {} version.", kind.title),
                                        {label_option, {{"remove"}, Takes::nothing, "Take the label away instead."}},
                                        [&kind](Context& context) { return run_label(context, kind); }));
    if (kind.can_update) {
      std::vector<Option> options = {file_option, set_option, no_wait_option};
      options.insert(options.end(), field_options.begin(), field_options.end());
      commands.push_back(simple_command(kind, "update", fmt::format("Change a {}.", kind.title), std::move(options),
                                        [&kind](Context& context) { return run_update(context, kind); }));
    }
    if (kind.can_delete)
      commands.push_back(simple_command(kind, "delete", fmt::format("Delete a {}.", kind.title),
                                        {yes_option, no_wait_option},
                                        [&kind](Context& context) { return run_delete(context, kind); }));
    for (const char* verb : {"archive", "restore"})
      commands.push_back(simple_command(
          kind, verb,
          std::string_view(verb) == "archive" ? fmt::format("Hide a {} from lists.", kind.title)
                                              : fmt::format("Show an archived {} in lists again.", kind.title),
          {}, [&kind, verb](Context& context) { return run_archive(context, kind, verb); }));
  }
  return commands;
}

}  // namespace ciclo::cli
