#include "outer_loop/gates/controller.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "outer_loop/gates/kinds.hpp"
#include "outer_loop/gates/state.hpp"

namespace ciclo::outer_loop {
namespace {

using resources::Resource;
using resources::ResourceKey;
using std::chrono::milliseconds;

constexpr milliseconds longest_wait{3'600'000};
constexpr std::size_t usual_requests = 100;

const Json& checks_of(const Resource& approval) {
  return member(member(approval.spec, "gate"), "checks");
}

std::string reference_to(const ResourceKey& model) {
  return fmt::format("azureml://registries/{}/models/{}/versions/{}", model.workspace, model.name, model.version);
}

// How many requests the checks of the latency want; nothing when there is none.
std::optional<std::size_t> latency_requests(const Resource& approval) {
  std::optional<std::size_t> most;
  for (const Json& check : checks_of(approval)) {
    if (text_or(check, "type") != "latency") continue;
    const Json& number = member(check, "requests");
    const std::size_t asked = number.is_number_integer() ? number.get<std::size_t>() : usual_requests;
    most = std::max(most.value_or(0), asked);
  }
  return most;
}

}  // namespace

Result<std::optional<milliseconds>> GateController::reconcile(const ResourceKey& key) {
  const auto& service = parts_.promotion.service.parts();
  CICLO_TRY(const auto approval,
            service.database.read([&](sql::Session& session) { return service.store.find(session, key); }));
  if (!approval) return std::optional<milliseconds>();
  const ApprovalState state = approval_state_named(text_or(approval->status, "state"));
  const bool is_open = state == ApprovalState::checking || state == ApprovalState::pending;
  if (!is_open) {
    CICLO_CHECK(discard_copy(*approval));
    return std::optional<milliseconds>();
  }
  const TimePoint expires = parse_rfc3339(text_or(approval->status, "expires_at")).value_or(TimePoint());
  if (service.clock.now() >= expires) {
    CICLO_CHECK(lapse(*approval));
    return std::optional(milliseconds(0));
  }
  if (state == ApprovalState::checking) {
    CICLO_CHECK(check(*approval));
    return std::optional(milliseconds(0));
  }
  return std::optional(std::min<milliseconds>(longest_wait, expires - service.clock.now() + milliseconds(1)));
}

Result<ModelEvidence> GateController::describe(const ResourceKey& version) {
  CICLO_TRY(const auto model, parts_.promotion.locator.locate(version.workspace, reference_to(version)));
  ModelEvidence evidence;
  evidence.reference = fmt::format("{}/{}:{}", version.workspace, version.name, version.version);
  evidence.metrics = model.metrics;
  evidence.signature = model.signature;
  if (model.is_file) {
    evidence.files.push_back(model.blob_key.substr(model.blob_key.rfind('/') + 1));
    return evidence;
  }
  CICLO_TRY(const auto files, parts_.blobs.walk(model.blob_key));
  for (const auto& file : files) evidence.files.push_back(file.key.substr(model.blob_key.size() + 1));
  return evidence;
}

Result<std::optional<ResourceKey>> GateController::champion_of(const Resource& approval) {
  ResourceKey model = subject_of(approval);
  model.workspace = approval.key.workspace;
  model.version.clear();
  const auto& service = parts_.promotion.service.parts();
  CICLO_TRY(const auto container,
            service.database.read([&](sql::Session& session) { return service.store.find_container(session, model); }));
  if (!container) return std::optional<ResourceKey>();
  for (const auto& [label, version] : container->labels) {
    if (label != champion_label) continue;
    model.version = version;
    return std::optional(model);
  }
  return std::optional<ResourceKey>();
}

Result<GateEvidence> GateController::collect(const Resource& approval) {
  GateEvidence evidence;
  const ResourceKey subject = subject_of(approval);
  CICLO_TRY(evidence.candidate, describe(subject));
  CICLO_TRY(const auto champion, champion_of(approval));
  if (champion) {
    CICLO_TRY(evidence.champion, describe(*champion));
  }
  if (const auto requests = latency_requests(approval)) {
    CICLO_TRY(const auto model, parts_.promotion.locator.locate(subject.workspace, reference_to(subject)));
    evidence.latency = parts_.latency.measure({approval.uid, model.blob_key, model.signature, *requests});
  }
  return evidence;
}

Result<void> GateController::check(const Resource& approval) {
  GateOutcome outcome;
  const auto evidence = collect(approval);
  if (evidence) {
    for (const Json& check : checks_of(approval)) outcome.checks.push_back(evaluate(check, *evidence));
  } else if (evidence.error().code == ErrorCode::unavailable || evidence.error().code == ErrorCode::internal) {
    return Failure(evidence.error());  // not the model's fault: tried again
  } else {
    outcome.checks.push_back({.name = "model",
                              .status = CheckStatus::error,
                              .value = {},
                              .threshold = {},
                              .evidence = evidence.error().text()});
  }
  const ResourceKey subject = subject_of(approval);
  if (passes(outcome.checks)) {
    CICLO_TRY(outcome.copy,
              parts_.promotion.promoter.copy(subject.workspace, reference_to(subject), approval.key.workspace));
  }
  auto concluded = parts_.promotion.service.parts().database.write(
      [&](sql::Session& session) { return conclude_checks_in(session, parts_.promotion, approval.key, outcome); });
  if (concluded) {
    parts_.logger.info("gates", "the checks are done",
                       {{"approval", approval.key.path()}, {"state", text_or(concluded->status, "state")}});
    return {};
  }
  if (outcome.copy) CICLO_CHECK(parts_.promotion.promoter.discard(*outcome.copy));
  return Failure(std::move(concluded).error());
}

Result<void> GateController::lapse(const Resource& approval) {
  const auto set = [](Resource& now) {
    const auto next = after(approval_state_named(text_or(now.status, "state")), ApprovalAct::lapse);
    if (!next) return false;  // decided meanwhile
    now.status["state"] = name_of(*next);
    return true;
  };
  CICLO_CHECK(parts_.promotion.service.change_status(approval.key, set,
                                                     {.event = "expired", .event_data = Json::object(), .links = {}}));
  return {};
}

Result<void> GateController::discard_copy(const Resource& approval) {
  const Json& copy = member(approval.status, "copy");
  if (!copy.is_object()) return {};
  registry::CopiedModel copied;
  copied.blob_key = text_or(copy, "key");
  CICLO_CHECK(parts_.promotion.promoter.discard(copied));
  const auto set = [](Resource& now) { return now.status.erase("copy") > 0; };
  CICLO_CHECK(parts_.promotion.service.change_status(approval.key, set, {}));
  return {};
}

}  // namespace ciclo::outer_loop
