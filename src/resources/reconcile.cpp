#include "resources/reconcile.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace ciclo::resources {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

constexpr milliseconds first_pause{100};
constexpr milliseconds longest_pause{30'000};
// How often the log is read when no wake-up came: another server over the same database may have written to it.
constexpr milliseconds poll_interval{2'000};
constexpr std::size_t events_per_read = 200;

}  // namespace

std::vector<ResourceKey> Controller::wakes(const events::Event& event) const {
  ResourceKey key = parse_subject(event.workspace, event.subject);
  if (key.kind != kind()) return {};
  return {std::move(key)};
}

Result<std::vector<ResourceKey>> Controller::initial(ResourceService& service) const {
  const auto& parts = service.parts();
  return parts.database.read([&](sql::Session& session) -> Result<std::vector<ResourceKey>> {
    CICLO_TRY(const auto rows,
              session.query("SELECT workspace, parent, name, version FROM resources WHERE kind = ? AND archived = 0 "
                            "ORDER BY sequence",
                            {kind()}));
    std::vector<ResourceKey> keys;
    for (const auto& row : rows)
      keys.push_back({.workspace = row.text(0),
                      .kind = kind(),
                      .parent = row.text(1),
                      .name = row.text(2),
                      .version = row.text(3)});
    return keys;
  });
}

class ReconcileLoop::Impl {
 public:
  Impl(ResourceService& service, events::EventLog& events, log::Logger& logger, int threads)
      : service_(service), events_(events), logger_(logger), thread_count_(threads) {}

  ~Impl() { stop(); }

  void add(Controller& controller) { controllers_.push_back(&controller); }

  Result<void> start() {
    // Events from here on are read by the dispatcher; what was before is covered by looking at everything once.
    CICLO_TRY(cursor_, events_.last_sequence());
    subscription_ = events_.subscribe([this] { signal_events(); });
    for (Controller* controller : controllers_) {
      CICLO_TRY(const auto keys, controller->initial(service_));
      for (const ResourceKey& key : keys) wake(key);
    }
    for (int i = 0; i < thread_count_; ++i) threads_.emplace_back([this] { work(); });
    dispatcher_ = std::thread([this] { dispatch(); });
    return {};
  }

  void stop() {
    subscription_.reset();
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    work_ready_.notify_all();
    events_ready_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    if (dispatcher_.joinable()) dispatcher_.join();
  }

  void wake_at(const ResourceKey& key, SteadyTime when) {
    {
      const std::lock_guard lock(mutex_);
      Item& item = items_[key];
      if (item.due && *item.due <= when) return;
      if (item.due) queue_.erase({*item.due, key});
      item.due = when;
      if (!item.running) queue_.insert({when, key});
    }
    work_ready_.notify_one();
  }
  void wake(const ResourceKey& key) { wake_at(key, std::chrono::steady_clock::now()); }

 private:
  struct Item {
    std::optional<SteadyTime> due;  // when it is to be looked at; none: not at all
    bool running = false;
    milliseconds pause = first_pause;
  };

  Controller* controller_of(const std::string& kind) const {
    const auto found =
        std::ranges::find_if(controllers_, [&](const Controller* controller) { return controller->kind() == kind; });
    return found == controllers_.end() ? nullptr : *found;
  }

  void signal_events() {
    {
      const std::lock_guard lock(mutex_);
      events_pending_ = true;
    }
    events_ready_.notify_one();
  }

  void dispatch() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      events_ready_.wait_for(lock, poll_interval, [this] { return stopping_ || events_pending_; });
      if (stopping_) return;
      events_pending_ = false;
      lock.unlock();
      read_events();
      lock.lock();
    }
  }

  void read_events() {
    while (true) {
      const auto batch = events_.read_after(cursor_, events_per_read);
      if (!batch) {
        logger_.error("reconcile", "the event log cannot be read; trying again", {{"error", batch.error().text()}});
        return;
      }
      for (const events::Event& event : *batch) {
        for (const Controller* controller : controllers_)
          for (const ResourceKey& key : controller->wakes(event)) wake(key);
        cursor_ = event.sequence;
      }
      if (batch->size() < events_per_read) return;
    }
  }

  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      if (stopping_) return;
      const auto now = std::chrono::steady_clock::now();
      if (queue_.empty()) {
        work_ready_.wait(lock);
      } else if (const SteadyTime due = queue_.begin()->first; due > now) {
        work_ready_.wait_until(lock, due);
      } else {
        const ResourceKey key = queue_.begin()->second;
        queue_.erase(queue_.begin());
        Item& item = items_[key];
        item.due.reset();
        item.running = true;
        lock.unlock();
        const auto next = call(key);
        lock.lock();
        finish(key, next);
      }
    }
  }

  // When to look again; nothing when not at all; an Error for "with a growing pause".
  Result<std::optional<milliseconds>> call(const ResourceKey& key) {
    Controller* controller = controller_of(key.kind);
    if (controller == nullptr) return std::optional<milliseconds>();
    auto next = controller->reconcile(key);
    if (!next)
      logger_.error("reconcile", "a step failed; it will be tried again",
                    {{"resource", key.path()}, {"error", next.error().text()}});
    return next;
  }

  void finish(const ResourceKey& key, const Result<std::optional<milliseconds>>& next) {
    const auto now = std::chrono::steady_clock::now();
    Item& item = items_[key];
    item.running = false;
    std::optional<SteadyTime> when;
    if (!next) {
      when = now + item.pause;
      item.pause = std::min(item.pause * 2, longest_pause);
    } else {
      item.pause = first_pause;
      if (*next) when = now + **next;
    }
    // A wake-up during the call asked for another look.
    if (item.due && (!when || *item.due < *when)) when = item.due;
    if (!when) {
      items_.erase(key);
      return;
    }
    item.due = when;
    queue_.insert({*when, key});
    work_ready_.notify_one();
  }

  ResourceService& service_;
  events::EventLog& events_;
  log::Logger& logger_;
  const int thread_count_;
  std::vector<Controller*> controllers_;
  std::int64_t cursor_ = 0;  // of the dispatcher alone, once started
  events::EventLog::Subscription subscription_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable work_ready_;
  std::condition_variable events_ready_;
  std::map<ResourceKey, Item> items_;
  std::set<std::pair<SteadyTime, ResourceKey>> queue_;
  bool events_pending_ = false;
  bool stopping_ = false;

  std::vector<std::thread> threads_;
  std::thread dispatcher_;
};

ReconcileLoop::ReconcileLoop(ResourceService& service, events::EventLog& events, log::Logger& logger, int threads)
    : impl_(std::make_unique<Impl>(service, events, logger, threads)) {}
ReconcileLoop::~ReconcileLoop() = default;
void ReconcileLoop::add(Controller& controller) {
  impl_->add(controller);
}
Result<void> ReconcileLoop::start() {
  return impl_->start();
}
void ReconcileLoop::stop() {
  impl_->stop();
}
void ReconcileLoop::wake(const ResourceKey& key) {
  impl_->wake(key);
}
void ReconcileLoop::wake_after(const ResourceKey& key, std::chrono::milliseconds delay) {
  impl_->wake_at(key, std::chrono::steady_clock::now() + delay);
}

}  // namespace ciclo::resources
