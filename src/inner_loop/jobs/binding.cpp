#include "inner_loop/jobs/binding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "resources/reference.hpp"

namespace ciclo::inner_loop {
namespace {

Result<std::string> optional_text(const Json& holder, const char* key, const std::string& pointer) {
  const Json& value = member(holder, key);
  if (value.is_null()) return std::string();
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return literal_text(value);  // a version written without quotes
  return fail(ErrorCode::invalid, fmt::format("'{}' must be text", key), pointer + "/" + key);
}

Result<InputBinding> read_literal(const Json& value, const InputDeclaration* declared, const std::string& pointer) {
  InputBinding binding;
  if (value.is_string()) {
    const std::string text = value.get<std::string>();
    auto pieces = parse_template(text);
    if (!pieces) {
      pieces.error().target = pointer;
      return std::unexpected(std::move(pieces).error());
    }
    CICLO_TRY(const auto whole, parse_whole_expression(text));
    if (whole) {
      binding.source = InputBinding::Source::expression;
      binding.expression = whole;
      if (declared != nullptr) binding.type = declared->type;
      return binding;
    }
    if (declared != nullptr && !is_literal(declared->type)) {
      binding.source = InputBinding::Source::data;
      binding.type = declared->type;
      binding.path = text;
      return binding;
    }
    // What it will be is known once the expressions inside are put in.
    if (!expressions_of(*pieces).empty()) declared = nullptr;
  } else if (!value.is_primitive()) {
    return fail(ErrorCode::invalid, "an input must be a number, text, true, false or a map with a path", pointer);
  } else if (declared != nullptr && !is_literal(declared->type)) {
    return fail(ErrorCode::invalid,
                fmt::format("input '{}' is a {} and needs a path", declared->name, name_of(declared->type)), pointer);
  }
  binding.source = InputBinding::Source::literal;
  binding.type = declared != nullptr ? declared->type : type_of_literal(value);
  binding.literal = value;
  if (declared != nullptr) {
    CICLO_TRY(binding.literal, check_literal(*declared, value, pointer));
  }
  return binding;
}

// The declaration that {type: integer, value: 3} makes for itself.
Result<std::optional<InputDeclaration>> own_declaration(const Json& given, const std::string& pointer) {
  CICLO_TRY(auto declarations, parse_input_declarations(Json{{"value", Json{{"type", member(given, "type")}}}}, ""));
  const Json& type = member(given, "type");
  if (type.is_null()) return std::nullopt;
  declarations[0].name = pointer.substr(pointer.rfind('/') + 1);
  return std::move(declarations[0]);
}

Result<InputBinding> read_map(const Json& given, const InputDeclaration* declared, const std::string& pointer) {
  auto parsed = own_declaration(given, pointer);
  if (!parsed) {
    parsed.error().target = pointer + "/type";
    return std::unexpected(std::move(parsed).error());
  }
  const std::optional<InputDeclaration> own = *std::move(parsed);
  const Json& value = member(given, "value").is_null() ? member(given, "default") : member(given, "value");
  CICLO_TRY(const std::string mode, optional_text(given, "mode", pointer));
  CICLO_TRY(const std::string path, optional_text(given, "path", pointer));
  if (path.empty()) {
    if (value.is_null()) {
      InputBinding unset;
      unset.type = declared != nullptr ? declared->type : own ? own->type : ValueType::uri_folder;
      return unset;
    }
    CICLO_TRY(InputBinding binding, read_literal(value,
                                                 declared != nullptr ? declared
                                                 : own               ? &*own
                                                                     : nullptr,
                                                 pointer));
    if (!mode.empty()) binding.mode = mode;
    return binding;
  }
  if (declared != nullptr && is_literal(declared->type)) {
    return fail(
        ErrorCode::invalid,
        fmt::format("input '{}' is a {} and takes a value, not a path", declared->name, name_of(declared->type)),
        pointer + "/path");
  }
  InputBinding binding;
  CICLO_TRY(const auto whole, parse_whole_expression(path));
  binding.source = whole ? InputBinding::Source::expression : InputBinding::Source::data;
  binding.expression = whole;
  binding.path = whole ? "" : path;
  binding.mode = mode;
  binding.type = own && !is_literal(own->type) ? own->type
                 : declared != nullptr         ? declared->type
                                               : ValueType::uri_folder;
  return binding;
}

template <class Declaration>
Result<void> check_known(const std::vector<Declaration>& declared, const Json& given, std::string_view what,
                         const std::string& pointer) {
  if (given.is_null()) return {};
  if (!given.is_object()) return fail(ErrorCode::invalid, fmt::format("{}s must be a map of names", what), pointer);
  for (const auto& [name, value] : given.items()) {
    if (std::ranges::any_of(declared, [&](const Declaration& d) { return d.name == name; })) continue;
    std::vector<std::string> names;
    for (const Declaration& d : declared) names.push_back(d.name);
    const auto near = nearest(name, names);
    return fail(ErrorCode::invalid, fmt::format("the component has no {} '{}'", what, name),
                pointer + "/" + escape_pointer_token(name),
                near            ? fmt::format("did you mean '{}'?", *near)
                : names.empty() ? fmt::format("it has no {}s", what)
                                : fmt::format("it has {}", join(names, ", ")));
  }
  return {};
}

// Names become folders of the step (and variables of its command).
Result<void> check_binding_name(const std::string& name, std::string_view what, const std::string& pointer) {
  if (resources::check_name(name, what)) return {};
  return fail(ErrorCode::invalid, fmt::format("'{}' cannot be the name of an {}", name.substr(0, 80), what),
              pointer + "/" + escape_pointer_token(name),
              "use 1–255 letters, digits, '-', '_' and '.', beginning with a letter, a digit or '_'");
}

}  // namespace

Json InputBinding::to_json() const {
  switch (source) {
    case Source::unset: return nullptr;
    case Source::literal: return {{"type", name_of(type)}, {"value", literal}};
    case Source::expression: return expression->text();
    case Source::data: break;
  }
  Json json{{"type", name_of(type)}, {"path", path}};
  if (!mode.empty()) json["mode"] = mode;
  return json;
}

Json OutputBinding::to_json() const {
  Json json{{"type", name_of(type.value_or(ValueType::uri_folder))}};
  if (!mode.empty()) json["mode"] = mode;
  if (!path.empty()) json["path"] = path;
  if (!asset_name.empty()) json["name"] = asset_name;
  if (!asset_version.empty()) json["version"] = asset_version;
  return json;
}

Result<InputBinding> read_input(const Json& given, const InputDeclaration* declared, const std::string& pointer) {
  if (given.is_object()) return read_map(given, declared, pointer);
  if (!given.is_null()) return read_literal(given, declared, pointer);
  InputBinding unset;
  if (declared != nullptr) unset.type = declared->type;
  return unset;
}

Result<InputBindings> read_inputs(const Json& given, const std::string& pointer) {
  InputBindings bindings;
  if (given.is_null()) return bindings;
  if (!given.is_object()) return fail(ErrorCode::invalid, "inputs must be a map of names", pointer);
  for (const auto& [name, value] : given.items()) {
    CICLO_CHECK(check_binding_name(name, "input", pointer));
    CICLO_TRY(bindings[name], read_input(value, nullptr, pointer + "/" + escape_pointer_token(name)));
  }
  return bindings;
}

Result<InputBindings> bind_inputs(const std::vector<InputDeclaration>& declared, const Json& given,
                                  const std::string& pointer) {
  CICLO_CHECK(check_known(declared, given, "input", pointer));
  InputBindings bindings;
  for (const InputDeclaration& declaration : declared) {
    const std::string where = pointer + "/" + escape_pointer_token(declaration.name);
    CICLO_TRY(InputBinding binding, read_input(member(given, declaration.name), &declaration, where));
    if (binding.source == InputBinding::Source::unset && !declaration.default_value.is_null()) {
      CICLO_TRY(binding, read_input(declaration.default_value, &declaration, where));
    }
    if (binding.source == InputBinding::Source::unset && !declaration.optional) {
      return fail(ErrorCode::invalid,
                  fmt::format("the required input '{}' ({}) is missing", declaration.name, name_of(declaration.type)),
                  member(given, declaration.name).is_null() ? pointer : where);
    }
    bindings[declaration.name] = std::move(binding);
  }
  return bindings;
}

Result<OutputBinding> read_output(const Json& given, const std::string& pointer) {
  OutputBinding binding;
  if (given.is_null()) return binding;
  if (given.is_string()) {
    auto whole = parse_whole_expression(given.get<std::string>());
    if (!whole || !*whole || (*whole)->kind != ExpressionKind::parent_output)
      return fail(ErrorCode::invalid, "an output must be ${{parent.outputs.<name>}} or a map with type, mode and path",
                  pointer, whole ? "" : whole.error().message);
    binding.expression = **whole;
    return binding;
  }
  if (!given.is_object()) return fail(ErrorCode::invalid, "an output must be a map with type, mode and path", pointer);
  CICLO_TRY(const auto declared, parse_output_declarations(Json{{"value", given}}, ""));
  if (!member(given, "type").is_null()) binding.type = declared[0].type;
  CICLO_TRY(binding.mode, optional_text(given, "mode", pointer));
  CICLO_TRY(binding.path, optional_text(given, "path", pointer));
  CICLO_TRY(binding.asset_name, optional_text(given, "name", pointer));
  CICLO_TRY(binding.asset_version, optional_text(given, "version", pointer));
  CICLO_TRY(const auto whole, parse_whole_expression(binding.path));
  if (whole && whole->kind == ExpressionKind::parent_output) {
    binding.expression = whole;
    binding.path.clear();
  }
  return binding;
}

Result<OutputBindings> read_outputs(const Json& given, const std::string& pointer) {
  OutputBindings bindings;
  if (given.is_null()) return bindings;
  if (!given.is_object()) return fail(ErrorCode::invalid, "outputs must be a map of names", pointer);
  for (const auto& [name, value] : given.items()) {
    CICLO_CHECK(check_binding_name(name, "output", pointer));
    CICLO_TRY(bindings[name], read_output(value, pointer + "/" + escape_pointer_token(name)));
  }
  return bindings;
}

Result<OutputBindings> bind_outputs(const std::vector<OutputDeclaration>& declared, const Json& given,
                                    const std::string& pointer) {
  CICLO_CHECK(check_known(declared, given, "output", pointer));
  CICLO_TRY(OutputBindings bindings, read_outputs(given, pointer));
  for (const OutputDeclaration& declaration : declared) {
    OutputBinding& binding = bindings[declaration.name];
    if (!binding.type) binding.type = declaration.type;
  }
  return bindings;
}

}  // namespace ciclo::inner_loop
