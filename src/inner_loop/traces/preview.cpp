// The preview of a call's inputs or outputs: for a chat what was said, else the JSON.
#include "base/utf8.hpp"
#include "inner_loop/traces/service_limits.hpp"
#include "inner_loop/traces/summary.hpp"

namespace ciclo::traces {
namespace {

constexpr int max_request_nesting = 8;

bool is_message(const Json& value) {
  return value.is_object() && value.contains("role") && value.contains("content");
}

const Json* last_message(const Json& list, std::string_view role) {
  const Json* last = nullptr;
  const Json* of_role = nullptr;
  for (const Json& item : list) {
    if (!is_message(item)) continue;
    last = &item;
    if (text_or(item, "role") == role) of_role = &item;
  }
  return of_role != nullptr ? of_role : last;
}

// OpenAI's forms: chat completions' request (messages) and response (choices), the Responses API's (input, output), and
// a request within {"request": …}.
const Json* find_message(const Json& value, std::string_view role, int depth = 0) {
  if (!value.is_object() || depth > max_request_nesting) return nullptr;
  if (const Json& list = member(value, "messages"); list.is_array() && !list.empty()) return last_message(list, role);
  if (const Json& choices = member(value, "choices"); choices.is_array() && !choices.empty()) {
    const Json& message = member(choices.front(), "message");
    if (is_message(message)) return &message;
  }
  for (const std::string_view key : {"input", "output"})
    if (const Json& list = member(value, key); list.is_array() && !list.empty()) return last_message(list, role);
  return find_message(member(value, "request"), role, depth + 1);
}

std::string text_of_message(const Json& message) {
  const Json& content = member(message, "content");
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array()) return {};
  for (const Json& part : content) {
    if (part.is_string()) return part.get<std::string>();
    const std::string type = text_or(part, "type");
    if (type == "text" || type == "output_text") return text_or(part, "text");
  }
  return {};
}

}  // namespace

std::string preview_of(const Json& value, std::string_view role) {
  std::string text;
  if (const Json* message = find_message(value, role)) text = text_of_message(*message);
  if (text.empty()) text = to_text(value);
  if (count_code_points(text) <= max_preview_length) return text;
  return cut_to(text, max_preview_length - 3) + "...";
}

}  // namespace ciclo::traces
