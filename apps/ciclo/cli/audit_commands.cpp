// The audit log: list, export, verify, checkpoints, retention.
#include <fmt/format.h>

#include <fstream>
#include <iostream>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/document.hpp"
#include "cli/download.hpp"

namespace ciclo::cli {
namespace {

constexpr std::int64_t default_rows = 100;
constexpr std::int64_t rows_a_page = 1000;
constexpr std::size_t max_checkpoint_bytes = 64U << 10U;

const Option everywhere = {{"all-workspaces"}, Takes::nothing, "Of the whole organisation."};
const Option since_option = {
    {"since"}, Takes::one, "From this time on: 2030-01-31T08:00:00Z, 2030-01-31, 30m, 2h, 7d."};
const Option until_option = {{"until"}, Takes::one, "Before this time, in the same forms."};

Result<std::string> audit_path(const Context& context) {
  if (context.options.has("all-workspaces")) return std::string("/api/v1/audit");
  CICLO_TRY(const std::string workspace, context.session.workspace_path());
  return workspace + "/audit";
}

std::string with_parameters(const Context& context, std::string path, const std::vector<std::string>& names) {
  char separator = '?';
  for (const std::string& name : names) {
    const auto value = context.options.find(name);
    if (!value) continue;
    path += fmt::format("{}{}={}", separator, name, http::percent_encode(*value));
    separator = '&';
  }
  return path;
}

Result<std::int64_t> wanted_rows(const Context& context) {
  const auto text = context.options.find("max-results");
  if (!text) return default_rows;
  const auto number = parse_int(*text);
  if (number && *number > 0) return *number;
  return fail(ErrorCode::invalid, fmt::format("'{}' is not a number of rows", *text), "--max-results",
              "a whole number of at least 1");
}

Result<int> list(Context& context) {
  CICLO_TRY(const std::int64_t wanted, wanted_rows(context));
  CICLO_TRY(std::string path, audit_path(context));
  path = with_parameters(context, std::move(path), {"since", "until", "principal", "operation", "outcome", "filter"});
  path += path.find('?') == std::string::npos ? '?' : '&';
  Json rows = Json::array();
  std::string before;
  while (static_cast<std::int64_t>(rows.size()) < wanted) {
    const auto missing = std::min(rows_a_page, wanted - static_cast<std::int64_t>(rows.size()));
    CICLO_TRY(Json page, context.session.get(fmt::format("{}limit={}{}", path, missing, before)));
    for (Json& row : page["value"]) rows.push_back(std::move(row));
    const Json& next = member(page, "next");
    if (!next.is_number_integer()) break;
    before = fmt::format("&before={}", next.get<std::int64_t>());
  }
  CICLO_CHECK(context.print(rows, {{"TIME", "time"},
                                   {"PRINCIPAL", "principal"},
                                   {"OPERATION", "operation"},
                                   {"TARGET", "target"},
                                   {"OUTCOME", "outcome"},
                                   {"RULE", "rule"}}));
  return 0;
}

Result<int> export_lines(Context& context) {
  CICLO_TRY(std::string path, audit_path(context));
  path = with_parameters(context, path + "/export", {"since", "until"});
  if (const auto file = context.options.find("file")) {
    const std::filesystem::path target = std::filesystem::absolute(*file);
    CICLO_CHECK(download_file(context.session, path, target));
    std::cerr << fmt::format("Written: {}\n", target.string());
    return 0;
  }
  http::ClientRequest request{.method = http::Method::get, .url = context.session.url(path)};
  request.sink = [](std::string_view piece) -> Result<void> {
    if (std::cout.write(piece.data(), static_cast<std::streamsize>(piece.size()))) return {};
    return fail(ErrorCode::internal, "standard output cannot be written");
  };
  CICLO_TRY(const auto response, context.session.raw(std::move(request)));
  if (response.status >= 400) return Failure(error_of(response));
  std::cout << std::flush;
  return 0;
}

Result<Json> read_json_file(const std::string& file) {
  CICLO_TRY(const std::string text, read_text_file(file, max_checkpoint_bytes));
  auto document = parse_json(text);
  if (!document) document.error().add_context(file);
  return document;
}

void print_report(const Json& report) {
  const auto number = [&](std::string_view key) { return member(report, key).get<std::int64_t>(); };
  if (const Json& removed = member(report, "removed_by_policy"); removed.is_object())
    std::cout << fmt::format("Rows up to {} were removed by the retention policy; their checkpoint is signed.\n",
                             member(removed, "last").get<std::int64_t>());
  const std::string rows = fmt::format("{} rows ({} to {}) in {} ms", number("rows"), number("first"), number("last"),
                                       number("duration_ms"));
  if (member(report, "ok") == Json(true)) {
    std::cout << fmt::format("The audit log is as it was written: {}.\n", rows);
    return;
  }
  std::cout << fmt::format("THE AUDIT LOG WAS CHANGED: {}, findings: {}\n", rows, number("findings_total"));
  for (const Json& finding : member(report, "findings"))
    std::cout << fmt::format("  {:<12} {}\n", text_or(finding, "kind"), text_or(finding, "message"));
  if (const auto shown = static_cast<std::int64_t>(member(report, "findings").size()); shown < number("findings_total"))
    std::cout << fmt::format("  and {} more\n", number("findings_total") - shown);
}

Result<int> verify(Context& context) {
  Json body = Json::object();
  if (const auto file = context.options.find("checkpoint")) {
    CICLO_TRY(body["checkpoint"], read_json_file(*file));
  }
  CICLO_TRY(const Json report, context.session.call(http::Method::post, "/api/v1/audit/verify", body));
  if (context.options.has("output") || context.output.query) {
    CICLO_CHECK(context.print(report));
  } else {
    print_report(report);
  }
  return member(report, "ok") == Json(true) ? 0 : 1;
}

Result<int> create_checkpoint(Context& context) {
  CICLO_TRY(const Json checkpoint, context.session.call(http::Method::post, "/api/v1/audit/checkpoints"));
  const auto file = context.options.find("file");
  if (!file) {
    CICLO_CHECK(context.print(checkpoint));
    return 0;
  }
  std::ofstream out(*file, std::ios::trunc);
  out << to_pretty_text(checkpoint) << "\n" << std::flush;
  if (!out) return fail(ErrorCode::invalid, fmt::format("cannot write '{}'", *file), "--file");
  std::cerr << fmt::format("Written: {} (row {}). Keep it away from this machine.\n", *file,
                           member(checkpoint, "sequence").get<std::int64_t>());
  return 0;
}

Result<int> set_retention(Context& context) {
  CICLO_TRY(const std::string text, context.options.needed("days"));
  const auto days = parse_int(text);
  if (text != "off" && (!days || *days < 1))
    return fail(ErrorCode::invalid, fmt::format("'{}' is not a number of days", text), "--days",
                "a whole number of at least 1, or off");
  return print_answer(context, context.session.call(http::Method::put, "/api/v1/audit/retention",
                                                    {{"days", text == "off" ? Json() : Json(*days)}}));
}

}  // namespace

std::vector<Command> audit_commands() {
  return {{"audit",
           "list",
           "Read the audit log, newest first.",
           {everywhere,
            since_option,
            until_option,
            {{"principal"}, Takes::one, "What this one did or wanted to do."},
            {{"outcome"}, Takes::one, "allowed or denied."},
            {{"operation"}, Takes::one, "Such as create, delete, GET."},
            {{"filter"}, Takes::one, "A JMESPath expression over a row; rows for which it holds."},
            {{"max-results", "r"}, Takes::one, "At most so many (default 100)."}},
           list},
          {"audit",
           "export",
           "Write the audit log as JSON lines, oldest first.",
           {everywhere, since_option, until_option, {{"file", "f"}, Takes::one, "Into this file."}},
           export_lines},
          {"audit",
           "verify",
           "Check that nobody changed the audit log; exit code 1 when somebody did.",
           {{{"checkpoint"}, Takes::one, "Compare with a checkpoint that was kept elsewhere."}},
           verify},
          {"audit checkpoint",
           "create",
           "Make a signed checkpoint of the audit log, to be kept elsewhere.",
           {{{"file", "f"}, Takes::one, "Into this file."}},
           create_checkpoint},
          {"audit checkpoint",
           "show-key",
           "Show the public key that checkpoints are signed with.",
           {},
           [](Context& context) { return print_answer(context, context.session.get("/api/v1/audit/key")); }},
          {"audit retention",
           "show",
           "Show for how many days the audit log is kept.",
           {},
           [](Context& context) { return print_answer(context, context.session.get("/api/v1/audit/retention")); }},
          {"audit retention",
           "set",
           "Set for how many days the audit log is kept.",
           {{{"days"}, Takes::one, "A number of days, or off to keep it for ever."}},
           set_retention}};
}

}  // namespace ciclo::cli
