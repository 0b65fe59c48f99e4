#include "outer_loop/gates/evaluation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace ciclo::outer_loop {
namespace {

constexpr std::array<std::string_view, 8> code_endings = {".pkl", ".pickle", ".joblib", ".cloudpickle",
                                                          ".p",   ".pt",     ".pth",    ".dill"};

std::optional<double> number_at(const Json& object, std::string_view key) {
  const Json& value = member(object, key);
  return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

void say(CheckResult& result, std::string_view sentence) {
  if (!result.evidence.empty()) result.evidence += "; ";
  result.evidence += sentence;
}

void miss(CheckResult& result, std::string_view sentence) {
  result.status = CheckStatus::fail;
  say(result, sentence);
}

void compare_with_champion(const Json& check, const GateEvidence& evidence, double value, CheckResult& result) {
  const std::string name = text_or(check, "name");
  if (!evidence.champion) return say(result, "there is no champion to compare with");
  const auto champion = number_at(evidence.champion->metrics, name);
  if (!champion) return say(result, fmt::format("the champion {} has no {}", evidence.champion->reference, name));
  const double tolerance = number_at(check, "tolerance").value_or(0);
  const bool is_minimized = iequals(text_or(check, "goal"), "minimize");
  const double worst = is_minimized ? *champion + tolerance : *champion - tolerance;
  result.threshold["champion"] = *champion;
  if (tolerance > 0) result.threshold["tolerance"] = tolerance;
  if (is_minimized ? value > worst : value < worst)
    return miss(result,
                fmt::format("{} is worse than {} of the champion {}", value, *champion, evidence.champion->reference));
  say(result, fmt::format("the champion {} has {}", evidence.champion->reference, *champion));
}

void check_metric(const Json& check, const GateEvidence& evidence, CheckResult& result) {
  const std::string name = text_or(check, "name");
  result.name = "metric " + name;
  result.threshold = Json::object();
  for (const char* bound : {"minimum", "maximum"})
    if (const auto limit = number_at(check, bound)) result.threshold[bound] = *limit;
  const auto value = number_at(evidence.candidate.metrics, name);
  if (!value) {
    std::vector<std::string> known;
    for (const auto& [metric, ignored] : evidence.candidate.metrics.items()) known.push_back(metric);
    const auto near = nearest(name, known);
    return miss(result, fmt::format("{} has no metric {}{}", evidence.candidate.reference, name,
                                    near ? fmt::format("; the nearest is {}", *near) : ""));
  }
  result.value = *value;
  if (const auto least = number_at(check, "minimum"); least && *value < *least)
    miss(result, fmt::format("{} is below {}", *value, *least));
  if (const auto most = number_at(check, "maximum"); most && *value > *most)
    miss(result, fmt::format("{} is above {}", *value, *most));
  if (text_or(check, "compare") == "champion") compare_with_champion(check, evidence, *value, result);
}

// The columns' names and types alone: other words of a signature differ between versions of MLflow.
Json columns_of(const ModelEvidence& model) {
  Json columns = Json::array();
  for (const Json& column : member(model.signature, "inputs")) {
    Json entry = {{"name", member(column, "name")}, {"type", member(column, "type")}};
    if (const Json& tensor = member(column, "tensor-spec"); !tensor.is_null()) entry["tensor"] = tensor;
    columns.push_back(std::move(entry));
  }
  return columns;
}

std::string difference_of(const Json& columns, const Json& expected) {
  const auto text = [](const Json& column) {
    return fmt::format("{} ({})", to_text(member(column, "name")), text_or(column, "type", "?"));
  };
  const std::size_t both = std::min(columns.size(), expected.size());
  for (std::size_t i = 0; i < both; ++i)
    if (!equal_values(columns[i], expected[i]))
      return fmt::format("input {} is {}, the champion's is {}", i + 1, text(columns[i]), text(expected[i]));
  return fmt::format("{} inputs, the champion has {}", columns.size(), expected.size());
}

void check_schema(const GateEvidence& evidence, CheckResult& result) {
  result.name = "schema";
  const Json columns = columns_of(evidence.candidate);
  result.value = columns.size();
  if (columns.empty()) return miss(result, "the model has no signature");
  if (!evidence.champion) return say(result, "there is no champion to compare with");
  const Json expected = columns_of(*evidence.champion);
  result.threshold = expected.size();
  if (!equal_values(columns, expected)) return miss(result, difference_of(columns, expected));
  say(result, fmt::format("the same inputs as the champion {}", evidence.champion->reference));
}

void check_latency(const Json& check, const GateEvidence& evidence, CheckResult& result) {
  result.name = "latency";
  result.threshold = {{"p95_ms", member(check, "p95_ms")}};
  if (!evidence.latency || !*evidence.latency) {
    result.status = CheckStatus::error;
    return say(result, evidence.latency ? evidence.latency->error().text() : "nothing was measured");
  }
  const LatencyEvidence& measured = **evidence.latency;
  result.value = {{"p95_ms", measured.p95_ms}, {"p50_ms", measured.p50_ms}};
  say(result, fmt::format("{} requests, one after another", measured.requests));
  const auto bound = number_at(check, "p95_ms");
  if (bound && measured.p95_ms > *bound)
    miss(result, fmt::format("95 of 100 took up to {:.2f} ms, over {} ms", measured.p95_ms, *bound));
}

void check_format(const Json& check, const GateEvidence& evidence, CheckResult& result) {
  result.name = "format";
  result.threshold = {{"allow_pickle", member(check, "allow_pickle") == Json(true)}};
  std::vector<std::string> found;
  for (const std::string& file : evidence.candidate.files) {
    const std::string lower = to_lower(file);
    if (std::ranges::any_of(code_endings, [&](std::string_view ending) { return lower.ends_with(ending); }))
      found.push_back(file);
  }
  result.value = found;
  if (found.empty()) return say(result, "no file of the model runs code when it is read");
  const std::string sentence = fmt::format("{} can run any code when it is read", join(found, ", "));
  if (member(check, "allow_pickle") == Json(true)) return say(result, sentence + ", which is allowed");
  miss(result, sentence);
}

}  // namespace

std::string_view name_of(CheckStatus status) {
  switch (status) {
    case CheckStatus::pass: return "pass";
    case CheckStatus::warn: return "warn";
    case CheckStatus::fail: return "fail";
    case CheckStatus::skipped: return "skipped";
    case CheckStatus::error: return "error";
  }
  return "error";
}

Json to_json(const CheckResult& result) {
  return {{"name", result.name},
          {"status", name_of(result.status)},
          {"value", result.value},
          {"threshold", result.threshold},
          {"evidence", result.evidence}};
}

CheckResult evaluate(const Json& check, const GateEvidence& evidence) {
  CheckResult result;
  const std::string type = text_or(check, "type");
  if (type == "metric") check_metric(check, evidence, result);
  else if (type == "schema") check_schema(evidence, result);
  else if (type == "latency") check_latency(check, evidence, result);
  else if (type == "format") check_format(check, evidence, result);
  else {
    result.name = type;
    result.status = CheckStatus::error;
    result.evidence = "this server does not know the check";
  }
  const bool stops = result.status == CheckStatus::fail || result.status == CheckStatus::error;
  if (stops && text_or(check, "severity") == "warning") result.status = CheckStatus::warn;
  return result;
}

bool passes(const std::vector<CheckResult>& results) {
  return std::ranges::none_of(results, [](const CheckResult& result) {
    return result.status == CheckStatus::fail || result.status == CheckStatus::error;
  });
}

}  // namespace ciclo::outer_loop
