#include "outer_loop/gates/latency.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <thread>

namespace ciclo::outer_loop {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds look_pause{10};
constexpr std::chrono::minutes longest_start{5};
constexpr std::size_t warm_up = 10;
constexpr std::size_t log_lines = 10;

Json zero_of(const std::string& type) {
  if (type == "string" || type == "binary" || type == "datetime") return "";
  if (type == "boolean") return false;
  return type == "double" || type == "float" ? Json(0.0) : Json(0);
}

Result<std::string> await_address(const ScorerProcesses& scorers, const EndpointFolder& folder) {
  const auto until = SteadyClock::now() + longest_start;
  while (SteadyClock::now() < until) {
    const Json port = read_json(folder.root / "port.json");
    if (const Json& number = member(port, "port"); number.is_number_integer())
      return fmt::format("http://127.0.0.1:{}/score", number.get<int>());
    if (!scorers.find(folder))
      return fail(ErrorCode::invalid, "the model cannot be served: " + last_lines(folder.log(), log_lines));
    std::this_thread::sleep_for(look_pause);
  }
  return fail(ErrorCode::timeout, "the model was not loaded in time");
}

Result<LatencyEvidence> ask(const std::string& url, const std::string& body, std::size_t count) {
  http::Client client;
  http::ClientRequest request{.method = http::Method::post, .url = url, .body = body};
  request.headers.set("content-type", "application/json");
  std::vector<double> times;
  for (std::size_t i = 0; i < warm_up + count; ++i) {
    const auto begin = SteadyClock::now();
    CICLO_TRY(const auto response, client.send(request));
    const std::chrono::duration<double, std::milli> taken = SteadyClock::now() - begin;
    if (response.status != 200) {
      return fail(ErrorCode::invalid,
                  fmt::format("the model answered {}: {}", response.status, response.body.substr(0, 500)));
    }
    if (i >= warm_up) times.push_back(taken.count());
  }
  return LatencyEvidence{.p50_ms = percentile(times, 50), .p95_ms = percentile(times, 95), .requests = count};
}

}  // namespace

Json sample_request(const Json& input_example, const Json& signature) {
  if (member(input_example, "columns").is_array() && !member(input_example, "data").empty())
    return {{"input_data", {{"columns", input_example["columns"]}, {"data", Json::array({input_example["data"][0]})}}}};
  if (input_example.is_array() && !input_example.empty()) return {{"input_data", Json::array({input_example[0]})}};
  if (input_example.is_object() && !input_example.empty()) return input_example;
  Json columns = Json::array();
  Json row = Json::array();
  for (const Json& column : member(signature, "inputs")) {
    if (member(column, "name").is_null() || text_or(column, "type") == "tensor") return {};
    columns.push_back(column["name"]);
    row.push_back(zero_of(text_or(column, "type")));
  }
  if (columns.empty()) return {};
  return {{"input_data", {{"columns", std::move(columns)}, {"data", Json::array({std::move(row)})}}}};
}

double percentile(std::vector<double> times, double percent) {
  const auto rank = static_cast<std::size_t>(std::ceil(percent / 100.0 * static_cast<double>(times.size())));
  const std::size_t index = std::min(times.size() - 1, rank == 0 ? 0 : rank - 1);
  std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(index));
  return times[index];
}

Result<LatencyEvidence> ScorerLatencyProbe::measure_in(const EndpointFolder& folder, const LatencyRequest& request) {
  CICLO_CHECK(make_private_folder(folder.root));
  const PreparationRequest preparation{
      .key = {.workspace = {}, .kind = {}, .parent = {}, .name = "candidate", .version = {}},
      .requested_by = {},
      .folder = folder,
      .spec = Json::object(),
      .status = {{"model_location", {{"key", request.model_key}}}},
      .environment = {}};
  CICLO_TRY(const Json entry, make_(preparation, {}));
  const std::filesystem::path model = text_or(member(entry, "model"), "path");
  const Json body = sample_request(read_json(model / "input_example.json"), request.signature);
  if (body.is_null()) {
    return fail(ErrorCode::invalid, "the model has neither an input example nor a signature with columns", {},
                "log the model with input_example=…");
  }
  CICLO_CHECK(write_private_json(folder.config(), {{"endpoint", "gate"},
                                                   {"port_file", "port.json"},
                                                   {"auth", {{"mode", "none"}}},
                                                   {"deployments", Json::array({entry})},
                                                   {"traffic", {{"candidate", 100}}}}));
  CICLO_CHECK(scorers_.start(folder));
  CICLO_TRY(const std::string url, await_address(scorers_, folder));
  return ask(url, to_text(body), request.requests);
}

Result<LatencyEvidence> ScorerLatencyProbe::measure(const LatencyRequest& request) {
  const EndpointFolder folder{root_ / request.id};
  // What a server that was killed in the middle left is in the way.
  const auto clean = [&] {
    scorers_.stop(folder, std::chrono::milliseconds(0));
    std::error_code ignored;
    std::filesystem::remove_all(folder.root, ignored);
  };
  clean();
  auto measured = measure_in(folder, request);
  clean();
  return measured;
}

}  // namespace ciclo::outer_loop
