// Tells webhooks what happens: reads the event log from where it was left, writes down what is to be told to whom in
// one transaction with the new place in the log, and sends it.
//
// At least once: what was written down is sent until the receiver answers 2xx, up to ten attempts with growing pauses,
// each with the same delivery id and body; a kill at any moment loses nothing. Every webhook has a worker of its own
// while it has something due (at most 32 at a time), so a slow receiver holds up no other. What is over is kept for a
// week.
//
// What was to be told to a webhook that has been disabled meanwhile is skipped.
//
// Thread safety: safe from any thread. read_log() and deliver() may be called by tests that never start().
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "outer_loop/webhooks/service.hpp"
#include "platform/log/log.hpp"

namespace ciclo::outer_loop {

class WebhookDispatcher {
 public:
  struct Parts {
    resources::ResourceService& resources;
    const administration::Sealer& sealer;
    http::Client& client;
    log::Logger& logger;
  };
  explicit WebhookDispatcher(Parts parts) : parts_(parts) {}
  ~WebhookDispatcher();  // stops
  WebhookDispatcher(const WebhookDispatcher&) = delete;
  WebhookDispatcher& operator=(const WebhookDispatcher&) = delete;

  void start();
  // Returns when nothing is being sent any more.
  void stop();

  // Reads what is new in the event log and writes down what it means.
  Result<void> read_log();
  // Sends what is due to one webhook, until nothing is.
  Result<void> deliver(std::int64_t webhook_number);

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  Result<void> note(const std::vector<events::Event>& events);
  // The webhooks that listen in a workspace, and which models are prompts: looked up once for a batch of events.
  struct Listeners;
  Result<void> note_event(sql::Session& session, Listeners& listeners, const events::Event& event, bool& wrote);
  Result<bool> is_prompt(sql::Session& session, const events::Event& event) const;
  Result<void> send(const Webhook& webhook, WebhookDelivery delivery, const std::string& sealed_secret);
  // Starts workers; when to look again.
  Result<SteadyTime> start_workers();
  void run(const std::stop_token& stop);
  void work(std::int64_t webhook_number);
  void join_finished();
  void wake();

  Parts parts_;
  WebhookStore store_;
  std::optional<std::int64_t> stored_cursor_;
  std::int64_t cursor_ = 0;
  bool knows_cursor_ = false;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool is_woken_ = true;
  std::map<std::int64_t, std::jthread> workers_;  // by webhook
  std::set<std::int64_t> finished_;
  bool stopping_ = false;
  events::EventLog::Subscription subscription_;
  std::jthread reader_;
};

}  // namespace ciclo::outer_loop
