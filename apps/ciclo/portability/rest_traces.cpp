#include "portability/rest_traces.hpp"

#include <fmt/format.h>

#include <map>

#include "platform/http/message.hpp"
#include "portability/trace_forms.hpp"

namespace ciclo::portability {
namespace {

constexpr std::size_t traces_per_page = 100;
constexpr std::size_t whole_traces_per_call = 20;

// What a server says of an endpoint that it has not.
bool is_unknown(const Error& error) {
  return error.code == ErrorCode::not_found || error.code == ErrorCode::unsupported;
}

void put_spans(Json& trace, const Json& answered) {
  trace["spans"] = Json::array();
  for (const Json& span : member(answered, "spans")) trace["spans"].push_back(file_span_from_api(span));
}

}  // namespace

Result<RestTraces::Page> RestTraces::search_before_3(const std::string& experiment_id, const std::string& token) {
  std::string path = fmt::format("{}traces?experiment_ids={}&max_results={}", api2, experiment_id, traces_per_page);
  if (!token.empty()) path += "&page_token=" + http::percent_encode(token);
  auto answer = client_.get(path);
  if (!answer) {
    // Before 2.14 there are no traces at all.
    if (is_unknown(answer.error())) return Page{};
    return Failure(answer.error());
  }
  Page page{.infos = {}, .next = text_or(*answer, "next_page_token")};
  for (const Json& info : member(*answer, "traces")) page.infos.push_back(trace_info_from(info));
  return page;
}

Result<RestTraces::Page> RestTraces::search(const std::string& experiment_id, const std::string& filter,
                                            const std::string& token) {
  if (is_before_3_) return search_before_3(experiment_id, token);
  Json body{{"locations", Json::array({location_of_experiment(experiment_id)})},
            {"max_results", traces_per_page},
            {"order_by", Json::array({"timestamp_ms ASC"})}};
  if (!filter.empty()) body["filter"] = filter;
  if (!token.empty()) body["page_token"] = token;
  auto answer = client_.post(std::string(api3) + "traces/search", body);
  if (!answer) {
    if (!is_unknown(answer.error()) || !filter.empty() || !token.empty()) return Failure(answer.error());
    is_before_3_ = true;
    return search_before_3(experiment_id, token);
  }
  Page page{.infos = {}, .next = text_or(*answer, "next_page_token")};
  for (const Json& info : member(*answer, "traces")) page.infos.push_back(info);
  return page;
}

Result<void> RestTraces::find_links(const std::string& experiment_id, const std::vector<std::string>& run_ids) {
  links_.clear();
  if (is_before_3_) return {};
  for (const std::string& run_id : run_ids) {
    std::string token;
    do {
      const auto page = search(experiment_id, fmt::format("run_id = '{}'", run_id), token);
      if (!page) return pass_over(page.error(), "list of the runs that traces are linked to", gaps_);
      for (const Json& info : page->infos) links_[text_or(info, "trace_id")].push_back(run_id);
      token = page->next;
    } while (!token.empty());
  }
  return {};
}

// One that is not whole, or whose spans the batch left out.
Result<void> RestTraces::add_spans_of_one(Json& trace) {
  const std::string id = text_or(trace["trace_info"], "trace_id");
  const auto answer =
      client_.get(fmt::format("{}traces/get?trace_id={}&allow_partial=true", api3, http::percent_encode(id)));
  if (answer) put_spans(trace, member(*answer, "trace"));
  else if (ends_all(answer.error())) return Failure(answer.error());
  else trace["note"] = "its spans could not be read: " + answer.error().message;
  return {};
}

Result<void> RestTraces::add_spans(std::vector<Json>& traces) {
  std::map<std::string, Json*> waiting;
  for (Json& trace : traces)
    if (has_stored_spans(trace["trace_info"])) waiting[text_or(trace["trace_info"], "trace_id")] = &trace;
  if (waiting.empty()) return {};
  std::string path = std::string(api3) + "traces/batchGet?";
  for (const auto& [id, trace] : waiting) path += "&trace_ids=" + http::percent_encode(id);
  const auto answer = client_.get(path);
  if (!answer && ends_all(answer.error())) return Failure(answer.error());
  if (answer) {
    for (const Json& whole : member(*answer, "traces")) {
      const auto found = waiting.extract(text_or(member(whole, "trace_info"), "trace_id"));
      if (!found.empty()) put_spans(*found.mapped(), whole);
    }
  }
  for (const auto& [id, trace] : waiting) CICLO_CHECK(add_spans_of_one(*trace));
  return {};
}

Result<void> RestTraces::of_experiment(const std::string& experiment_id, const std::vector<std::string>& run_ids,
                                       const TakeItems& take) {
  std::string token;
  bool is_first = true;
  do {
    CICLO_TRY(Page page, search(experiment_id, "", token));
    if (std::exchange(is_first, false) && !page.infos.empty()) CICLO_CHECK(find_links(experiment_id, run_ids));
    for (std::size_t begin = 0; begin < page.infos.size(); begin += whole_traces_per_call) {
      std::vector<Json> traces;
      for (std::size_t i = begin; i < std::min(begin + whole_traces_per_call, page.infos.size()); ++i) {
        Json trace{{"trace_info", std::move(page.infos[i])}};
        trace["prompts"] = linked_prompts_of(trace["trace_info"]);
        if (const auto runs = links_.find(text_or(trace["trace_info"], "trace_id")); runs != links_.end())
          trace["run_ids"] = runs->second;
        traces.push_back(std::move(trace));
      }
      CICLO_CHECK(add_spans(traces));
      CICLO_CHECK(take(std::move(traces)));
    }
    token = page.next;
  } while (!token.empty());
  return {};
}

}  // namespace ciclo::portability
