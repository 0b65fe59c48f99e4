// The arguments of one MLflow request, whether they came as a JSON body or as a query. Forgiving where MLflow is:
// unknown fields are ignored, numbers may be strings, a body may be JSON-encoded twice, and a field may have the name
// that protobuf's JSON gives it (`experimentId` for `experiment_id`; the one with the underscore counts when both are
// there).
//
// All failures are ErrorCode::invalid and name the field. Thread safety: plain value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "inner_loop/tracking/types.hpp"
#include "platform/http/message.hpp"

namespace ciclo::tracking {

class Arguments {
 public:
  // The body's members, and for GET and DELETE the query's too; a repeated query field is a list.
  static Result<Arguments> of(const http::Request& request);
  explicit Arguments(Json fields) : fields_(std::move(fields)) {}

  const Json& fields() const { return fields_; }
  const Json& field(std::string_view name) const;
  bool has(std::string_view name) const { return !field(name).is_null(); }

  // Fails when it is missing or empty.
  Result<std::string> required_text(std::string_view name) const;
  // "" when it is missing; numbers and booleans as they are written.
  Result<std::string> text(std::string_view name) const;
  Result<std::optional<std::int64_t>> integer(std::string_view name) const;
  Result<bool> flag(std::string_view name, bool otherwise = false) const;
  // A list of texts; a single one counts as a list of one.
  Result<std::vector<std::string>> texts(std::string_view name) const;
  // [{"key","value"}, …], also {"key": "value", …}.
  Result<std::vector<Tag>> tags(std::string_view name) const;
  // run_id, or its old name run_uuid.
  Result<std::string> run_id() const;
  Result<std::int64_t> experiment_id() const;
  // max_results: `otherwise` when missing; fails below 1 and above `most`.
  Result<std::size_t> max_results(std::size_t otherwise, std::size_t most) const;
  Result<View> view(std::string_view name) const;

 private:
  Json fields_;
};

Result<std::int64_t> parse_experiment_id(std::string_view text);
// A number, or one of the texts "NaN", "Infinity", "-Infinity", "12.5".
Result<double> number_from(const Json& value, std::string_view name);
Result<Metric> metric_from_json(const Json& value);
Result<std::vector<Metric>> metrics_from_json(const Json& list);
Result<DatasetInput> dataset_input_from_json(const Json& value);
Result<std::vector<ModelUse>> model_uses_from_json(const Json& list);

}  // namespace ciclo::tracking
