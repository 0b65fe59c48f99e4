#include "inner_loop/traces/summary.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "base/text.hpp"
#include "inner_loop/traces/service_limits.hpp"
#include "inner_loop/tracking/limits.hpp"

namespace ciclo::traces {
namespace {

constexpr std::int64_t nanoseconds_in_ms = 1'000'000;
constexpr std::string_view tag_prefix = "mlflow.traceTag.";

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : to_text(value);
}

void put(std::vector<Tag>& tags, std::string key, std::string value) {
  const auto found = std::ranges::find(tags, key, &Tag::key);
  if (found != tags.end()) found->value = std::move(value);
  else tags.push_back({std::move(key), std::move(value)});
}

// Tags that would be refused are left out: a span is not lost for the sake of one.
void put_valid(std::vector<Tag>& tags, std::string_view key, const Json& value) {
  if (tracking::check_key(key, "tag name")) put(tags, std::string(key), cut_value(text_of(value)));
}

// What the SDK says about itself is no news, and nobody sets MLflow's own tags this way.
void add_resource(const std::vector<Span>& spans, std::vector<Tag>& tags) {
  const auto found =
      std::ranges::find_if(spans, [](const Span& span) { return span.resource && !span.resource->empty(); });
  if (found == spans.end()) return;
  for (const auto& [key, value] : found->resource->items())
    if (!key.starts_with("telemetry.sdk.") && !key.starts_with("mlflow.")) put_valid(tags, key, value);
}

void add_root(const Span& root, Summary& summary) {
  summary.root_state = root.status == SpanStatus::error ? TraceState::error : TraceState::ok;
  summary.root_name = root.name;
  if (const Json& inputs = member(root.attributes, "mlflow.spanInputs"); !inputs.is_null())
    summary.request_preview = preview_of(inputs, "user");
  if (const Json& outputs = member(root.attributes, "mlflow.spanOutputs"); !outputs.is_null())
    summary.response_preview = preview_of(outputs, "assistant");
  for (const auto& [attribute, value] : root.attributes.items()) {
    if (!attribute.starts_with(tag_prefix)) continue;
    const std::string_view tag = std::string_view(attribute).substr(tag_prefix.size());
    if (tag == key::name) summary.name = cut_value(text_of(value));
    else if (!is_protected_tag(tag)) put_valid(summary.tags, tag, value);
  }
}

std::optional<std::string> session_of(const Span& span) {
  for (const std::string_view key : {"session.id", "gen_ai.conversation.id"}) {
    const Json& value = member(span.attributes, key);
    if (value.is_null()) continue;
    std::string session = text_of(value);
    if (!session.empty() && tracking::length_of(session) <= max_session_length) return session;
  }
  return std::nullopt;
}

std::int64_t sum(std::int64_t a, std::int64_t b) {
  std::int64_t total = 0;
  return __builtin_add_overflow(a, b, &total) ? std::numeric_limits<std::int64_t>::max() : total;
}

}  // namespace

Summary summarize(const std::vector<Span>& spans) {
  Summary summary;
  std::int64_t start = std::numeric_limits<std::int64_t>::max();
  std::int64_t end = 0;
  add_resource(spans, summary.tags);
  for (const Span& span : spans) {
    start = std::min(start, span.start_ns);
    end = std::max(end, span.end_ns);
    if (!summary.session_id) summary.session_id = session_of(span);
    if (const Json& user = member(span.attributes, "user.id"); !summary.user && !user.is_null())
      summary.user = cut_value(text_of(user));
    if (span.parent_id.empty()) add_root(span, summary);
  }
  summary.start_ms = spans.empty() ? 0 : start / nanoseconds_in_ms;
  if (end > 0) summary.end_ms = end / nanoseconds_in_ms;
  return summary;
}

std::optional<Usage> tokens_of(const Span& span) {
  const Json& usage = member(span.attributes, "mlflow.chat.tokenUsage");
  if (!usage.is_object()) return std::nullopt;
  return tokens_from(usage);
}

std::optional<Usage> cost_of(const Span& span) {
  const Json& cost = member(span.attributes, "mlflow.llm.cost");
  if (!cost.is_object()) return std::nullopt;
  return costs_from(cost);
}

Usage tokens_from(const Json& usage) {
  Usage read;
  for (std::size_t i = 0; i < Usage::token_keys.size(); ++i) {
    const Json& count = member(usage, Usage::token_keys[i]);
    if (count.is_number_unsigned() && count.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) continue;
    if (count.is_number_integer()) read.tokens[i] = count.get<std::int64_t>();
    else if (count.is_number_float() && std::abs(count.get<double>()) < 9e15 &&
             count.get<double>() == std::floor(count.get<double>()))
      read.tokens[i] = static_cast<std::int64_t>(count.get<double>());
    else if (count.is_string()) read.tokens[i] = parse_int(count.get_ref<const std::string&>());
  }
  return read;
}

Usage costs_from(const Json& cost) {
  Usage read;
  for (std::size_t i = 0; i < Usage::cost_keys.size(); ++i) {
    const Json& amount = member(cost, Usage::cost_keys[i]);
    if (amount.is_number() && std::isfinite(amount.get<double>())) read.costs[i] = amount.get<double>();
  }
  return read;
}

Json tokens_json(const Usage& usage) {
  Json json;
  for (std::size_t i = 0; i < usage.tokens.size(); ++i)
    if (usage.tokens[i]) json[std::string(Usage::token_keys[i])] = *usage.tokens[i];
  return json;
}

Json costs_json(const Usage& usage) {
  Json json;
  for (std::size_t i = 0; i < usage.costs.size(); ++i)
    if (usage.costs[i]) json[std::string(Usage::cost_keys[i])] = *usage.costs[i];
  return json;
}

namespace {

// The counts that a sum always has, whether a span said them or not; those of caches only when one did.
constexpr std::size_t plain_tokens = 3;

void add(Usage& total, const Usage& usage, bool is_cost) {
  if (is_cost) {
    for (std::size_t i = 0; i < total.costs.size(); ++i)
      total.costs[i] = total.costs[i].value_or(0) + usage.costs[i].value_or(0);
    return;
  }
  for (std::size_t i = 0; i < total.tokens.size(); ++i)
    if (i < plain_tokens || usage.tokens[i])
      total.tokens[i] = sum(total.tokens[i].value_or(0), usage.tokens[i].value_or(0));
}

}  // namespace

Usage add_up(const std::vector<UsageNode>& nodes, bool is_cost) {
  std::map<std::string_view, std::vector<const UsageNode*>> children;
  std::set<std::string_view> known;
  for (const UsageNode& node : nodes) known.insert(node.span_id);
  std::vector<const UsageNode*> open;
  for (const UsageNode& node : nodes) {
    if (known.contains(node.parent_id)) children[node.parent_id].push_back(&node);
    else open.push_back(&node);
  }
  Usage total;
  while (!open.empty()) {
    const UsageNode* node = open.back();
    open.pop_back();
    if (node->usage) {
      add(total, *node->usage, is_cost);
      continue;  // it stands for those below
    }
    for (const UsageNode* child : children[node->span_id]) open.push_back(child);
  }
  return total;
}

}  // namespace ciclo::traces
