#include "inner_loop/jobs/controller.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "inner_loop/jobs/graph.hpp"

namespace ciclo::inner_loop {
namespace {

constexpr std::chrono::milliseconds retry_pause{1'000};

int limit_of(const Json& compute) {
  const Json& given = member(compute, "max_instances");
  if (given.is_number_integer()) return static_cast<int>(std::min<std::int64_t>(given.get<std::int64_t>(), 10'000));
  if (given.is_string())
    return static_cast<int>(std::min<std::int64_t>(parse_int(given.get<std::string>()).value_or(0), 10'000));
  return 0;
}

}  // namespace

JobController::JobController(const JobParts& parts, JobSettings settings, resources::ReconcileLoop& loop)
    : parts_(parts),
      settings_(std::move(settings)),
      pipelines_(parts_.service),
      executor_(parts_, settings_, [&loop](const resources::ResourceKey& key) { loop.wake_after(key, retry_pause); }) {}

Result<std::optional<std::chrono::milliseconds>> JobController::reconcile(const resources::ResourceKey& key) {
  constexpr auto nothing = std::optional<std::chrono::milliseconds>();
  CICLO_TRY(const auto found,
            parts_.database().read([&](sql::Session& s) { return parts_.service.parts().store.find(s, key); }));
  if (!found) return nothing;
  const JobStatus status = status_of(found->status);
  if (has_ended(status)) return nothing;
  if (text_or(found->spec, "type") == "pipeline") {
    if (status == JobStatus::not_started && !found->owner.empty()) return nothing;  // its turn has not come
    CICLO_CHECK(pipelines_.advance(*found));
    return nothing;
  }
  if (status == JobStatus::not_started) return nothing;
  if (status == JobStatus::cancel_requested && executor_.cancel(key)) return nothing;
  if (executor_.follows(key)) return nothing;
  CICLO_TRY(const StepTurn turn, turn_of(*found));
  executor_.submit(turn);
  return nothing;
}

Result<StepTurn> JobController::turn_of(const resources::Resource& job) const {
  StepTurn turn;
  turn.key = job.key;
  turn.sequence = job.sequence;
  turn.is_taken_over = status_of(job.status) != JobStatus::queued;
  const std::string name = plain_compute(text_or(job.spec, "compute"));
  turn.compute = fmt::format("{}/{}", job.key.workspace, name);
  if (name.empty()) return turn;
  const resources::ResourceKey key{
      .workspace = job.key.workspace, .kind = "compute", .parent = {}, .name = name, .version = {}};
  CICLO_TRY(const auto compute,
            parts_.database().read([&](sql::Session& s) { return parts_.service.parts().store.find(s, key); }));
  if (compute) turn.compute_limit = limit_of(compute->spec);
  return turn;
}

std::vector<resources::ResourceKey> JobController::wakes(const events::Event& event) const {
  std::vector<resources::ResourceKey> keys = Controller::wakes(event);
  if (keys.empty()) return keys;
  if (const std::string owner = text_or(event.data, "owner"); !owner.empty()) {
    resources::ResourceKey above = keys[0];
    above.name = owner;
    keys.push_back(std::move(above));
  }
  return keys;
}

}  // namespace ciclo::inner_loop
