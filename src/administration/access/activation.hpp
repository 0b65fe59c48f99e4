// Just in time: somebody eligible for a role activates it, with a reason, for a limited time; where the assignment asks
// for it, another person approves first. It ends by itself, or earlier.
//
// Every step is an event (ciclo.access.requested, activated, rejected, cancelled, ended, expired), an audit row, and,
// when somebody has to decide, a notification. An activation is for the one who made it alone, also when a group is
// eligible.
//
// Thread safety: safe from any thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "administration/access/access.hpp"
#include "resources/reconcile.hpp"
#include "resources/service.hpp"

namespace ciclo::administration {

inline constexpr std::chrono::seconds shortest_activation{1};
// A request that nobody decided on ends after this.
inline constexpr std::chrono::hours longest_pending{24};

struct ActivationRequest {
  std::vector<std::string> assignment_ids;  // all of them, or none
  std::string reason;
  std::optional<std::chrono::seconds> duration;  // without it the longest allowed
};

class Activations {
 public:
  // Both must outlive this.
  Activations(AccessService& access, resources::ResourceService& service) : access_(access), service_(service) {}

  // Fails with not_found when the caller is not eligible, invalid without a reason or for a duration out of bounds,
  // conflict when it is active or asked for already, denied for a credential that is cut (a job's must not raise
  // itself).
  Result<std::vector<Activation>> activate(const resources::Caller& caller, const ActivationRequest& request);
  // Fails with denied for the one who asked, and for whoever is no approver; conflict when it is not pending.
  Result<Activation> approve(const resources::Caller& caller, const std::string& id, const std::string& comment);
  Result<Activation> reject(const resources::Caller& caller, const std::string& id, const std::string& comment);
  // By the one who activated it, or whoever may give the role. A pending one is cancelled.
  Result<Activation> end(const resources::Caller& caller, const std::string& id, const std::string& comment);

  Result<std::vector<Activation>> list(const std::string& workspace);
  // Marks what is over; decisions do not wait for this. How long until the next one is over.
  Result<std::optional<std::chrono::milliseconds>> sweep();

 private:
  Result<Activation> prepare(const resources::Caller& caller, const ActivationRequest& request,
                             const Assignment& assignment) const;
  Result<void> start(sql::Session& session, const resources::Caller& caller, const Activation& activation,
                     const std::string& approver);
  // Judges and changes one, in the transaction that stores it.
  Result<Activation> change(const resources::Caller& caller, const std::string& id,
                            const std::function<Result<void>(Activation&)>& apply);
  Result<void> record(sql::Session& session, const resources::Caller& caller, const Activation& activation);
  Result<void> notify(sql::Session& session, const Activation& activation, const std::string& approver);
  Result<void> require_approver(const resources::Caller& caller, const Activation& activation) const;

  AccessService& access_;
  resources::ResourceService& service_;
};

// Runs sweep() when something is over.
class ActivationController final : public resources::Controller {
 public:
  explicit ActivationController(Activations& activations) : activations_(activations) {}
  std::string kind() const override { return "access-activation"; }
  Result<std::optional<std::chrono::milliseconds>> reconcile(const resources::ResourceKey& key) override;
  std::vector<resources::ResourceKey> wakes(const events::Event& event) const override;
  Result<std::vector<resources::ResourceKey>> initial(resources::ResourceService& service) const override;

 private:
  Activations& activations_;
};

}  // namespace ciclo::administration
