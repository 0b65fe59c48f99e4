#include "inner_loop/graphql/execute.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "inner_loop/graphql/limits.hpp"
#include "inner_loop/graphql/schema.hpp"

namespace ciclo::graphql {
namespace {

constexpr std::size_t max_calls = 2000;

Failure invalid(std::string message) {
  return fail(ErrorCode::invalid, std::move(message));
}

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : to_text(value);
}

// As protobuf and graphene give it; `value` null: not set.
Json scalar(const std::string& type, const Json& value) {
  if (const auto first = first_value_of_enum(type); !first.empty()) return value.is_string() ? value : Json(first);
  if (type == "Boolean") return value.is_boolean() && value.get<bool>();
  if (type == "Long") return value.is_null() ? "0" : text_of(value);
  if (type == "Float") {
    if (value.is_null()) return 0.0;
    return value.is_number() ? value : Json(nullptr);
  }
  return value.is_null() ? "" : text_of(value);
}

class Executor {
 public:
  Executor(const Document& document, const Operation& operation, const Resolve& resolve)
      : document_(document), operation_(operation), resolve_(resolve) {}

  Result<void> read_variables(const Json& given) {
    for (const Variable& variable : operation_.variables) {
      const Json& value = member(given, variable.name);
      const bool is_given = given.is_object() && given.contains(variable.name);
      const bool is_required = variable.type.ends_with('!');
      if (is_required && value.is_null() && !variable.otherwise)
        return invalid(
            fmt::format("Variable '${}' of required type '{}' was not provided.", variable.name, variable.type));
      if (is_given) variables_[variable.name] = value;
      else if (variable.otherwise) variables_[variable.name] = *variable.otherwise;
      else variables_[variable.name] = nullptr;
    }
    return {};
  }

  // Everything that can be told without asking anybody.
  Result<void> check() { return check_root(operation_.selections); }

  Json run() {
    Json data = Json::object();
    const std::string type = operation_.is_mutation ? "Mutation" : "Query";
    for (const auto& [name, fields] : collect(operation_.selections)) {
      const Selection& field = *fields.front();
      if (field.name == "__typename") {
        data[name] = type;
        continue;
      }
      auto answer = answer_root(*find_root_field(field.name, operation_.is_mutation), fields);
      if (answer) data[name] = std::move(*answer);
      else data[name] = note(answer.error());
    }
    return {{"data", std::move(data)}, {"errors", errors_.empty() ? Json(nullptr) : Json(errors_)}};
  }

 private:
  using Fields = std::vector<const Selection*>;
  using Collected = std::vector<std::pair<std::string, Fields>>;

  Json note(const Error& error) {
    errors_.push_back(error.hint.empty() ? error.message : error.message + ". " + error.hint);
    return nullptr;
  }

  Result<Json> value_of(const Value& value) const {
    if (value.kind == Value::Kind::literal) return value.literal;
    if (value.kind == Value::Kind::variable) {
      const auto found = variables_.find(value.variable);
      if (found != variables_.end()) return found->second;
      return invalid(fmt::format("Variable '${}' is not defined.", value.variable));
    }
    Json built = value.kind == Value::Kind::list ? Json::array() : Json::object();
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      CICLO_TRY(auto item, value_of(value.items[i]));
      if (value.kind == Value::Kind::list) built.push_back(std::move(item));
      else built[value.keys[i]] = std::move(item);
    }
    return built;
  }

  // @skip and @include; others say nothing about the answer.
  Result<bool> is_included(const Selection& selection) const {
    for (const Directive& directive : selection.directives) {
      const bool is_skip = directive.name == "skip";
      if (!is_skip && directive.name != "include")
        return invalid(fmt::format("Unknown directive '@{}'.", directive.name));
      const auto found = std::ranges::find(directive.arguments, "if", &Argument::name);
      if (found == directive.arguments.end())
        return invalid(fmt::format(
            "Directive '@{}' argument 'if' of type 'Boolean!' is required, but it was not provided.", directive.name));
      CICLO_TRY(const Json value, value_of(found->value));
      if (!value.is_boolean()) return invalid(fmt::format("Argument 'if' of '@{}' must be a Boolean.", directive.name));
      if (value.get<bool>() == is_skip) return false;
    }
    return true;
  }

  // By response name, in the order in which they were asked for. check() has seen to it that all conditions are right.
  Collected collect(const std::vector<Selection>& selections) const {
    Collected collected;
    add_to(collected, selections);
    return collected;
  }

  void add_to(Collected& collected, const std::vector<Selection>& selections) const {
    for (const Selection& selection : selections) {
      if (!is_included(selection).value_or(false)) continue;
      if (selection.kind == Selection::Kind::inline_fragment) {
        add_to(collected, selection.selections);
      } else if (selection.kind == Selection::Kind::spread) {
        if (const Fragment* fragment = document_.find_fragment(selection.name)) add_to(collected, fragment->selections);
      } else {
        const std::string& name = selection.alias.empty() ? selection.name : selection.alias;
        const auto found = std::ranges::find(collected, name, &std::pair<std::string, Fields>::first);
        if (found == collected.end()) collected.emplace_back(name, Fields{&selection});
        else found->second.push_back(&selection);
      }
    }
  }

  // Calls `check_field` for every field of a level, and checks what fragments say.
  template <class CheckField>
  Result<void> check_level(const std::vector<Selection>& selections, std::string_view type, CheckField check_field) {
    for (const Selection& selection : selections) {
      CICLO_CHECK(is_included(selection));
      if (selection.kind == Selection::Kind::field) {
        CICLO_CHECK(check_field(selection));
        continue;
      }
      const Fragment* fragment =
          selection.kind == Selection::Kind::spread ? document_.find_fragment(selection.name) : nullptr;
      const std::string& condition = fragment != nullptr ? fragment->condition : selection.condition;
      if (!condition.empty() && condition != type)
        return invalid(fmt::format("Fragment on '{}' cannot be spread here as objects of type '{}' can never be of it.",
                                   condition, type));
      CICLO_CHECK(check_level(fragment != nullptr ? fragment->selections : selection.selections, type, check_field));
    }
    return check_same_names(selections);
  }

  // Two fields of one response name must be the same field.
  Result<void> check_same_names(const std::vector<Selection>& selections) {
    for (const auto& [name, fields] : collect(selections))
      for (const Selection* field : fields)
        if (field->name != fields.front()->name)
          return invalid(fmt::format("Fields '{}' conflict because '{}' and '{}' are different fields.", name,
                                     fields.front()->name, field->name));
    return {};
  }

  Result<void> check_root(const std::vector<Selection>& selections) {
    const std::string type = operation_.is_mutation ? "Mutation" : "Query";
    return check_level(selections, type, [&](const Selection& selection) -> Result<void> {
      if (selection.name == "__typename") return {};
      const RootField* root = find_root_field(selection.name, operation_.is_mutation);
      if (root == nullptr) return invalid(fmt::format("Cannot query field '{}' on type '{}'.", selection.name, type));
      CICLO_CHECK(arguments_of(*root, selection));
      return check_object(selection, std::string(root->type));
    });
  }

  Result<void> check_object(const Selection& field, const std::string& type_name) {
    const ObjectType* type = find_type(type_name);
    if (type == nullptr) {
      if (field.selections.empty()) return {};
      return invalid(
          fmt::format("Field '{}' must not have a selection since type '{}' has no subfields.", field.name, type_name));
    }
    if (field.selections.empty())
      return invalid(
          fmt::format("Field '{0}' of type '{1}' must have a selection of subfields. Did you mean '{0} {{ ... }}'?",
                      field.name, type_name));
    return check_level(field.selections, type->name, [&](const Selection& selection) -> Result<void> {
      if (selection.name == "__typename") return {};
      const Field* found = type->find(selection.name);
      if (found == nullptr)
        return invalid(fmt::format("Cannot query field '{}' on type '{}'.", selection.name, type->name));
      if (!selection.arguments.empty())
        return invalid(fmt::format("Unknown argument '{}' on field '{}.{}'.", selection.arguments.front().name,
                                   type->name, selection.name));
      return check_object(selection, found->type);
    });
  }

  // The endpoint's arguments, in REST's names.
  Result<Json> arguments_of(const RootField& root, const Selection& field) {
    const std::string wanted = root.endpoint.empty() ? "inputString" : "input";
    Json arguments = Json::object();
    for (const Argument& argument : field.arguments) {
      if (argument.name != wanted)
        return invalid(fmt::format("Unknown argument '{}' on field '{}.{}'.", argument.name,
                                   operation_.is_mutation ? "Mutation" : "Query", field.name));
      CICLO_TRY(const Json value, value_of(argument.value));
      if (root.endpoint.empty()) return Json{{"output", value}};
      if (!value.is_object() && !value.is_null())
        return invalid(fmt::format("Argument 'input' of field '{}' must be an object.", field.name));
      const auto known = split(root.inputs, ' ');
      for (const auto& [key, item] : value.items()) {
        const std::string name = snake_case(key);
        if (std::ranges::find(known, name) == known.end())
          return invalid(fmt::format("Field '{}' is not defined by type 'M{}Input'.", key, field.name.substr(1)));
        if (!item.is_null()) arguments[name] = item;
      }
    }
    return arguments;
  }

  Result<Json> ask(const Ask& what) {
    if (++calls_ > max_calls) return invalid(fmt::format("The query needs more than {} look-ups", max_calls));
    return resolve_(what);
  }

  Result<Json> answer_root(const RootField& root, const Fields& fields) {
    CICLO_TRY(Json arguments, arguments_of(root, *fields.front()));
    Json answer = arguments;
    if (!root.endpoint.empty()) {
      CICLO_TRY(answer, ask({.method = root.method, .endpoint = root.endpoint, .arguments = std::move(arguments)}));
    }
    return shape(*find_type(root.type), answer, fields);
  }

  Json shape(const ObjectType& type, const Json& value, const Fields& fields) {
    Json shaped = Json::object();
    Collected collected;
    for (const Selection* field : fields) add_to(collected, field->selections);
    for (const auto& [name, same] : collected) {
      const Selection& selection = *same.front();
      if (selection.name == "__typename") {
        shaped[name] = type.name;
        continue;
      }
      shaped[name] = shape_field(type, *type.find(selection.name), value, same);
    }
    return shaped;
  }

  Json shape_field(const ObjectType& type, const Field& field, const Json& value, const Fields& fields) {
    const bool is_run = type.name == "MlflowRunExtension";
    if (is_run && field.name == "experiment") return experiment_of(value, fields);
    if (is_run && field.name == "modelVersions") return versions_of(value, field, fields);
    // Errors are in `errors`; MLflow's own server never fills this in either.
    if (field.type == "ApiError") return nullptr;
    return shape_value(field, member(value, field.key), fields);
  }

  Json shape_value(const Field& field, const Json& value, const Fields& fields) {
    const ObjectType* type = find_type(field.type);
    const auto one = [&](const Json& item) {
      return type == nullptr ? scalar(field.type, item) : shape(*type, item, fields);
    };
    if (!field.is_list) return one(value);
    Json list = Json::array();
    for (const Json& item : value) list.push_back(one(item));
    return list;
  }

  // Runs of one search are mostly of one experiment.
  Json experiment_of(const Json& run, const Fields& fields) {
    const std::string id = text_or(member(run, "info"), "experiment_id");
    auto known = experiments_.find(id);
    if (known == experiments_.end()) {
      auto answer =
          ask({.method = http::Method::get, .endpoint = "experiments/get", .arguments = {{"experiment_id", id}}});
      if (!answer) return note(answer.error());
      known = experiments_.emplace(id, member(*answer, "experiment")).first;
    }
    return shape(*find_type("MlflowExperiment"), known->second, fields);
  }

  Json versions_of(const Json& run, const Field& field, const Fields& fields) {
    const std::string filter = fmt::format("run_id='{}'", text_or(member(run, "info"), "run_id"));
    const auto answer =
        ask({.method = http::Method::get, .endpoint = "model-versions/search", .arguments = {{"filter", filter}}});
    if (!answer) return note(answer.error());
    return shape_value(field, member(*answer, "model_versions"), fields);
  }

  const Document& document_;
  const Operation& operation_;
  const Resolve& resolve_;
  std::map<std::string, Json> variables_;
  std::map<std::string, Json> experiments_;
  std::vector<std::string> errors_;
  std::size_t calls_ = 0;
};

Result<const Operation*> chosen_operation(const Document& document, const std::string& name) {
  if (name.empty()) {
    if (document.operations.size() == 1) return &document.operations.front();
    return invalid("Must provide operation name if query contains multiple operations.");
  }
  for (const Operation& operation : document.operations)
    if (operation.name == name) return &operation;
  return invalid(fmt::format("Unknown operation named '{}'.", name));
}

Result<Json> answer_of(const Document& document, const ExecuteRequest& request, const Resolve& resolve) {
  CICLO_CHECK(check_limits(document));
  CICLO_TRY(const Operation* operation, chosen_operation(document, request.operation_name));
  Executor executor(document, *operation, resolve);
  CICLO_CHECK(executor.read_variables(request.variables));
  CICLO_CHECK(executor.check());
  return executor.run();
}

}  // namespace

Json execute(const Document& document, const ExecuteRequest& request, const Resolve& resolve) {
  auto answer = answer_of(document, request, resolve);
  if (answer) return std::move(*answer);
  return {{"data", nullptr}, {"errors", {answer.error().message}}};
}

}  // namespace ciclo::graphql
