#include "outer_loop/webhooks/types.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.hpp"
#include "platform/http/url.hpp"

namespace ciclo::outer_loop {
namespace {

constexpr std::size_t max_url_bytes = 2000;

// In the order of MLflow's protocol, from number 1.
constexpr std::array<std::string_view, 10> entities{
    "registered_model", "model_version", "model_version_tag",  "model_version_alias", "prompt",
    "prompt_version",   "prompt_tag",    "prompt_version_tag", "prompt_alias",        "budget_policy"};
constexpr std::array<std::string_view, 5> actions{"created", "updated", "deleted", "set", "exceeded"};

template <std::size_t size>
std::string word_of(const Json& value, const std::array<std::string_view, size>& words) {
  if (value.is_number_integer()) {
    const auto number = value.get<std::int64_t>();
    return number >= 1 && number <= static_cast<std::int64_t>(size)
               ? std::string(words[static_cast<std::size_t>(number) - 1])
               : "";
  }
  return value.is_string() ? to_lower(value.get_ref<const std::string&>()) : "";
}

}  // namespace

const std::vector<WebhookEvent>& webhook_events() {
  static const std::vector<WebhookEvent> all{{"registered_model", "created"},
                                             {"model_version", "created"},
                                             {"model_version_tag", "set"},
                                             {"model_version_tag", "deleted"},
                                             {"model_version_alias", "created"},
                                             {"model_version_alias", "deleted"},
                                             {"prompt", "created"},
                                             {"prompt_version", "created"},
                                             {"prompt_tag", "set"},
                                             {"prompt_tag", "deleted"},
                                             {"prompt_version_tag", "set"},
                                             {"prompt_version_tag", "deleted"},
                                             {"prompt_alias", "created"},
                                             {"prompt_alias", "deleted"},
                                             {"budget_policy", "exceeded"}};
  return all;
}

Result<WebhookEvent> parse_webhook_event(const Json& value) {
  WebhookEvent event;
  if (value.is_string()) {
    const std::string text = to_lower(value.get_ref<const std::string&>());
    const auto dot = text.find('.');
    event = {text.substr(0, dot), dot == std::string::npos ? "" : text.substr(dot + 1)};
  } else {
    event = {word_of(member(value, "entity"), entities), word_of(member(value, "action"), actions)};
  }
  if (std::ranges::find(webhook_events(), event) != webhook_events().end()) return event;
  std::vector<std::string> known;
  for (const WebhookEvent& one : webhook_events()) known.push_back(one.text());
  return fail(
      ErrorCode::invalid,
      fmt::format("Invalid action '{}' for entity '{}'", event.action.substr(0, 40), event.entity.substr(0, 40)),
      "events", "there are " + join(known, ", "));
}

std::string_view name_of(WebhookStatus status) {
  return status == WebhookStatus::active ? "ACTIVE" : "DISABLED";
}

Result<WebhookStatus> parse_webhook_status(const Json& value) {
  const std::string text = value.is_string() ? value.get<std::string>() : to_text(value);
  if (iequals(text, "ACTIVE") || text == "1") return WebhookStatus::active;
  if (iequals(text, "DISABLED") || text == "2") return WebhookStatus::disabled;
  return fail(ErrorCode::invalid, fmt::format("Invalid webhook status '{}'", text.substr(0, 40)), "status",
              "it is ACTIVE or DISABLED");
}

Json to_json(const Webhook& webhook) {
  Json answer{{"webhook_id", webhook.id},
              {"name", webhook.name},
              {"url", webhook.url},
              {"status", name_of(webhook.status)},
              {"creation_timestamp", to_unix_ms(webhook.created_at)},
              {"last_updated_timestamp", to_unix_ms(webhook.updated_at)}};
  if (!webhook.description.empty()) answer["description"] = webhook.description;
  for (const WebhookEvent& event : webhook.events)
    answer["events"].push_back({{"entity", to_upper(event.entity)}, {"action", to_upper(event.action)}});
  return answer;
}

Result<void> check_webhook_name(std::string_view name) {
  const auto is_plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  const auto is_allowed = [&](char c) { return is_plain(c) || c == '.' || c == '_' || c == '-'; };
  const bool is_good = !name.empty() && name.size() <= 63 && is_plain(name.front()) && is_plain(name.back()) &&
                       std::ranges::all_of(name, is_allowed);
  if (is_good) return {};
  return fail(ErrorCode::invalid, fmt::format("Webhook name '{}' is invalid", name.substr(0, 63)), "name",
              "it starts and ends with a letter or digit, has at most 63 characters, and holds only letters, digits, "
              "'.', '_' and '-'");
}

Result<void> check_webhook_url(std::string_view url) {
  const auto refuse = [](std::string_view why, std::string_view hint) {
    return fail(ErrorCode::invalid, fmt::format("Invalid webhook URL: {}", why), "url", std::string(hint));
  };
  if (url.size() > max_url_bytes) return refuse("it is longer than 2000 bytes", "give a shorter one");
  const auto parsed = http::parse_url(url);
  const bool has_scheme = parsed && (parsed->scheme() == "http" || parsed->scheme() == "https");
  if (!has_scheme || parsed->encoded_host().empty())
    return refuse("it is no address of a receiver", "for example https://hooks.example.org/models");
  if (parsed->has_userinfo()) return refuse("it holds a user or a password", "sign requests with `secret` instead");
  return {};
}

}  // namespace ciclo::outer_loop
