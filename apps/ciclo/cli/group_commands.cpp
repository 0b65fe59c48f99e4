// Groups and who is in them.
#include "base/text.hpp"
#include "cli/command.hpp"

namespace ciclo::cli {
namespace {

const Option name_option = {{"name", "n"}, Takes::one, "The group's name."};
const Option member_option = {{"member", "m"}, Takes::one, "The person or service."};
const Option nested_option = {{"group"}, Takes::one, "A group, all of whose members belong to this one."};
const Option only_option = {{"only-workspace"}, Takes::one, "Counts in this workspace alone."};
const Option external_option = {
    {"external-name"}, Takes::several, "Values of the identity provider's group claim whose holders are members."};
const Option display_option = {{"display-name"}, Takes::one, "The name that people see."};
const Option description_option = {{"description"}, Takes::one, "Who belongs to it."};

const std::vector<resources::Column> group_columns = {
    {"NAME", "name"}, {"DISPLAY NAME", "display_name"}, {"LEVEL", "level"},
    {"UNIT", "unit"}, {"PERSONA", "persona"},           {"EXTERNAL NAMES", "join(', ', external_names)"}};

Result<std::string> group_path(const Context& context) {
  CICLO_TRY(const std::string name, context.options.needed("name"));
  return "/api/v1/groups/" + http::percent_encode(name);
}

Json document_of(const Context& context) {
  Json body = Json::object();
  for (const char* name : {"name", "display-name", "description", "level", "unit"})
    if (const auto value = context.options.find(name)) body[replace_all(name, "-", "_")] = *value;
  for (const std::string& value : context.options.all("external-name")) body["external_names"].push_back(value);
  return body;
}

Result<int> create(Context& context) {
  CICLO_CHECK(context.options.needed("name"));
  return print_answer(context, context.session.call(http::Method::post, "/api/v1/groups", document_of(context)),
                      group_columns);
}

Result<int> update(Context& context) {
  CICLO_TRY(const std::string path, group_path(context));
  Json patch = document_of(context);
  patch.erase("name");
  return print_answer(context, context.session.call(http::Method::patch, path, patch), group_columns);
}

Result<int> show(Context& context) {
  CICLO_TRY(const std::string path, group_path(context));
  return print_answer(context, context.session.get(path), group_columns);
}

Result<int> remove(Context& context) {
  CICLO_TRY(const std::string path, group_path(context));
  return print_answer(context, context.session.call(http::Method::del, path));
}

Result<std::string> member_id(const Context& context) {
  if (const auto group = context.options.find("group")) return "group:" + *group;
  return context.options.needed("member");
}

Result<int> add_member(Context& context) {
  CICLO_TRY(const std::string path, group_path(context));
  Json body = Json::object();
  if (const auto group = context.options.find("group")) {
    body["group"] = *group;
  } else {
    CICLO_TRY(body["member"], context.options.needed("member"));
  }
  if (const auto only = context.options.find("only-workspace")) body["only_workspace"] = *only;
  return print_answer(context, context.session.call(http::Method::post, path + "/members", body),
                      {{"GROUP", "group"}, {"MEMBER", "member"}, {"ONLY WORKSPACE", "only_workspace"}});
}

Result<int> list_members(Context& context) {
  CICLO_TRY(const std::string path, group_path(context));
  return print_answer(context, context.session.get(path + "/members"),
                      {{"MEMBER", "member"},
                       {"ONLY WORKSPACE", "only_workspace"},
                       {"SOURCE", "source"},
                       {"ADDED BY", "added_by"},
                       {"ADDED", "added_at"}});
}

Result<int> remove_member(Context& context) {
  CICLO_TRY(const std::string path, group_path(context));
  CICLO_TRY(const std::string member, member_id(context));
  std::string item = path + "/members/" + http::percent_encode(member);
  if (const auto only = context.options.find("only-workspace"))
    item += "?only_workspace=" + http::percent_encode(*only);
  return print_answer(context, context.session.call(http::Method::del, item));
}

}  // namespace

std::vector<Command> group_commands() {
  return {
      {"group",
       "create",
       "Create a group.",
       {name_option,
        display_option,
        description_option,
        external_option,
        {{"level"}, Takes::one, "organisation (default), department, team or workspace."},
        {{"unit"}, Takes::one, "Which department, team or workspace."}},
       create},
      {"group",
       "list",
       "List the groups that you may see.",
       {},
       [](Context& context) { return print_answer(context, context.session.get("/api/v1/groups"), group_columns); }},
      {"group", "show", "Show a group.", {name_option}, show},
      {"group",
       "update",
       "Change what a group is called, and which names of the identity provider mean it.",
       {name_option, display_option, description_option, external_option},
       update},
      {"group", "delete", "Delete a group, with its roles.", {name_option}, remove},
      {"group member",
       "add",
       "Put somebody, or a group, into a group.",
       {name_option, member_option, nested_option, only_option},
       add_member},
      {"group member", "list", "List who is in a group.", {name_option}, list_members},
      {"group member",
       "remove",
       "Take somebody, or a group, out of a group.",
       {name_option, member_option, nested_option, only_option},
       remove_member},
  };
}

}  // namespace ciclo::cli
