// The reconcile loop: wakes controllers until what is matches what is wanted.
//
// A controller looks at one resource as it is now, takes the next step towards its spec, and says when to look again.
// It holds no state that matters: after a restart every live resource of its kind is looked at once.
//
// Thread safety: safe from any thread. One key is in at most one controller call at a time; a wake-up during that call
// leads to one more call after it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "platform/events/event_log.hpp"
#include "platform/log/log.hpp"
#include "resources/resource.hpp"
#include "resources/service.hpp"

namespace ciclo::resources {

class Controller {
 public:
  virtual ~Controller() = default;
  // The kind whose resources it brings about.
  virtual std::string kind() const = 0;
  // Takes the next step. The answer is when to be called again if nothing happens before; nothing: not at all. An Error
  // is logged and the call repeated with growing pauses (100 ms … 30 s). The resource may be gone: then answer nothing.
  virtual Result<std::optional<std::chrono::milliseconds>> reconcile(const ResourceKey& key) = 0;
  // Which of its resources an event concerns. Default: the event's subject, when it is of this kind.
  virtual std::vector<ResourceKey> wakes(const events::Event& event) const;
  // At start: which resources to look at. Default: all of the kind, in all workspaces, that are not archived.
  virtual Result<std::vector<ResourceKey>> initial(ResourceService& service) const;
};

class ReconcileLoop {
 public:
  ReconcileLoop(ResourceService& service, events::EventLog& events, log::Logger& logger, int threads);
  ~ReconcileLoop();                  // stops
  void add(Controller& controller);  // before start(); must outlive the loop
  Result<void> start();
  // Returns when no controller call runs any more.
  void stop();
  // Looks at the resource soon; also from outside events (a process ended).
  void wake(const ResourceKey& key);
  void wake_after(const ResourceKey& key, std::chrono::milliseconds delay);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ciclo::resources
