// Runs command jobs: at most so many at once as the machine has room for, and as a compute allows; the oldest first.
//
// Thread safety: safe from any thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "inner_loop/jobs/parts.hpp"
#include "inner_loop/jobs/step_run.hpp"

namespace ciclo::inner_loop {

struct StepTurn {
  resources::ResourceKey key;
  std::int64_t sequence = 0;   // order of creation: who came first runs first
  std::string compute;         // "<workspace>/<compute>"
  int compute_limit = 0;       // 0: none of its own
  bool is_taken_over = false;  // it runs already: no place is waited for
};

class JobExecutor {
 public:
  // `unfinished` is called, from any thread, for a job that could not be brought to its end because its state could not
  // be written; it is to be submitted again later. All must outlive the executor.
  JobExecutor(const JobParts& parts, const JobSettings& settings,
              std::function<void(const resources::ResourceKey&)> unfinished);
  ~JobExecutor();  // stops
  JobExecutor(const JobExecutor&) = delete;
  JobExecutor& operator=(const JobExecutor&) = delete;

  // Runs the job when there is room. Submitting one that waits or runs changes nothing.
  void submit(const StepTurn& turn);
  bool follows(const resources::ResourceKey& key);
  // Ends the job's process if it runs here; false when it does not.
  bool cancel(const resources::ResourceKey& key);
  // Returns when no job is followed here any more; their processes run on.
  void stop();

 private:
  struct Active {
    std::unique_ptr<StepRun> run;
    std::string compute;
    bool is_taken_over = false;
  };

  void start_next_locked();
  void start_locked(const StepTurn& turn);
  void work(const resources::ResourceKey& key, StepRun& run);
  int running_locked(const std::string* compute) const;

  const JobParts& parts_;
  const JobSettings& settings_;
  const int slots_;
  const std::function<void(const resources::ResourceKey&)> unfinished_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::map<std::int64_t, StepTurn> waiting_;
  std::map<resources::ResourceKey, Active> active_;
  bool stopping_ = false;
};

}  // namespace ciclo::inner_loop
