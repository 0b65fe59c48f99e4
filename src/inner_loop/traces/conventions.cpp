#include "inner_loop/traces/conventions.hpp"

#include <array>
#include <optional>
#include <span>
#include <utility>

#include "base/text.hpp"

namespace ciclo::traces {
namespace {

using Words = std::span<const std::string_view>;
struct KindName {
  std::string_view kind;
  std::string_view type;
};

struct Convention {
  std::string_view kind_key;
  std::span<const KindName> kinds;
  std::string_view input_tokens;
  std::string_view output_tokens;
  std::string_view total_tokens;
  Words cache_read;
  Words cache_write;
  Words inputs;
  Words outputs;
  Words models;
  std::string_view provider;
  Words tools;
};

constexpr KindName open_inference_kinds[] = {
    {"TOOL", "TOOL"},           {"CHAIN", "CHAIN"},        {"LLM", "LLM"},           {"RETRIEVER", "RETRIEVER"},
    {"EMBEDDING", "EMBEDDING"}, {"AGENT", "AGENT"},        {"RERANKER", "RERANKER"}, {"UNKNOWN", "UNKNOWN"},
    {"GUARDRAIL", "GUARDRAIL"}, {"EVALUATOR", "EVALUATOR"}};
constexpr std::string_view open_inference_read[] = {"llm.token_count.prompt_details.cache_read"};
constexpr std::string_view open_inference_write[] = {"llm.token_count.prompt_details.cache_write"};
constexpr std::string_view open_inference_inputs[] = {"input.value"};
constexpr std::string_view open_inference_outputs[] = {"output.value"};
constexpr std::string_view open_inference_models[] = {"llm.response.model_name", "llm.model_name",
                                                      "llm.request.model_name", "embedding.model_name"};

constexpr KindName gen_ai_kinds[] = {
    {"chat", "CHAT_MODEL"},      {"create_agent", "AGENT"}, {"embeddings", "EMBEDDING"}, {"execute_tool", "TOOL"},
    {"generate_content", "LLM"}, {"invoke_agent", "AGENT"}, {"text_completion", "LLM"},  {"response", "LLM"}};
constexpr std::string_view gen_ai_read[] = {"gen_ai.usage.cache_read.input_tokens"};
constexpr std::string_view gen_ai_write[] = {"gen_ai.usage.cache_write.input_tokens",
                                             "gen_ai.usage.cache_creation.input_tokens"};
constexpr std::string_view gen_ai_inputs[] = {"gen_ai.input.messages", "gen_ai.tool.call.arguments"};
constexpr std::string_view gen_ai_outputs[] = {"gen_ai.output.messages", "gen_ai.tool.call.result"};
constexpr std::string_view gen_ai_models[] = {"gen_ai.response.model", "gen_ai.request.model"};
constexpr std::string_view gen_ai_tools[] = {"gen_ai.tool.definitions"};

constexpr KindName traceloop_kinds[] = {
    {"workflow", "WORKFLOW"}, {"task", "TASK"}, {"agent", "AGENT"}, {"tool", "TOOL"}, {"unknown", "UNKNOWN"}};
constexpr std::string_view traceloop_inputs[] = {"traceloop.entity.input"};
constexpr std::string_view traceloop_outputs[] = {"traceloop.entity.output"};

constexpr std::string_view adk_inputs[] = {"gcp.vertex.agent.llm_request", "gcp.vertex.agent.tool_call_args"};
constexpr std::string_view adk_outputs[] = {"gcp.vertex.agent.llm_response", "gcp.vertex.agent.tool_response"};

constexpr KindName vercel_kinds[] = {{"ai.generateText", "LLM"},
                                     {"ai.generateText.doGenerate", "LLM"},
                                     {"ai.toolCall", "TOOL"},
                                     {"ai.streamText", "LLM"},
                                     {"ai.streamText.doStream", "LLM"},
                                     {"ai.generateObject", "LLM"},
                                     {"ai.generateObject.doGenerate", "LLM"},
                                     {"ai.streamObject", "LLM"},
                                     {"ai.streamObject.doStream", "LLM"},
                                     {"ai.embed", "EMBEDDING"},
                                     {"ai.embed.doEmbed", "EMBEDDING"},
                                     {"ai.embedMany", "EMBEDDING"}};
constexpr std::string_view vercel_inputs[] = {"ai.prompt", "ai.toolCall.args", "ai.value", "ai.values",
                                              "ai.prompt.messages"};
constexpr std::string_view vercel_outputs[] = {"ai.response.text", "ai.toolCall.result", "ai.response.object",
                                               "ai.embedding", "ai.embeddings"};

constexpr KindName laminar_kinds[] = {{"LLM", "LLM"},
                                      {"TOOL", "TOOL"},
                                      {"DEFAULT", "CHAIN"},
                                      {"PIPELINE", "CHAIN"},
                                      {"EXECUTOR", "AGENT"},
                                      {"EVALUATOR", "EVALUATOR"},
                                      {"HUMAN_EVALUATOR", "EVALUATOR"},
                                      {"EVALUATION", "EVALUATOR"},
                                      {"CACHED", "LLM"}};
constexpr std::string_view laminar_inputs[] = {"lmnr.span.input"};
constexpr std::string_view laminar_outputs[] = {"lmnr.span.output"};

constexpr KindName langfuse_kinds[] = {{"generation", "LLM"},      {"embedding", "EMBEDDING"}, {"tool", "TOOL"},
                                       {"retriever", "RETRIEVER"}, {"agent", "AGENT"},         {"chain", "CHAIN"},
                                       {"evaluator", "EVALUATOR"}, {"guardrail", "GUARDRAIL"}, {"span", "UNKNOWN"}};
constexpr std::string_view langfuse_inputs[] = {"langfuse.observation.input"};
constexpr std::string_view langfuse_outputs[] = {"langfuse.observation.output"};

// In the order in which they are asked; the first that knows counts.
const std::array<Convention, 7> conventions{{
    {"openinference.span.kind",
     open_inference_kinds,
     "llm.token_count.prompt",
     "llm.token_count.completion",
     "llm.token_count.total",
     open_inference_read,
     open_inference_write,
     open_inference_inputs,
     open_inference_outputs,
     open_inference_models,
     "llm.provider",
     {}},
    {"gen_ai.operation.name", gen_ai_kinds, "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "", gen_ai_read,
     gen_ai_write, gen_ai_inputs, gen_ai_outputs, gen_ai_models, "gen_ai.provider.name", gen_ai_tools},
    {"traceloop.span.kind",
     traceloop_kinds,
     "gen_ai.usage.prompt_tokens",
     "gen_ai.usage.completion_tokens",
     "llm.usage.total_tokens",
     {},
     {},
     traceloop_inputs,
     traceloop_outputs,
     {},
     "gen_ai.system",
     {}},
    {"", {}, "", "", "", {}, {}, adk_inputs, adk_outputs, {}, "", {}},
    {"ai.operationId", vercel_kinds, "", "", "", {}, {}, vercel_inputs, vercel_outputs, {}, "", {}},
    {"lmnr.span.type", laminar_kinds, "", "", "", {}, {}, laminar_inputs, laminar_outputs, {}, "", {}},
    {"langfuse.observation.type", langfuse_kinds, "", "", "", {}, {}, langfuse_inputs, langfuse_outputs, {}, "", {}},
}};

// The attribute when it says something: no null, false, zero, empty text, list or object.
const Json* said(const Json& attributes, std::string_view key) {
  if (key.empty()) return nullptr;
  const Json& value = member(attributes, key);
  const bool is_empty =
      value.is_null() || value == false || value == 0 || value == "" || (value.is_structured() && value.empty());
  return is_empty ? nullptr : &value;
}

const Json* first_said(const Json& attributes, Words keys) {
  for (const std::string_view key : keys)
    if (const Json* found = said(attributes, key)) return found;
  return nullptr;
}

std::optional<std::int64_t> count_of(const Json& attributes, std::string_view key) {
  if (key.empty()) return std::nullopt;
  const Json& value = member(attributes, key);
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_string()) return parse_int(value.get_ref<const std::string&>());
  return std::nullopt;
}

std::optional<std::int64_t> first_count(const Json& attributes, Words keys) {
  for (const std::string_view key : keys)
    if (const auto found = count_of(attributes, key)) return found;
  return std::nullopt;
}

Json usage_by(const Convention& convention, const Json& attributes) {
  const auto input = count_of(attributes, convention.input_tokens);
  const auto output = count_of(attributes, convention.output_tokens);
  auto total = count_of(attributes, convention.total_tokens);
  if (!input && !output && !total) return nullptr;
  // The sum in unsigned numbers: what a stranger sends must not overflow.
  if (!total && input && output)
    total = static_cast<std::int64_t>(static_cast<std::uint64_t>(*input) + static_cast<std::uint64_t>(*output));
  Json usage = Json::object();
  if (input) usage["input_tokens"] = *input;
  if (output) usage["output_tokens"] = *output;
  if (total) usage["total_tokens"] = *total;
  if (const auto read = first_count(attributes, convention.cache_read)) usage["cache_read_input_tokens"] = *read;
  if (const auto written = first_count(attributes, convention.cache_write))
    usage["cache_creation_input_tokens"] = *written;
  return usage;
}

std::string_view type_by(const Convention& convention, const Json& attributes) {
  const std::string kind = text_or(attributes, convention.kind_key);
  for (const KindName& name : convention.kinds)
    if (!kind.empty() && name.kind == kind) return name.type;
  return {};
}

// Sets `key` to what the first convention gives, when it is not there.
template <class Give>
void fill(Json& attributes, std::string_view key, Give give) {
  if (attributes.contains(key)) return;
  for (const Convention& convention : conventions) {
    Json given = give(convention);
    if (given.is_null()) continue;
    attributes[key] = std::move(given);
    return;
  }
}

Json copy_of(const Json* found) {
  return found == nullptr ? Json(nullptr) : *found;
}

// A "model" in the inputs or outputs of a call.
void fill_model_from_values(Json& attributes) {
  if (attributes.contains("mlflow.llm.model")) return;
  for (const std::string_view values : {"mlflow.spanInputs", "mlflow.spanOutputs"}) {
    const std::string model = text_or(member(attributes, values), "model");
    if (model.empty()) continue;
    attributes["mlflow.llm.model"] = model;
    return;
  }
}

}  // namespace

void add_mlflow_attributes(Span& span) {
  Json& attributes = span.attributes;
  const std::string type = text_or(attributes, "mlflow.spanType");
  if (type.empty() || type == "UNKNOWN") {
    for (const Convention& convention : conventions) {
      const std::string_view found = type_by(convention, attributes);
      if (found.empty()) continue;
      attributes["mlflow.spanType"] = found;
      break;
    }
  }
  fill(attributes, "mlflow.spanInputs",
       [&](const Convention& convention) { return copy_of(first_said(attributes, convention.inputs)); });
  fill(attributes, "mlflow.spanOutputs",
       [&](const Convention& convention) { return copy_of(first_said(attributes, convention.outputs)); });
  fill(attributes, "mlflow.chat.tokenUsage",
       [&](const Convention& convention) { return usage_by(convention, attributes); });
  fill(attributes, "mlflow.chat.tools",
       [&](const Convention& convention) { return copy_of(first_said(attributes, convention.tools)); });
  fill(attributes, "mlflow.llm.model",
       [&](const Convention& convention) { return copy_of(first_said(attributes, convention.models)); });
  fill(attributes, "mlflow.llm.provider",
       [&](const Convention& convention) { return copy_of(said(attributes, convention.provider)); });
  fill_model_from_values(attributes);
}

}  // namespace ciclo::traces
