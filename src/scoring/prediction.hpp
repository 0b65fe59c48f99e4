// Internal to this folder: what surrounds one prediction on any protocol: choice of the deployment, a place in it,
// time limit, counters, collection and shadow.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "platform/http/message.hpp"
#include "scoring/handlers.hpp"

namespace ciclo::scoring {

class Prediction {
 public:
  using SteadyClock = std::chrono::steady_clock;

  Prediction(HandlerParts& parts, const http::Request& request);

  // By header, session or weight. Until it succeeds nothing is counted.
  Result<void> choose();
  // Picks this one: for protocols that name the model in the path.
  void use(Deployment& deployment);
  Result<Admission::Permit> enter();

  Deployment& deployment() const { return *deployment_; }
  const EndpointSnapshot& snapshot() const { return *snapshot_; }
  SteadyClock::time_point deadline() const { return deadline_; }
  bool keep_exchange() const { return collects_inputs_ || collects_outputs_; }

  // Hands the exchange to the collector.
  void collect(std::unique_ptr<Exchange> exchange);
  // Sends a copy of a /score body to the mirror, when this request is one of those.
  void mirror(const std::string& body);
  // Counts, and adds the headers that every answer has.
  void finish(http::Response& response) const;
  // Counts a failure of the model itself.
  void note_failure(const Error& error) const;
  // The answer to a request that failed, finished.
  http::Response failure(const Error& error) const;

 private:
  HandlerParts& parts_;
  const http::Request& request_;
  std::shared_ptr<const EndpointSnapshot> snapshot_;
  SteadyClock::time_point start_ = SteadyClock::now();
  SteadyClock::time_point deadline_ = SteadyClock::time_point::max();
  Deployment* deployment_ = nullptr;
  std::uint64_t draw_ = 0;
  bool named_ = false;
  bool collects_inputs_ = false;
  bool collects_outputs_ = false;
  std::string correlation_id_;
};

// The statuses of Azure ML's endpoints: 408 for a model that is late, 424 for one that failed, 429 for too many.
int score_status_of(const Error& error);

}  // namespace ciclo::scoring
