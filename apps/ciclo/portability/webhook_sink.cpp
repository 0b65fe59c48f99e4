#include "portability/webhook_sink.hpp"

#include <set>

#include "platform/http/message.hpp"

namespace ciclo::portability {
namespace {

using Known = std::set<std::pair<std::string, std::string>>;  // name and address

// Only who administers may have webhooks, and only so many; all the rest may come.
bool is_refusal(const Error& error) {
  return is_of_item(error) || error.code == ErrorCode::denied || error.code == ErrorCode::quota;
}

Result<Known> known_webhooks(RestClient& client, const std::string& endpoint) {
  Known known;
  std::string token;
  do {
    std::string path = endpoint + "?max_results=100";
    if (!token.empty()) path += "&page_token=" + http::percent_encode(token);
    CICLO_TRY(const Json answer, client.get(path));
    for (const Json& webhook : member(answer, "webhooks"))
      known.emplace(text_or(webhook, "name"), text_or(webhook, "url"));
    token = text_or(answer, "next_page_token");
  } while (!token.empty());
  return known;
}

Outcome refused(const Json& item, const Error& error) {
  return {.kind = Outcome::Kind::refused, .id = text_or(item, "name"), .differences = {error.message}};
}

Result<Outcome> put_webhook(RestClient& client, const std::string& endpoint, const Json& item) {
  Outcome outcome{.kind = Outcome::Kind::added, .id = text_or(item, "name"), .differences = {}};
  Json body{{"name", text_or(item, "name")},
            {"url", text_or(item, "url")},
            {"events", member(item, "events")},
            {"status", "DISABLED"}};
  if (const std::string text = text_or(item, "description"); !text.empty()) body["description"] = text;
  if (const auto made = client.post(endpoint, body); !made) {
    if (!is_refusal(made.error())) return Failure(made.error());
    return refused(item, made.error());
  }
  if (member(item, "has_secret") == true)
    outcome.differences.emplace_back("its secret does not come along: set it before you enable it");
  return outcome;
}

}  // namespace

Sink::Outcomes put_webhooks(RestClient& client, const std::string& endpoint, const std::vector<Json>& items) {
  std::vector<Outcome> outcomes;
  if (items.empty()) return outcomes;
  const auto known = known_webhooks(client, endpoint);
  if (!known && !is_refusal(known.error())) return Failure(known.error());
  for (const Json& item : items) {
    if (!known) {
      outcomes.push_back(refused(item, known.error()));
    } else if (known->contains({text_or(item, "name"), text_or(item, "url")})) {
      outcomes.push_back({.kind = Outcome::Kind::present, .id = text_or(item, "name"), .differences = {}});
    } else {
      CICLO_TRY(auto outcome, put_webhook(client, endpoint, item));
      outcomes.push_back(std::move(outcome));
    }
  }
  return outcomes;
}

}  // namespace ciclo::portability
