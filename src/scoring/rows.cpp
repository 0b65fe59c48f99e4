#include "scoring/rows.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "base/text.hpp"
#include "scoring/json_values.hpp"

namespace ciclo::scoring {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::size_t ignored = ~std::size_t{0};

// Where the rows lie in the body, whatever it is called there.
struct Payload {
  element data;
  std::optional<array> columns;  // names, for positional rows
  std::string pointer;           // JSON pointer of `data`, for messages
  bool by_column = false;        // {"column": [values]} instead of a list of rows
};

class RowReader {
 public:
  RowReader(const InputLayout& layout, Payload payload) : layout_(layout), payload_(std::move(payload)) {}

  Result<std::vector<Tensor>> read() {
    if (payload_.by_column) {
      CICLO_CHECK(read_by_column());
    } else {
      CICLO_CHECK(read_rows());
    }
    return std::move(tensors_);
  }

 private:
  void allocate(std::size_t rows) {
    tensors_.reserve(layout_.inputs.size());
    for (const auto& input : layout_.inputs) {
      Shape shape{static_cast<std::int64_t>(rows)};
      if (input.shape.size() == 2)
        shape.push_back(layout_.form == InputLayout::Form::matrix ? static_cast<std::int64_t>(layout_.columns.size())
                                                                  : 1);
      tensors_.emplace_back(input.type, std::move(shape));
    }
  }

  Result<void> put(std::size_t column, std::size_t row, const element& value) {
    const auto& place = layout_.places[column];
    if (store(tensors_[place.tensor], row * place.stride + place.offset, value)) return {};
    const auto& facts = layout_.columns[column];
    return fail(ErrorCode::invalid,
                fmt::format("column '{}', row {}: expected {}, got {}", facts.name, row, describe(facts.type),
                            describe_value(value)),
                payload_.pointer);
  }

  // A column that may be left out is missing in every row: NaN or "".
  Result<void> fill_missing(const std::vector<bool>& present, const std::vector<std::string>& unknown,
                            std::size_t rows) {
    for (std::size_t c = 0; c < present.size(); ++c) {
      if (present[c]) continue;
      const auto& facts = layout_.columns[c];
      if (facts.required) {
        const auto near = nearest(facts.name, unknown);
        return fail(ErrorCode::invalid, fmt::format("the column '{}' is missing", facts.name), payload_.pointer,
                    near ? fmt::format("the request has '{}'", *near) : "the model needs: " + names());
      }
      const auto& place = layout_.places[c];
      for (std::size_t row = 0; row < rows; ++row) {
        if (!store_missing(tensors_[place.tensor], row * place.stride + place.offset)) {
          return fail(
              ErrorCode::invalid,
              fmt::format("the column '{}' is missing, and {} cannot be missing", facts.name, describe(facts.type)),
              payload_.pointer);
        }
      }
    }
    return {};
  }

  std::string names() const {
    std::string text;
    for (const auto& column : layout_.columns) {
      if (text.size() > 400) return text + ", …";
      if (!text.empty()) text += ", ";
      text += column.name;
    }
    return text;
  }

  std::size_t index_of(std::string_view name) const {
    for (std::size_t c = 0; c < layout_.columns.size(); ++c) {
      if (layout_.columns[c].name == name) return c;
    }
    return ignored;
  }

  Result<void> read_rows() {
    array rows;
    if (payload_.data.get_array().get(rows) != simdjson::SUCCESS) {
      return fail(ErrorCode::invalid, fmt::format("expected a list of rows, got {}", describe_value(payload_.data)),
                  payload_.pointer);
    }
    const auto count = rows.size();
    if (count == 0) return fail(ErrorCode::invalid, "there are no rows to score", payload_.pointer);
    allocate(count);
    const element first = *rows.begin();
    if (first.is_object()) return read_records(rows);
    return read_lists(rows);
  }

  Result<void> map_columns(std::size_t width, std::size_t rows) {
    map_.assign(width, ignored);
    if (!payload_.columns) {
      if (width != layout_.columns.size()) {
        return fail(ErrorCode::invalid,
                    fmt::format("row 0 has {} values, but the model has {} columns", width, layout_.columns.size()),
                    payload_.pointer, "the model needs: " + names());
      }
      for (std::size_t i = 0; i < width; ++i) map_[i] = i;
      return {};
    }
    std::vector<bool> present(layout_.columns.size());
    std::vector<std::string> unknown;
    std::size_t position = 0;
    for (const element name : *payload_.columns) {
      std::string_view text;
      if (name.get_string().get(text) != simdjson::SUCCESS) {
        return fail(ErrorCode::invalid, fmt::format("'columns' holds {}; names were expected", describe_value(name)),
                    payload_.pointer);
      }
      const auto column = index_of(text);
      if (column == ignored) {
        unknown.emplace_back(text);
      } else if (present[column]) {
        return fail(ErrorCode::invalid, fmt::format("the column '{}' stands twice in 'columns'", text),
                    payload_.pointer);
      } else {
        present[column] = true;
      }
      if (position < width) map_[position] = column;
      ++position;
    }
    if (position != width) {
      return fail(ErrorCode::invalid, fmt::format("row 0 has {} values, but 'columns' names {}", width, position),
                  payload_.pointer);
    }
    return fill_missing(present, unknown, rows);
  }

  Result<void> read_lists(const array& rows) {
    const element first = *rows.begin();
    // A bare value is a row of one column.
    array values;
    const bool bare = first.get_array().get(values) != simdjson::SUCCESS;
    CICLO_CHECK(map_columns(bare ? 1 : values.size(), rows.size()));
    std::size_t row = 0;
    for (const element entry : rows) {
      if (bare) {
        CICLO_CHECK(put(map_[0] == ignored ? 0 : map_[0], row++, entry));
        continue;
      }
      if (entry.get_array().get(values) != simdjson::SUCCESS) {
        return fail(ErrorCode::invalid, fmt::format("row {}: expected a list, got {}", row, describe_value(entry)),
                    payload_.pointer);
      }
      std::size_t position = 0;
      for (const element value : values) {
        if (position < map_.size() && map_[position] != ignored) CICLO_CHECK(put(map_[position], row, value));
        ++position;
      }
      if (position != map_.size()) {
        return fail(ErrorCode::invalid,
                    fmt::format("row {} has {} values, but row 0 has {}", row, position, map_.size()),
                    payload_.pointer);
      }
      ++row;
    }
    return {};
  }

  Result<void> read_records(const array& rows) {
    std::vector<bool> present(layout_.columns.size());
    std::vector<std::string> unknown;
    std::size_t row = 0;
    for (const element entry : rows) {
      object record;
      if (entry.get_object().get(record) != simdjson::SUCCESS) {
        return fail(ErrorCode::invalid, fmt::format("row {}: expected an object, got {}", row, describe_value(entry)),
                    payload_.pointer);
      }
      std::vector<bool> filled(layout_.columns.size());
      std::size_t position = 0;
      for (const auto field : record) {
        // Records mostly name their columns in the same order.
        const bool guess =
            position < map_.size() && map_[position] != ignored && layout_.columns[map_[position]].name == field.key;
        const auto column = guess ? map_[position] : index_of(field.key);
        if (row == 0) map_.push_back(column);
        ++position;
        if (column == ignored) {
          if (row == 0) unknown.emplace_back(field.key);
          continue;
        }
        filled[column] = true;
        CICLO_CHECK(put(column, row, field.value));
      }
      if (row == 0) {
        present = filled;
        CICLO_CHECK(fill_missing(present, unknown, rows.size()));
      } else if (filled != present) {
        for (std::size_t c = 0; c < filled.size(); ++c) {
          if (!filled[c] && layout_.columns[c].required) {
            return fail(ErrorCode::invalid,
                        fmt::format("column '{}' is missing in row {}", layout_.columns[c].name, row), payload_.pointer,
                        "write null for a missing value");
          }
        }
      }
      ++row;
    }
    return {};
  }

  Result<void> read_by_column() {
    object named;
    if (payload_.data.get_object().get(named) != simdjson::SUCCESS) return read_rows();
    std::vector<bool> present(layout_.columns.size());
    std::vector<std::string> unknown;
    std::optional<std::size_t> rows;
    for (const auto field : named) {
      const auto column = index_of(field.key);
      if (column == ignored) {
        unknown.emplace_back(field.key);
        continue;
      }
      array values;
      if (field.value.get_array().get(values) != simdjson::SUCCESS) {
        return fail(ErrorCode::invalid,
                    fmt::format("column '{}': expected a list, got {}", field.key, describe_value(field.value)),
                    payload_.pointer);
      }
      if (!rows) {
        rows = values.size();
        if (*rows == 0) return fail(ErrorCode::invalid, "there are no rows to score", payload_.pointer);
        allocate(*rows);
      }
      if (values.size() != *rows) {
        return fail(ErrorCode::invalid,
                    fmt::format("column '{}' has {} values, others have {}", field.key, values.size(), *rows),
                    payload_.pointer);
      }
      std::size_t row = 0;
      for (element value : values) {
        // Tensors of shape [-1,1] arrive as lists of lists of one.
        array inner;
        if (value.get_array().get(inner) == simdjson::SUCCESS && inner.size() == 1) value = *inner.begin();
        CICLO_CHECK(put(column, row++, value));
      }
      present[column] = true;
    }
    if (!rows) allocate(0);
    return fill_missing(present, unknown, rows.value_or(0));
  }

  const InputLayout& layout_;
  Payload payload_;
  std::vector<Tensor> tensors_;
  std::vector<std::size_t> map_;  // position in a row → column
};

constexpr std::array<std::string_view, 6> payload_keys{"input_data",        "dataframe_split", "data",
                                                       "dataframe_records", "instances",       "inputs"};

Result<Payload> payload_of_object(const object& root) {
  std::string_view key;
  element value;
  bool found = false;
  std::vector<std::string> others;
  for (const auto field : root) {
    if (std::ranges::find(payload_keys, field.key) == payload_keys.end()) {
      others.emplace_back(field.key);
      continue;
    }
    if (found)
      return fail(ErrorCode::invalid, fmt::format("the body has both '{}' and '{}'; give one", key, field.key));
    found = true;
    key = field.key;
    value = field.value;
  }
  if (!found) {
    std::string hint;
    for (const auto& other : others) {
      if (const auto near = nearest(other, {payload_keys.begin(), payload_keys.end()}))
        hint = fmt::format("instead of '{}', did you mean '{}'?", other, *near);
    }
    return fail(ErrorCode::invalid,
                "the body has none of input_data, dataframe_split, dataframe_records, data, instances and inputs", {},
                hint);
  }
  Payload payload{value, std::nullopt, fmt::format("/{}", key), key == "inputs"};
  object split;
  if ((key == "input_data" || key == "dataframe_split") && value.get_object().get(split) == simdjson::SUCCESS) {
    element data;
    if (split["data"].get(data) != simdjson::SUCCESS) {
      if (key == "dataframe_split") return fail(ErrorCode::invalid, "'dataframe_split' has no 'data'", payload.pointer);
      payload.by_column = true;
      return payload;
    }
    payload.data = data;
    payload.pointer += "/data";
    array columns;
    if (split["columns"].get_array().get(columns) == simdjson::SUCCESS) payload.columns = columns;
  }
  return payload;
}

// The values of a nested list, flattened; its shape is checked to be regular.
Result<void> flatten(const element& value, std::size_t depth, Shape& shape, std::vector<element>& leaves) {
  array list;
  if (value.get_array().get(list) != simdjson::SUCCESS) {
    if (depth != shape.size()) return fail(ErrorCode::invalid, "the lists of the tensor are not equally deep");
    leaves.push_back(value);
    return {};
  }
  const auto size = static_cast<std::int64_t>(list.size());
  if (depth == shape.size()) {
    if (!leaves.empty()) return fail(ErrorCode::invalid, "the lists of the tensor are not equally deep");
    if (shape.size() >= 8) return fail(ErrorCode::invalid, "the tensor has more than 8 dimensions");
    shape.push_back(size);
  }
  if (shape[depth] != size)
    return fail(ErrorCode::invalid,
                fmt::format("the lists of the tensor differ in length: {} and {}", shape[depth], size));
  for (const element inner : list) CICLO_CHECK(flatten(inner, depth + 1, shape, leaves));
  return {};
}

Result<Tensor> tensor_of(const element& value, const TensorSpec& spec) {
  Shape shape;
  std::vector<element> leaves;
  CICLO_CHECK(flatten(value, 0, shape, leaves));
  if (!fits(shape, spec)) {
    return fail(ErrorCode::invalid, fmt::format("input '{}' has shape {}, expected {}", spec.name, shape_text(shape),
                                                shape_text(spec.shape)));
  }
  Tensor tensor(spec.type, shape);
  if (leaves.empty()) return fail(ErrorCode::invalid, fmt::format("input '{}' is empty", spec.name));
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (!store(tensor, i, leaves[i])) {
      return fail(ErrorCode::invalid, fmt::format("input '{}', element {}: expected {}, got {}", spec.name, i,
                                                  describe(spec.type), describe_value(leaves[i])));
    }
  }
  return tensor;
}

Result<std::vector<Tensor>> read_tensors(const Payload& payload, const InputLayout& layout) {
  std::vector<Tensor> tensors;
  object named;
  if (payload.data.get_object().get(named) != simdjson::SUCCESS) {
    if (layout.inputs.size() != 1) {
      return fail(ErrorCode::invalid,
                  fmt::format("the model has {} inputs: give an object with one list for each", layout.inputs.size()),
                  payload.pointer);
    }
    CICLO_TRY(auto tensor, tensor_of(payload.data, layout.inputs[0]));
    tensors.push_back(std::move(tensor));
    return tensors;
  }
  for (const auto& spec : layout.inputs) {
    element value;
    if (named[spec.name].get(value) != simdjson::SUCCESS) {
      return fail(ErrorCode::invalid, fmt::format("the input '{}' is missing", spec.name), payload.pointer);
    }
    CICLO_TRY(auto tensor, tensor_of(value, spec));
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

}  // namespace

Result<std::vector<Tensor>> read_rows(std::string_view body, const InputLayout& layout) {
  CICLO_TRY(const auto root, parse_body(body));
  Payload payload{root, std::nullopt, "", false};
  object named;
  if (root.get_object().get(named) == simdjson::SUCCESS) {
    CICLO_TRY(payload, payload_of_object(named));
  }
  if (layout.form == InputLayout::Form::tensors) return read_tensors(payload, layout);
  return RowReader(layout, std::move(payload)).read();
}

}  // namespace ciclo::scoring
