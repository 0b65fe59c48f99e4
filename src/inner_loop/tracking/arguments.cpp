#include "inner_loop/tracking/arguments.hpp"

#include <fmt/format.h>

#include <cctype>
#include <cmath>
#include <limits>
#include <utility>

#include "base/text.hpp"

namespace ciclo::tracking {
namespace {

Failure bad_field(std::string_view name, std::string_view what) {
  return fail(ErrorCode::invalid, fmt::format("Invalid value for parameter '{}': {}", name, what), std::string(name));
}

Failure missing(std::string_view name) {
  return fail(ErrorCode::invalid, fmt::format("Missing value for required parameter '{}'", name), std::string(name));
}

Result<std::string> text_from(const Json& value, std::string_view name) {
  if (value.is_null()) return std::string();
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return to_text(value);
  return bad_field(name, "expected a text");
}

Result<std::optional<std::int64_t>> integer_from(const Json& value, std::string_view name) {
  if (value.is_null()) return std::nullopt;
  if (value.is_number_unsigned() &&
      value.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return bad_field(name, "the number is too large");
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (std::abs(number) < 9e15 && number == std::floor(number)) return static_cast<std::int64_t>(number);
  }
  if (value.is_string()) {
    if (const auto number = parse_int(value.get_ref<const std::string&>())) return number;
  }
  return bad_field(name, "expected a whole number");
}

// "experimentId" for "experiment_id".
std::string camel_case(std::string_view name) {
  std::string camel;
  bool is_next_upper = false;
  for (const char c : name) {
    if (c == '_') is_next_upper = true;
    else
      camel += std::exchange(is_next_upper, false) ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
  }
  return camel;
}

// Body and query of one request as one object.
void add_query(Json& fields, const http::Query& query) {
  for (const auto& [name, value] : query.items()) {
    Json& field = fields[name];
    if (field.is_null()) field = value;
    else if (field.is_array()) field.push_back(value);
    else field = Json::array({field, value});
  }
}

}  // namespace

Result<Arguments> Arguments::of(const http::Request& request) {
  CICLO_TRY(Json fields, request.json());
  if (fields.is_string()) {  // some clients encode the body twice
    CICLO_TRY(fields, parse_json(fields.get<std::string>()));
  }
  if (fields.is_null()) fields = Json::object();
  if (!fields.is_object()) return fail(ErrorCode::invalid, "The request's body must be a JSON object");
  if (request.method == http::Method::get || request.method == http::Method::del) add_query(fields, request.query);
  return Arguments(std::move(fields));
}

const Json& Arguments::field(std::string_view name) const {
  const Json& value = member(fields_, name);
  if (!value.is_null() || name.find('_') == std::string_view::npos) return value;
  return member(fields_, camel_case(name));
}

Result<std::string> Arguments::required_text(std::string_view name) const {
  CICLO_TRY(auto value, text(name));
  if (value.empty()) return missing(name);
  return value;
}

Result<std::string> Arguments::text(std::string_view name) const {
  return text_from(field(name), name);
}

Result<std::optional<std::int64_t>> Arguments::integer(std::string_view name) const {
  return integer_from(field(name), name);
}

Result<bool> Arguments::flag(std::string_view name, bool otherwise) const {
  const Json& value = field(name);
  if (value.is_null()) return otherwise;
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_string() && iequals(value.get_ref<const std::string&>(), "true")) return true;
  if (value.is_string() && iequals(value.get_ref<const std::string&>(), "false")) return false;
  return bad_field(name, "expected true or false");
}

Result<std::vector<std::string>> Arguments::texts(std::string_view name) const {
  const Json& value = field(name);
  std::vector<std::string> list;
  if (value.is_null()) return list;
  if (!value.is_array()) {
    CICLO_TRY(auto single, text_from(value, name));
    list.push_back(std::move(single));
    return list;
  }
  for (const Json& item : value) {
    CICLO_TRY(auto text, text_from(item, name));
    list.push_back(std::move(text));
  }
  return list;
}

Result<std::vector<Tag>> Arguments::tags(std::string_view name) const {
  const Json& value = field(name);
  std::vector<Tag> list;
  if (value.is_null()) return list;
  if (value.is_object()) {
    for (const auto& [key, item] : value.items()) {
      CICLO_TRY(auto text, text_from(item, name));
      list.push_back({key, std::move(text)});
    }
    return list;
  }
  if (!value.is_array()) return bad_field(name, "expected a list of {key, value}");
  for (const Json& item : value) {
    if (!item.is_object()) return bad_field(name, "expected a list of {key, value}");
    CICLO_TRY(auto key, text_from(member(item, "key"), name));
    CICLO_TRY(auto text, text_from(member(item, "value"), name));
    list.push_back({std::move(key), std::move(text)});
  }
  return list;
}

Result<std::string> Arguments::run_id() const {
  CICLO_TRY(auto value, text("run_id"));
  if (!value.empty()) return value;
  CICLO_TRY(value, text("run_uuid"));
  if (value.empty()) return missing("run_id");
  return value;
}

Result<std::int64_t> Arguments::experiment_id() const {
  CICLO_TRY(const auto value, required_text("experiment_id"));
  return parse_experiment_id(value);
}

Result<std::size_t> Arguments::max_results(std::size_t otherwise, std::size_t most) const {
  CICLO_TRY(const auto value, integer("max_results"));
  if (!value) return otherwise;
  if (*value < 1 || *value > static_cast<std::int64_t>(most)) {
    return bad_field("max_results",
                     fmt::format("It must be at least 1 and at most {}, but got value {}", most, *value));
  }
  return static_cast<std::size_t>(*value);
}

Result<View> Arguments::view(std::string_view name) const {
  CICLO_TRY(const auto value, text(name));
  if (value.empty()) return View::active_only;
  const auto parsed = parse_view(value);
  if (!parsed) return bad_field(name, "expected ACTIVE_ONLY, DELETED_ONLY or ALL");
  return *parsed;
}

Result<std::int64_t> parse_experiment_id(std::string_view text) {
  const auto id = parse_int(text);
  if (!id) {
    return fail(ErrorCode::invalid, fmt::format("Invalid experiment id: '{}'", text.substr(0, 100)), "experiment_id",
                "experiment ids are whole numbers");
  }
  if (*id >= 0) return *id;
  return fail(ErrorCode::not_found, fmt::format("No Experiment with id={} exists", *id), "experiments");
}

Result<double> number_from(const Json& value, std::string_view name) {
  if (value.is_number()) return value.get<double>();
  if (value.is_null()) return missing(name);
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    const double infinity = std::numeric_limits<double>::infinity();
    if (iequals(text, "nan")) return std::numeric_limits<double>::quiet_NaN();
    if (iequals(text, "infinity") || iequals(text, "inf")) return infinity;
    if (iequals(text, "-infinity") || iequals(text, "-inf")) return -infinity;
    if (const auto number = parse_double(text)) return *number;
  }
  return bad_field(name, "expected a number");
}

Result<Metric> metric_from_json(const Json& value) {
  if (!value.is_object()) return bad_field("metrics", "expected {key, value, timestamp, step}");
  const Arguments arguments(value);
  Metric metric;
  CICLO_TRY(metric.key, arguments.required_text("key"));
  CICLO_TRY(metric.value, number_from(arguments.field("value"), "value"));
  CICLO_TRY(const auto timestamp, arguments.integer("timestamp"));
  if (!timestamp) return missing("timestamp");
  if (*timestamp < 0) return bad_field("timestamp", "expected milliseconds since 1970, 0 or more");
  metric.timestamp = *timestamp;
  CICLO_TRY(const auto step, arguments.integer("step"));
  metric.step = step.value_or(0);
  CICLO_TRY(metric.model_id, arguments.text("model_id"));
  CICLO_TRY(metric.dataset_name, arguments.text("dataset_name"));
  CICLO_TRY(metric.dataset_digest, arguments.text("dataset_digest"));
  return metric;
}

Result<std::vector<Metric>> metrics_from_json(const Json& list) {
  std::vector<Metric> metrics;
  if (list.is_null()) return metrics;
  if (!list.is_array()) return bad_field("metrics", "expected a list");
  metrics.reserve(list.size());
  for (const Json& item : list) {
    CICLO_TRY(auto metric, metric_from_json(item));
    metrics.push_back(std::move(metric));
  }
  return metrics;
}

Result<DatasetInput> dataset_input_from_json(const Json& value) {
  if (!value.is_object() || !member(value, "dataset").is_object())
    return bad_field("datasets", "expected {dataset, tags}");
  const Arguments outer(value);
  const Arguments inner(member(value, "dataset"));
  DatasetInput input;
  CICLO_TRY(input.tags, outer.tags("tags"));
  CICLO_TRY(input.dataset.name, inner.required_text("name"));
  CICLO_TRY(input.dataset.digest, inner.required_text("digest"));
  CICLO_TRY(input.dataset.source_type, inner.text("source_type"));
  CICLO_TRY(input.dataset.source, inner.text("source"));
  CICLO_TRY(input.dataset.schema, inner.text("schema"));
  CICLO_TRY(input.dataset.profile, inner.text("profile"));
  return input;
}

Result<std::vector<ModelUse>> model_uses_from_json(const Json& list) {
  std::vector<ModelUse> uses;
  if (list.is_null()) return uses;
  if (!list.is_array()) return bad_field("models", "expected a list of {model_id, step}");
  for (const Json& item : list) {
    if (!item.is_object()) return bad_field("models", "expected a list of {model_id, step}");
    const Arguments arguments(item);
    ModelUse use;
    CICLO_TRY(use.model_id, arguments.required_text("model_id"));
    CICLO_TRY(const auto step, arguments.integer("step"));
    use.step = step.value_or(0);
    uses.push_back(std::move(use));
  }
  return uses;
}

}  // namespace ciclo::tracking
