// What the spans of one trace say about it: its times, state, previews, session, tags, and tokens and cost added up.
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "inner_loop/traces/types.hpp"

namespace ciclo::traces {

struct Summary {
  std::int64_t start_ms = 0;             // of the earliest span
  std::optional<std::int64_t> end_ms;    // of the latest
  std::optional<TraceState> root_state;  // when the root is among them
  std::string root_name;
  std::optional<std::string> name;  // given by the client
  std::optional<std::string> session_id;
  std::optional<std::string> user;
  std::optional<std::string> request_preview;
  std::optional<std::string> response_preview;
  // From the resource (service.name …), then those that the client set.
  std::vector<Tag> tags;
};
Summary summarize(const std::vector<Span>& spans);

// A span as far as adding up is concerned. Nothing in `usage`: it says nothing of its own.
struct UsageNode {
  std::string span_id;
  std::string parent_id;
  std::optional<Usage> usage;
};
// What the span's attributes mlflow.chat.tokenUsage and mlflow.llm.cost say. Tokens and cost are added up apart.
std::optional<Usage> tokens_of(const Span& span);
std::optional<Usage> cost_of(const Span& span);
// The sum over the tree. A span that says something stands for all below it, since many libraries put the sum of the
// children on the parent. `is_cost`: adds up costs instead of tokens.
Usage add_up(const std::vector<UsageNode>& nodes, bool is_cost);

Usage tokens_from(const Json& usage);
Usage costs_from(const Json& cost);
// {"input_tokens": 3, …}, {"input_cost": 0.1, …}: without what is missing; null when all is.
Json tokens_json(const Usage& usage);
Json costs_json(const Usage& usage);

// At most 1000 characters of the inputs or outputs of a call; of a chat, the last message of that role.
std::string preview_of(const Json& value, std::string_view role);

}  // namespace ciclo::traces
