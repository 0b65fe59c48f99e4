#include "inner_loop/traces/span_store.hpp"

#include <algorithm>
#include <array>

#include "inner_loop/traces/rows.hpp"
#include "inner_loop/traces/service_limits.hpp"
#include "inner_loop/traces/span_forms.hpp"
#include "inner_loop/tracking/statement.hpp"

namespace ciclo::traces {
namespace {

constexpr std::array<std::string_view, 3> status_names{"UNSET", "OK", "ERROR"};
constexpr std::size_t max_loaded_bytes = std::size_t{128} << 20U;
constexpr std::size_t max_dimension = 500;  // characters of a model's or provider's name

SpanStatus status_from(std::string_view name) {
  const auto found = std::ranges::find(status_names, name);
  return found == status_names.end() ? SpanStatus::unset : static_cast<SpanStatus>(found - status_names.begin());
}

std::vector<sql::Value> narrow_row(std::int64_t number, const Span& span) {
  const auto tokens = tokens_of(span);
  const auto cost = cost_of(span);
  std::vector<sql::Value> row{number,
                              span.span_id,
                              span.parent_id,
                              span.name,
                              cut_to(span.text("mlflow.spanType"), max_dimension),
                              status_names[static_cast<std::size_t>(span.status)],
                              span.start_ns,
                              span.end_ns,
                              cut_to(span.text("mlflow.llm.model"), max_dimension),
                              cut_to(span.text("mlflow.llm.provider"), max_dimension),
                              tokens ? to_text(tokens_json(*tokens)) : std::string(),
                              cost.has_value()};
  const Usage none;
  for (const auto& amount : cost.value_or(none).costs) row.emplace_back(amount);
  return row;
}

// The last of each id.
std::vector<const Span*> distinct(const std::vector<Span>& spans) {
  std::map<std::string_view, const Span*> last;
  for (const Span& span : spans) last[span.span_id] = &span;
  std::vector<const Span*> list;
  for (const auto& [id, span] : last) list.push_back(span);
  return list;
}

}  // namespace

Result<void> SpanStore::put_in(sql::Session& session, std::int64_t number, const std::vector<Span>& spans) const {
  std::vector<std::vector<sql::Value>> narrow;
  std::vector<std::vector<sql::Value>> contents;
  for (const Span* span : distinct(spans)) {
    narrow.push_back(narrow_row(number, *span));
    contents.push_back({number, span->span_id, stored_content(*span)});
  }
  CICLO_CHECK(insert_rows(session,
                          "INSERT INTO trace_spans (trace_number, span_id, parent_id, name, type, status, start_ns, "
                          "end_ns, model_name, model_provider, token_usage, has_cost, input_cost, output_cost, "
                          "total_cost)",
                          " ON CONFLICT (trace_number, span_id) DO UPDATE SET parent_id = excluded.parent_id, name = "
                          "excluded.name, type = excluded.type, status = excluded.status, start_ns = "
                          "excluded.start_ns, end_ns = excluded.end_ns, model_name = excluded.model_name, "
                          "model_provider = excluded.model_provider, token_usage = excluded.token_usage, has_cost = "
                          "excluded.has_cost, input_cost = excluded.input_cost, output_cost = excluded.output_cost, "
                          "total_cost = excluded.total_cost",
                          narrow));
  return insert_rows(session, "INSERT INTO trace_span_contents (trace_number, span_id, content)",
                     " ON CONFLICT (trace_number, span_id) DO UPDATE SET content = excluded.content", contents);
}

Result<std::vector<Span>> SpanStore::unknown_of(sql::Session& session, std::int64_t number,
                                                const std::vector<Span>& spans) const {
  std::vector<Span> unknown;
  if (spans.empty()) return unknown;
  CICLO_TRY(const auto rows, session.query("SELECT span_id, end_ns FROM trace_spans WHERE trace_number = ?", {number}));
  std::map<std::string_view, std::int64_t> ends;
  for (const sql::Row& row : rows) ends[row.text(0)] = row.integer(1);
  for (const Span& span : spans) {
    const auto here = ends.find(span.span_id);
    if (here == ends.end() || (here->second == 0 && span.end_ns != 0)) unknown.push_back(span);
  }
  return unknown;
}

Result<std::vector<UsageNode>> SpanStore::usage_nodes(sql::Session& session, std::int64_t number, bool is_cost) const {
  CICLO_TRY(const auto rows,
            session.query("SELECT span_id, parent_id, token_usage, has_cost, input_cost, output_cost, total_cost FROM "
                          "trace_spans WHERE trace_number = ?",
                          {number}));
  std::vector<UsageNode> nodes;
  for (const sql::Row& row : rows) {
    UsageNode node{.span_id = row.text(0), .parent_id = row.text(1), .usage = {}};
    if (is_cost && row.integer(3) != 0) {
      node.usage.emplace();
      for (std::size_t i = 0; i < 3; ++i)
        if (!row.is_null(4 + i)) node.usage->costs[i] = row.real(4 + i);
    }
    if (!is_cost && !row.text(2).empty()) {
      CICLO_TRY(const auto read, parse_json(row.text(2)));
      node.usage = tokens_from(read);
    }
    nodes.push_back(std::move(node));
  }
  return nodes;
}

Result<std::map<std::int64_t, std::vector<Span>>> SpanStore::load(sql::Session& session,
                                                                  const std::vector<Trace>& traces) const {
  std::map<std::int64_t, std::vector<Span>> all;
  std::size_t bytes = 0;
  for (const Trace& trace : traces) {
    CICLO_TRY(const auto rows,
              session.query("SELECT s.span_id, s.parent_id, s.status, s.start_ns, s.end_ns, c.content FROM trace_spans "
                            "s JOIN trace_span_contents c ON c.trace_number = s.trace_number AND c.span_id = s.span_id "
                            "WHERE s.trace_number = ?",
                            {trace.number}));
    auto& spans = all[trace.number];
    for (const sql::Row& row : rows) {
      bytes += row.text(5).size();
      if (bytes > max_loaded_bytes)
        return fail(ErrorCode::too_large, "the spans of these traces come to more than 128 MiB", "trace_ids",
                    "ask for fewer traces at once");
      Span span;
      span.trace_id = trace.trace_id;
      span.span_id = row.text(0);
      span.parent_id = row.text(1);
      span.status = status_from(row.text(2));
      span.start_ns = row.integer(3);
      span.end_ns = row.integer(4);
      CICLO_CHECK(read_content(row.text(5), span));
      spans.push_back(std::move(span));
    }
    std::ranges::stable_sort(spans, [](const Span& a, const Span& b) {
      return std::pair(!a.parent_id.empty(), a.start_ns) < std::pair(!b.parent_id.empty(), b.start_ns);
    });
  }
  return all;
}

}  // namespace ciclo::traces
