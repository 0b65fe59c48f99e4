#include "inner_loop/tracking/json_text.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/json.hpp"
#include "base/utf8.hpp"
#include "inner_loop/tracking/forms.hpp"

namespace ciclo::tracking {
namespace {

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out += out.back() == '{' ? "\"" : ",\"";
  out += name;
  out += "\":";
  append_text(out, value);
}

void append_member(std::string& out, std::string_view name, std::int64_t value) {
  out += out.back() == '{' ? "\"" : ",\"";
  out += name;
  fmt::format_to(std::back_inserter(out), "\":{}", value);
}

template <class Item, class Append>
void append_list(std::string& out, const std::vector<Item>& items, Append append) {
  out += '[';
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ',';
    append(out, items[i]);
  }
  out += ']';
}

void append_pair(std::string& out, const Tag& tag) {
  out += '{';
  append_member(out, "key", tag.key);
  append_member(out, "value", tag.value);
  out += '}';
}

void append_info(std::string& out, const Run& run) {
  out += '{';
  append_member(out, "run_uuid", run.run_id);
  append_member(out, "run_id", run.run_id);
  append_member(out, "run_name", run.name);
  append_member(out, "experiment_id", std::to_string(run.experiment_id));
  append_member(out, "user_id", run.user);
  append_member(out, "status", name_of(run.status));
  append_member(out, "start_time", run.start_time);
  if (run.end_time) append_member(out, "end_time", *run.end_time);
  append_member(out, "artifact_uri", run.artifact_uri);
  append_member(out, "lifecycle_stage", name_of(run.stage));
  out += '}';
}

void append_data(std::string& out, const Run& run) {
  const auto metric = [](std::string& text, const Metric& item) { append_json(text, item); };
  out += '{';
  if (!run.metrics.empty()) append_list(out += "\"metrics\":", run.metrics, metric);
  const auto separate = [&out] { out += out.back() == '{' ? "" : ","; };
  if (!run.params.empty()) {
    separate();
    append_list(out += "\"params\":", run.params, append_pair);
  }
  if (!run.tags.empty()) {
    separate();
    append_list(out += "\"tags\":", run.tags, append_pair);
  }
  out += '}';
}

template <class Item, class Append>
std::string page_text(std::string_view name, const Page<Item>& page, Append append) {
  std::string out = "{";
  if (!page.items.empty()) {
    fmt::format_to(std::back_inserter(out), "\"{}\":", name);
    append_list(out, page.items, append);
  }
  if (!page.next_page_token.empty()) append_member(out, "next_page_token", page.next_page_token);
  return out += '}';
}

}  // namespace

void append_text(std::string& out, std::string_view value) {
  bool is_plain = true;
  for (const char c : value) {
    const auto u = static_cast<unsigned char>(c);
    is_plain = is_plain && u >= 0x20 && u < 0x7F && c != '"' && c != '\\';
  }
  if (!is_plain) {
    out += to_text(Json(std::string(value)));
    return;
  }
  out += '"';
  out += value;
  out += '"';
}

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "\"NaN\"";
    return;
  }
  const std::size_t begin = out.size();
  fmt::format_to(std::back_inserter(out), "{}", value);
  // A whole number stays a floating one for readers that tell them apart.
  if (out.find_first_of(".e", begin) == std::string::npos) out += ".0";
}

void append_json(std::string& out, const Metric& metric) {
  out += '{';
  append_member(out, "key", metric.key);
  out += ",\"value\":";
  append_number(out, metric.value);
  append_member(out, "timestamp", metric.timestamp);
  append_member(out, "step", metric.step);
  if (!metric.model_id.empty()) append_member(out, "model_id", metric.model_id);
  if (!metric.dataset_name.empty()) append_member(out, "dataset_name", metric.dataset_name);
  if (!metric.dataset_digest.empty()) append_member(out, "dataset_digest", metric.dataset_digest);
  if (!metric.run_id.empty()) append_member(out, "run_id", metric.run_id);
  out += '}';
}

void append_json(std::string& out, const Run& run) {
  append_info(out += "{\"info\":", run);
  append_data(out += ",\"data\":", run);
  // Few runs have these.
  const bool has_inputs = !run.dataset_inputs.empty() || !run.model_inputs.empty();
  if (!has_inputs && run.model_outputs.empty()) {
    out += ",\"inputs\":{},\"outputs\":{}}";
    return;
  }
  Run rest;
  rest.dataset_inputs = run.dataset_inputs;
  rest.model_inputs = run.model_inputs;
  rest.model_outputs = run.model_outputs;
  const Json form = to_json(rest);
  out += ",\"inputs\":" + to_text(member(form, "inputs")) + ",\"outputs\":" + to_text(member(form, "outputs")) + "}";
}

std::string runs_text(const Page<Run>& page) {
  return page_text("runs", page, [](std::string& out, const Run& run) { append_json(out, run); });
}

std::string metrics_text(const Page<Metric>& page) {
  return page_text("metrics", page, [](std::string& out, const Metric& metric) { append_json(out, metric); });
}

http::Response json_response(std::string text) {
  return http::Response::text(std::move(text), "application/json");
}

}  // namespace ciclo::tracking
