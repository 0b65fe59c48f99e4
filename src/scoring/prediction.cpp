#include "scoring/prediction.hpp"

#include <fmt/format.h>

namespace ciclo::scoring {
namespace {

constexpr std::string_view deployment_header = "azureml-model-deployment";
constexpr std::string_view session_header = "azureml-session-id";

CollectedRecord record_for(const EndpointSnapshot& snapshot, const Deployment& deployment, std::string request_id,
                           const Clock& clock) {
  CollectedRecord record;
  const auto& settings = deployment.settings();
  record.deployment = deployment.name();
  record.model_name = settings.model.name;
  record.model_version = settings.model.version;
  record.request_id = std::move(request_id);
  record.time = clock.now();
  record.inputs = settings.collect.inputs;
  record.outputs = settings.collect.outputs;
  record.correlation_id = snapshot.collector->next_correlation_id();
  return record;
}

bool is_sampled(double rate) {
  if (rate >= 1.0) return true;
  constexpr double whole = 18'446'744'073'709'551'616.0;  // 2^64
  return static_cast<double>(random_draw()) < rate * whole;
}

}  // namespace

int score_status_of(const Error& error) {
  if (error.target == model_failure) return 424;
  if (error.code == ErrorCode::timeout) return 408;
  return http::status_of(error.code);
}

Prediction::Prediction(HandlerParts& parts, const http::Request& request)
    : parts_(parts), request_(request), snapshot_(parts.endpoint.snapshot()) {}

Result<void> Prediction::choose() {
  const auto wanted = request_.headers.find(deployment_header).value_or("");
  const auto session = request_.headers.find(session_header).value_or("");
  named_ = !wanted.empty();
  draw_ = session.empty() ? random_draw() : sticky_draw(session);
  CICLO_TRY(auto* const deployment, scoring::choose(*snapshot_, wanted, draw_));
  use(*deployment);
  return {};
}

void Prediction::use(Deployment& deployment) {
  deployment_ = &deployment;
  deadline_ = start_ + deployment.settings().requests.request_timeout;
  const auto& collect = deployment.settings().collect;
  if (snapshot_->collector && (collect.inputs || collect.outputs) && is_sampled(collect.sampling_rate)) {
    collects_inputs_ = collect.inputs;
    collects_outputs_ = collect.outputs;
  }
}

Result<Admission::Permit> Prediction::enter() {
  return deployment_->admission().enter(deadline_);
}

void Prediction::collect(std::unique_ptr<Exchange> exchange) {
  if (!exchange || !snapshot_->collector) return;
  auto record = record_for(*snapshot_, *deployment_, request_.request_id, parts_.endpoint.clock());
  correlation_id_ = record.correlation_id;
  record.exchange = std::move(exchange);
  snapshot_->collector->offer(std::move(record));
}

void Prediction::mirror(const std::string& body) {
  // A caller that names a deployment tests that one; Azure ML does not mirror it either.
  if (!snapshot_->settings.mirror || named_ || !is_mirrored(snapshot_->settings.mirror->percent, draw_)) return;
  const auto copy = [snapshot = snapshot_, body, id = request_.request_id, correlation = correlation_id_,
                     &clock = parts_.endpoint.clock()] {
    auto* deployment = snapshot->find(snapshot->settings.mirror->deployment);
    if (!deployment) return;
    const auto start = SteadyClock::now();
    const auto& collect = deployment->settings().collect;
    const bool keep = snapshot->collector && (collect.inputs || collect.outputs);
    auto answer = deployment->model().score({body, start + deployment->settings().requests.request_timeout, keep});
    deployment->metrics().shadow_requests.fetch_add(1, std::memory_order_relaxed);
    if (!answer) {
      deployment->metrics().model_failures.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    if (!keep || !answer->exchange) return;
    auto record = record_for(*snapshot, *deployment, id, clock);
    if (!correlation.empty()) record.correlation_id = correlation;
    record.is_shadow = true;
    record.exchange = std::move(answer->exchange);
    snapshot->collector->offer(std::move(record));
  };
  parts_.shadow.offer(copy);
}

void Prediction::finish(http::Response& response) const {
  if (const auto id = request_.headers.find("x-ms-client-request-id"); id && id->size() <= 256) {
    response.headers.add("x-ms-client-request-id", std::string(*id));
  }
  if (!deployment_) return;
  response.headers.add(std::string(deployment_header), deployment_->name());
  deployment_->metrics().count(response.status, SteadyClock::now() - start_);
}

void Prediction::note_failure(const Error& error) const {
  if (deployment_ && error.target == model_failure)
    deployment_->metrics().model_failures.fetch_add(1, std::memory_order_relaxed);
}

http::Response Prediction::failure(const Error& error) const {
  auto response = http::Response::json(http::error_body(error), score_status_of(error));
  if (error.target == model_failure) {
    response.headers.add("x-ms-run-function-failed", "True");
    response.headers.add("ms-azureml-model-error-statuscode", "500");
  }
  note_failure(error);
  finish(response);
  return response;
}

}  // namespace ciclo::scoring
