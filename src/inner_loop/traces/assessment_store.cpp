#include "inner_loop/traces/assessment_store.hpp"

#include <cmath>

#include "base/text.hpp"
#include "inner_loop/tracking/statement.hpp"

namespace ciclo::traces {
namespace {

using tracking::Statement;

constexpr std::string_view columns =
    "trace_number, assessment_id, name, type, value, error, source_type, source_id, rationale, span_id, overrides, "
    "create_time, last_update_time, is_valid, metadata";

// What averages are made of: numbers, true and "yes" as 1, false and "no" as 0; as MLflow has it.
std::optional<double> number_of(const Json& value) {
  if (value.is_boolean()) return value.get<bool>() ? 1.0 : 0.0;
  if (value.is_number() && std::isfinite(value.get<double>())) return value.get<double>();
  if (value.is_string()) {
    const std::string word = to_lower(trim(value.get_ref<const std::string&>()));
    if (word == "yes" || word == "no") return word == "yes" ? 1.0 : 0.0;
  }
  return std::nullopt;
}

Json metadata_json(const std::vector<Tag>& metadata) {
  Json json = Json::object();
  for (const Tag& tag : metadata) json[tag.key] = tag.value;
  return json;
}

AssessmentType type_named(std::string_view name) {
  for (const AssessmentType type : {AssessmentType::expectation, AssessmentType::issue})
    if (name_of(type) == name) return type;
  return AssessmentType::feedback;
}

Result<Assessment> assessment_from(const sql::Row& row, const std::string& trace_id) {
  Assessment read;
  read.trace_id = trace_id;
  read.assessment_id = row.text(1);
  read.name = row.text(2);
  read.type = type_named(row.text(3));
  CICLO_TRY(read.value, parse_json(row.text(4)));
  if (!row.text(5).empty()) {
    CICLO_TRY(read.error, parse_json(row.text(5)));
  }
  read.source_type = row.text(6);
  read.source_id = row.text(7);
  read.rationale = row.text(8);
  read.span_id = row.text(9);
  read.overrides = row.text(10);
  read.create_time = row.integer(11);
  read.last_update_time = row.integer(12);
  read.is_valid = row.integer(13) != 0;
  CICLO_TRY(const auto metadata, parse_json(row.text(14)));
  for (const auto& [key, value] : metadata.items()) read.metadata.push_back({key, value.get<std::string>()});
  return read;
}

}  // namespace

Result<void> AssessmentStore::put_in(sql::Session& session, std::int64_t trace_number,
                                     const Assessment& assessment) const {
  const auto number = number_of(assessment.value);
  const bool is_number = number && assessment.value.is_number();
  const bool is_of_session = tracking::find_tag(assessment.metadata, key::session).has_value();
  CICLO_TRY(
      std::ignore,
      session.execute(
          "INSERT INTO trace_assessments (trace_number, assessment_id, name, type, value, number_value, is_number, "
          "error, source_type, source_id, rationale, span_id, overrides, create_time, last_update_time, is_valid, "
          "is_of_session, metadata) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT "
          "(trace_number, assessment_id) DO UPDATE SET name = excluded.name, type = excluded.type, value = "
          "excluded.value, number_value = excluded.number_value, is_number = excluded.is_number, error = "
          "excluded.error, source_type = excluded.source_type, source_id = excluded.source_id, rationale = "
          "excluded.rationale, span_id = excluded.span_id, overrides = excluded.overrides, create_time = "
          "excluded.create_time, last_update_time = excluded.last_update_time, is_valid = excluded.is_valid, "
          "is_of_session = excluded.is_of_session, metadata = excluded.metadata",
          {trace_number, assessment.assessment_id, assessment.name, name_of(assessment.type), to_text(assessment.value),
           number, is_number, assessment.error.is_null() ? std::string() : to_text(assessment.error),
           assessment.source_type, assessment.source_id, assessment.rationale, assessment.span_id, assessment.overrides,
           assessment.create_time, assessment.last_update_time, assessment.is_valid, is_of_session,
           to_text(metadata_json(assessment.metadata))}));
  return {};
}

Result<std::optional<Assessment>> AssessmentStore::find(sql::Session& session, const Trace& trace,
                                                        const std::string& id) const {
  Statement statement;
  statement.add("SELECT ").add(columns).add(" FROM trace_assessments WHERE trace_number = ").bind(trace.number);
  statement.add(" AND assessment_id = ").bind(id);
  CICLO_TRY(const auto rows, statement.query(session));
  if (rows.empty()) return std::nullopt;
  CICLO_TRY(auto read, assessment_from(rows.front(), trace.trace_id));
  return read;
}

Result<void> AssessmentStore::set_valid_in(sql::Session& session, std::int64_t trace_number, const std::string& id,
                                           bool valid) const {
  CICLO_TRY(std::ignore,
            session.execute("UPDATE trace_assessments SET is_valid = ? WHERE trace_number = ? AND assessment_id = ?",
                            {valid, trace_number, id}));
  return {};
}

Result<void> AssessmentStore::delete_in(sql::Session& session, std::int64_t trace_number, const std::string& id) const {
  CICLO_TRY(std::ignore, session.execute("DELETE FROM trace_assessments WHERE trace_number = ? AND assessment_id = ?",
                                         {trace_number, id}));
  return {};
}

Result<void> AssessmentStore::load(sql::Session& session, const std::map<std::int64_t, Trace*>& traces) const {
  std::vector<std::int64_t> numbers;
  for (const auto& [number, trace] : traces) numbers.push_back(number);
  for (std::size_t begin = 0; begin < numbers.size(); begin += tracking::max_bound_list) {
    const std::size_t end = std::min(begin + tracking::max_bound_list, numbers.size());
    Statement statement;
    statement.add("SELECT ").add(columns).add(" FROM trace_assessments WHERE trace_number IN ");
    statement.bind_list(std::vector<std::int64_t>(numbers.begin() + static_cast<std::ptrdiff_t>(begin),
                                                  numbers.begin() + static_cast<std::ptrdiff_t>(end)));
    statement.add(" ORDER BY trace_number, create_time, assessment_id");
    CICLO_TRY(const auto rows, statement.query(session));
    for (const sql::Row& row : rows) {
      Trace& trace = *traces.at(row.integer(0));
      CICLO_TRY(auto read, assessment_from(row, trace.trace_id));
      trace.assessments.push_back(std::move(read));
    }
  }
  return {};
}

}  // namespace ciclo::traces
