#include "inner_loop/jobs/executor.hpp"

#include <algorithm>
#include <utility>

namespace ciclo::inner_loop {
namespace {

int slots_of(const JobSettings& settings) {
  if (settings.parallel_steps > 0) return settings.parallel_steps;
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

}  // namespace

JobExecutor::JobExecutor(const JobParts& parts, const JobSettings& settings,
                         std::function<void(const resources::ResourceKey&)> unfinished)
    : parts_(parts), settings_(settings), slots_(slots_of(settings)), unfinished_(std::move(unfinished)) {}

JobExecutor::~JobExecutor() {
  stop();
}

void JobExecutor::submit(const StepTurn& turn) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || active_.contains(turn.key)) return;
  if (turn.is_taken_over) {
    start_locked(turn);
    return;
  }
  waiting_.emplace(turn.sequence, turn);
  start_next_locked();
}

bool JobExecutor::follows(const resources::ResourceKey& key) {
  const std::lock_guard lock(mutex_);
  return active_.contains(key);
}

bool JobExecutor::cancel(const resources::ResourceKey& key) {
  const std::lock_guard lock(mutex_);
  const auto found = active_.find(key);
  if (found == active_.end()) return false;
  found->second.run->cancel();
  return true;
}

void JobExecutor::stop() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  waiting_.clear();
  for (auto& [key, active] : active_) active.run->give_up();
  changed_.wait(lock, [this] { return active_.empty(); });
}

// Jobs on one compute, or all; those taken over from another server do not count against what may be started here.
int JobExecutor::running_locked(const std::string* compute) const {
  return static_cast<int>(std::ranges::count_if(active_, [&](const auto& entry) {
    return !entry.second.is_taken_over && (compute == nullptr || entry.second.compute == *compute);
  }));
}

void JobExecutor::start_next_locked() {
  if (stopping_) return;
  for (auto turn = waiting_.begin(); turn != waiting_.end();) {
    if (running_locked(nullptr) >= slots_) return;
    const StepTurn& next = turn->second;
    const bool has_room = next.compute_limit <= 0 || running_locked(&next.compute) < next.compute_limit;
    if (!has_room) {
      ++turn;
      continue;
    }
    start_locked(next);
    turn = waiting_.erase(turn);
  }
}

void JobExecutor::start_locked(const StepTurn& turn) {
  auto run = std::make_unique<StepRun>(parts_, settings_, turn.key);
  StepRun& started = *run;
  active_[turn.key] = {std::move(run), turn.compute, turn.is_taken_over};
  // stop() waits until it has taken itself off the list; nothing of this object is used after that.
  std::thread([this, key = turn.key, &started] { work(key, started); }).detach();
}

void JobExecutor::work(const resources::ResourceKey& key, StepRun& run) {
  const auto result = run.run();
  if (!result)
    parts_.logger.error("jobs", "a job's state could not be brought forward; it will be tried again",
                        {{"job", key.path()}, {"error", result.error().text()}});
  if (!result) unfinished_(key);
  const std::lock_guard lock(mutex_);
  active_.erase(key);
  start_next_locked();
  // Under the lock: after it is released, the executor may be gone.
  changed_.notify_all();
}

}  // namespace ciclo::inner_loop
