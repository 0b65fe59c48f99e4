// Who may do what: role assignments, the access matrix, and roles for a limited time.
#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/command.hpp"

namespace ciclo::cli {
namespace {

const Option principal_option = {{"principal", "p"}, Takes::one, "The person or service."};
const Option group_option = {{"group"}, Takes::one, "The group, in place of a principal."};
const Option role_option = {{"role", "r"}, Takes::one, "The role's name, or its short one: reader, KVA, ..."};
const Option component_option = {
    {"component"}, Takes::one, "In this component alone: workspace, secrets, images, storage, ..."};
const Option resource_option = {
    {"resource"}, Takes::one, "On this alone: experiment/3, model/weather, online-endpoint/weather."};
const Option organisation_option = {{"organisation"}, Takes::nothing, "In the organisation, not in a workspace."};
const Option id_option = {{"id"}, Takes::one, "Its id."};
const Option comment_option = {{"comment"}, Takes::one, "Why."};
const Option duration_option = {{"max-duration"}, Takes::one, "The longest it can be activated, such as 8h (default)."};
const Option approval_option = {{"needs-approval"}, Takes::one, "true: somebody else approves each activation."};
const Option approver_option = {
    {"approver"}, Takes::one, "Who approves: a person, or group:<name>; else whoever may give the role."};

const std::vector<resources::Column> assignment_columns = {{"ID", "id"},     {"PRINCIPAL", "principal"},
                                                           {"ROLE", "role"}, {"SCOPE", "scope"},
                                                           {"MODE", "mode"}, {"EXPIRES", "expires_at || 'never'"}};
const std::vector<resources::Column> activation_columns = {
    {"ID", "id"},       {"PRINCIPAL", "principal"}, {"ROLE", "role"},    {"SCOPE", "scope"},
    {"STATE", "state"}, {"ENDS", "ends_at"},        {"REASON", "reason"}};

// The workspace's collection, or with --organisation the organisation's.
Result<std::string> collection(Context& context, std::string_view name) {
  if (context.options.has("organisation")) return fmt::format("/api/v1/{}", name);
  CICLO_TRY(const std::string workspace, context.session.workspace_path());
  return fmt::format("{}/{}", workspace, name);
}

void copy_texts(const Context& context, Json& body, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const auto value = context.options.find(name)) body[replace_all(name, "-", "_")] = *value;
}

Result<void> copy_rules(const Context& context, Json& body) {
  copy_texts(context, body, {"max-duration", "approver"});
  const auto approval = context.options.find("needs-approval");
  if (!approval) return {};
  if (*approval != "true" && *approval != "false")
    return fail(ErrorCode::invalid, "expected true or false", "--needs-approval");
  body["needs_approval"] = *approval == "true";
  return {};
}

Result<int> assign(Context& context) {
  CICLO_TRY(const std::string path, collection(context, "role-assignments"));
  CICLO_TRY(const std::string role, context.options.needed("role"));
  if (!context.options.has("group")) CICLO_CHECK(context.options.needed("principal"));
  Json body = {{"role", role}};
  copy_texts(context, body, {"principal", "group", "component", "resource", "expires-at"});
  if (context.options.has("eligible")) body["mode"] = "eligible";
  CICLO_CHECK(copy_rules(context, body));
  return print_answer(context, context.session.call(http::Method::post, path, body), assignment_columns);
}

Result<int> list_assignments(Context& context) {
  CICLO_TRY(const std::string path, collection(context, "role-assignments"));
  return print_answer(context, context.session.get(path), assignment_columns);
}

Result<int> delete_assignment(Context& context) {
  CICLO_TRY(const std::string path, collection(context, "role-assignments"));
  CICLO_TRY(const std::string id, context.options.needed("id"));
  return print_answer(context, context.session.call(http::Method::del, path + "/" + http::percent_encode(id)));
}

// Of the whole workspace, by whom and which: what `workspace grant` gave.
Result<int> withdraw(Context& context) {
  CICLO_TRY(const std::string path, collection(context, "role-assignments"));
  CICLO_TRY(const std::string role, context.options.needed("role"));
  std::string holder = "group:" + context.options.text("group");
  if (!context.options.has("group")) {
    CICLO_TRY(holder, context.options.needed("principal"));
  }
  CICLO_TRY(const Json all, context.session.get(path));
  for (const Json& each : member(all, "value")) {
    const bool is_whole = !each.contains("component") && !each.contains("resource");
    if (is_whole && text_or(each, "principal") == holder && text_or(each, "role") == role)
      return print_answer(context, context.session.call(http::Method::del, path + "/" + text_or(each, "id")));
  }
  return fail(ErrorCode::not_found, fmt::format("'{}' does not have the role {} here", holder, role), {},
              "see who has which: ciclo workspace members");
}

// One change for every role that is activated there, such as "let somebody approve".
Result<int> change_rules(Context& context) {
  CICLO_TRY(const std::string path, collection(context, "role-assignments"));
  Json rules = Json::object();
  CICLO_CHECK(copy_rules(context, rules));
  if (rules.empty())
    return fail(ErrorCode::invalid, "nothing to change", {}, "give --needs-approval, --approver or --max-duration");
  CICLO_TRY(const Json all, context.session.get(path));
  Json changed = Json::array();
  for (const Json& each : member(all, "value")) {
    if (text_or(each, "mode") != "eligible") continue;
    CICLO_TRY(Json now, context.session.call(http::Method::patch, path + "/" + text_or(each, "id"), rules));
    changed.push_back(std::move(now));
  }
  return print_answer(context, changed,
                      {{"PRINCIPAL", "principal"},
                       {"ROLE", "role"},
                       {"SCOPE", "scope"},
                       {"LONGEST", "max_duration"},
                       {"NEEDS APPROVAL", "needs_approval"},
                       {"APPROVER", "approver"}});
}

Result<int> show_matrix(Context& context) {
  CICLO_TRY(const std::string path, collection(context, "access-matrix"));
  CICLO_TRY(const Json matrix, context.session.get(path));
  std::vector<resources::Column> columns = {{"PERSONA", "title"}};
  std::size_t index = 0;
  for (const Json& component : member(matrix, "components"))
    columns.push_back({to_upper(component.get<std::string>()), fmt::format("join(', ', cells[{}].roles)", index++)});
  const bool is_table = context.output.format == Format::table;
  return print_answer(context, is_table ? member(matrix, "rows") : matrix, columns);
}

Result<int> check(Context& context) {
  CICLO_TRY(const std::string path, collection(context, "access-decisions"));
  CICLO_TRY(const std::string action, context.options.needed("action"));
  Json body = {{"action", action}};
  copy_texts(context, body, {"principal", "resource"});
  CICLO_TRY(const Json answer, context.session.call(http::Method::post, path, body));
  return print_answer(context, answer,
                      {{"PRINCIPAL", "principal"}, {"ACTION", "action"}, {"ALLOWED", "allowed"}, {"RULE", "rule"}});
}

Result<int> list_eligible(Context& context) {
  return print_answer(context, context.session.get("/api/v1/me/eligible-roles"),
                      {{"ID", "id"},
                       {"ROLE", "role"},
                       {"SCOPE", "scope"},
                       {"THROUGH", "group"},
                       {"LONGEST", "max_duration"},
                       {"NEEDS APPROVAL", "needs_approval"}});
}

// By id, or all that one may activate in a workspace, cut by --component and --role.
Result<Json> ids_to_activate(Context& context) {
  const Options& options = context.options;
  if (const auto id = options.find("id")) return Json::array({*id});
  CICLO_TRY(const std::string workspace, context.session.workspace());
  CICLO_TRY(const Json eligible, context.session.get("/api/v1/me/eligible-roles"));
  Json ids = Json::array();
  for (const Json& each : member(eligible, "value")) {
    const auto is_wanted = [&](const char* field) {
      return !options.has(field) || options.text(field) == text_or(each, field);
    };
    if (text_or(each, "workspace") == workspace && is_wanted("component") && is_wanted("role"))
      ids.push_back(text_or(each, "id"));
  }
  if (!ids.empty()) return ids;
  return fail(ErrorCode::not_found, fmt::format("there is no such role that you may activate in '{}'", workspace), {},
              "see which there are: ciclo access eligible");
}

Result<int> activate(Context& context) {
  CICLO_TRY(const std::string reason, context.options.needed("reason"));
  Json body = {{"reason", reason}};
  CICLO_TRY(body["assignment_ids"], ids_to_activate(context));
  copy_texts(context, body, {"duration"});
  return print_answer(context, context.session.call(http::Method::post, "/api/v1/activations", body),
                      activation_columns);
}

Result<int> list_activations(Context& context) {
  CICLO_TRY(const std::string path, collection(context, "activations"));
  return print_answer(context, context.session.get(path), activation_columns);
}

Command decide(const char* verb, const char* summary) {
  return {"access", verb, summary, {id_option, comment_option}, [verb](Context& context) -> Result<int> {
            CICLO_TRY(const std::string id, context.options.needed("id"));
            const std::string path = fmt::format("/api/v1/activations/{}/{}", http::percent_encode(id), verb);
            return print_answer(
                context, context.session.call(http::Method::post, path, {{"comment", context.options.text("comment")}}),
                activation_columns);
          }};
}

std::vector<Command> assignment_commands() {
  return {
      {"role assignment",
       "create",
       "Give a person, service or group a role.",
       {principal_option,
        group_option,
        role_option,
        component_option,
        resource_option,
        organisation_option,
        {{"expires-at"}, Takes::one, "When it ends, such as 2030-01-31T00:00:00Z."},
        {{"eligible"}, Takes::nothing, "Not now: it may be activated for a limited time."},
        duration_option,
        approval_option,
        approver_option},
       assign},
      {"role assignment", "list", "List who has which role.", {organisation_option}, list_assignments},
      {"role assignment", "delete", "Take a role away.", {id_option, organisation_option}, delete_assignment},
      {"workspace",
       "grant",
       "Give somebody a role in the whole workspace.",
       {principal_option, group_option, role_option},
       assign},
      {"workspace", "withdraw", "Take such a role away.", {principal_option, group_option, role_option}, withdraw},
      {"workspace", "members", "List who has which role.", {}, list_assignments},
  };
}

}  // namespace

std::vector<Command> access_commands() {
  std::vector<Command> all = assignment_commands();
  const std::vector<Command> more = {
      {"access", "matrix", "What each persona may do with each component of the workspace.", {}, show_matrix},
      {"access",
       "check",
       "Why somebody may or may not do something.",
       {principal_option, {{"action"}, Takes::one, "Such as storage/read."}, resource_option},
       check},
      {"access", "eligible", "List the roles that you may activate.", {}, list_eligible},
      {"access",
       "activate",
       "Activate roles for a limited time: by --id, or all of the workspace that you may.",
       {id_option,
        component_option,
        role_option,
        {{"reason"}, Takes::one, "Why, such as a ticket and what is to be done."},
        {{"duration", "d"}, Takes::one, "How long, such as 2h (default: the longest allowed)."}},
       activate},
      {"access", "activations", "List activations, newest first.", {organisation_option}, list_activations},
      {"access",
       "rules",
       "Change how the roles of the workspace are activated.",
       {organisation_option, duration_option, approval_option, approver_option},
       change_rules},
      decide("approve", "Let somebody activate a role."),
      decide("reject", "Refuse it."),
      decide("end", "End an activation, or take the request back."),
  };
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace ciclo::cli
