#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "scoring/rows.hpp"

namespace ciclo::scoring {
namespace {

bool is_column(const TensorSpec& spec) {
  return spec.shape.size() == 1 || (spec.shape.size() == 2 && spec.shape[1] == 1);
}

Result<void> order_columns(InputLayout& layout, const std::vector<Column>& signature) {
  std::vector<std::string> names;
  for (const auto& input : layout.inputs) names.push_back(input.name);
  for (const auto& column : signature) {
    const auto found = std::ranges::find(names, column.name);
    if (found == names.end()) {
      const auto near = nearest(column.name, names);
      return fail(
          ErrorCode::invalid,
          fmt::format("the signature has the column '{}', but the graph has no input of that name", column.name),
          "MLmodel", near ? fmt::format("the nearest input is '{}'", *near) : "");
    }
    const auto index = static_cast<std::size_t>(found - names.begin());
    layout.columns.push_back({column.name, layout.inputs[index].type, column.required});
    layout.places.push_back({index, 1, 0});
  }
  for (const auto& name : names) {
    if (std::ranges::none_of(signature, [&](const Column& c) { return c.name == name; })) {
      return fail(ErrorCode::invalid,
                  fmt::format("the graph has the input '{}', but the signature has no column of that name", name),
                  "MLmodel");
    }
  }
  return {};
}

}  // namespace

Result<InputLayout> make_layout(std::vector<TensorSpec> inputs, const std::vector<Column>& signature) {
  InputLayout layout;
  layout.inputs = std::move(inputs);
  const bool one_matrix = layout.inputs.size() == 1 && layout.inputs[0].shape.size() == 2;
  if (one_matrix && (layout.inputs[0].shape[1] > 1 || (layout.inputs[0].shape[1] < 0 && !signature.empty()))) {
    const auto& input = layout.inputs[0];
    const auto width = input.shape[1] > 1 ? static_cast<std::size_t>(input.shape[1]) : signature.size();
    if (!signature.empty() && signature.size() != width) {
      return fail(ErrorCode::invalid,
                  fmt::format("the signature has {} columns, but the graph's input '{}' has {}", signature.size(),
                              input.name, width),
                  "MLmodel");
    }
    layout.form = InputLayout::Form::matrix;
    for (std::size_t i = 0; i < width; ++i) {
      const bool named = !signature.empty();
      layout.columns.push_back(
          {named ? signature[i].name : std::to_string(i), input.type, !named || signature[i].required});
      layout.places.push_back({0, width, i});
    }
    return layout;
  }
  if (!layout.inputs.empty() && std::ranges::all_of(layout.inputs, is_column)) {
    layout.form = InputLayout::Form::columns;
    if (!signature.empty() && !(layout.inputs.size() == 1 && signature.size() == 1)) {
      CICLO_CHECK(order_columns(layout, signature));
      return layout;
    }
    for (std::size_t i = 0; i < layout.inputs.size(); ++i) {
      const bool named = signature.size() == 1;
      layout.columns.push_back({named ? signature[0].name : layout.inputs[i].name, layout.inputs[i].type, true});
      layout.places.push_back({i, 1, 0});
    }
  }
  return layout;
}

}  // namespace ciclo::scoring
