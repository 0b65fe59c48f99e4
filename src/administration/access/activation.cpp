#include "administration/access/activation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/duration.hpp"
#include "base/ids.hpp"
#include "base/text.hpp"

namespace ciclo::administration {
namespace {

using resources::Caller;

constexpr std::size_t id_bytes = 6;
constexpr std::size_t shortest_reason = 5;
constexpr std::size_t longest_reason = 1000;
constexpr std::string_view event_prefix = "ciclo.access.";

Failure no_activation(const std::string& id) {
  return fail(ErrorCode::not_found, fmt::format("there is no activation '{}'", id.substr(0, 80)));
}

Result<void> check_credential(const Caller& caller) {
  if (caller.only_workspace.empty() && caller.only_actions.empty() && caller.on_behalf_of.empty()) return {};
  return fail(ErrorCode::denied, "a credential that is limited cannot activate a role", {},
              "sign in yourself: ciclo login");
}

Result<std::string> checked_reason(const std::string& text) {
  const std::string reason(trim(text));
  if (reason.size() >= shortest_reason && reason.size() <= longest_reason) return reason;
  return fail(
      ErrorCode::invalid, "say why the role is needed", "/reason",
      fmt::format("{} to {} characters, such as a ticket and what is to be done", shortest_reason, longest_reason));
}

Result<std::chrono::seconds> checked_duration(const ActivationRequest& request, const ActivationRules& rules) {
  const auto asked = request.duration.value_or(rules.longest);
  if (asked >= shortest_activation && asked <= rules.longest) return asked;
  return fail(ErrorCode::invalid, fmt::format("the role cannot be activated for {}", format_duration(asked)),
              "/duration",
              fmt::format("between {} and {}", format_duration(shortest_activation), format_duration(rules.longest)));
}

const Grant* find_eligible(const std::vector<Grant>& grants, const std::string& assignment_id, TimePoint now) {
  const auto found = std::ranges::find_if(grants, [&](const Grant& grant) {
    return grant.assignment->id == assignment_id && (!grant.ends_at || *grant.ends_at > now);
  });
  return found == grants.end() ? nullptr : &*found;
}

// The event's last word.
std::string_view what_happened(ActivationState state) {
  if (state == ActivationState::pending) return "requested";
  return state == ActivationState::active ? "activated" : name_of(state);
}

std::string sentence(const Activation& activation) {
  return fmt::format("{} of {}", activation.role, activation.scope.sentence());
}

}  // namespace

Result<Activation> Activations::prepare(const Caller& caller, const ActivationRequest& request,
                                        const Assignment& assignment) const {
  const TimePoint now = access_.clock().now();
  Activation activation{.id = random_hex(id_bytes),
                        .assignment_id = assignment.id,
                        .principal = caller.principal,
                        .role = assignment.role,
                        .scope = assignment.scope,
                        .reason = {},
                        .requested_at = now};
  CICLO_TRY(activation.reason, checked_reason(request.reason));
  CICLO_TRY(activation.duration, checked_duration(request, assignment.rules));
  if (assignment.rules.needs_approval) return activation;
  activation.state = ActivationState::active;
  activation.starts_at = now;
  activation.ends_at = now + activation.duration;
  return activation;
}

Result<void> Activations::start(sql::Session& session, const Caller& caller, const Activation& activation,
                                const std::string& approver) {
  CICLO_TRY(const auto open, access_.store().list_open_activations(session));
  for (const Activation& other : open) {
    const bool is_over = other.ends_at && *other.ends_at <= activation.requested_at;
    if (other.assignment_id != activation.assignment_id || other.principal != caller.principal || is_over) continue;
    return fail(ErrorCode::conflict,
                fmt::format("{} is {} already", sentence(other),
                            other.state == ActivationState::active ? "active" : "asked for"),
                {}, fmt::format("end it first: ciclo access end --id {}", other.id));
  }
  CICLO_CHECK(access_.store().put_activation(session, activation));
  CICLO_CHECK(record(session, caller, activation));
  if (activation.state == ActivationState::pending) CICLO_CHECK(notify(session, activation, approver));
  access_.reload_after_commit(session);
  return {};
}

Result<std::vector<Activation>> Activations::activate(const Caller& caller, const ActivationRequest& request) {
  CICLO_CHECK(check_credential(caller));
  CICLO_TRY(const auto snapshot, access_.snapshot());
  const auto grants = snapshot->eligible_of(caller.principal);
  return service_.parts().database.write([&](sql::Session& session) -> Result<std::vector<Activation>> {
    std::vector<Activation> made;
    for (const std::string& id : request.assignment_ids) {
      const Grant* grant = find_eligible(grants, id, access_.clock().now());
      if (grant == nullptr)
        return fail(ErrorCode::not_found, fmt::format("there is no role '{}' that you may activate", id.substr(0, 80)),
                    fmt::format("/assignment_ids/{}", made.size()), "see which there are: ciclo access eligible");
      CICLO_TRY(Activation activation, prepare(caller, request, *grant->assignment));
      CICLO_CHECK(start(session, caller, activation, grant->assignment->rules.approver));
      made.push_back(std::move(activation));
    }
    return made;
  });
}

Result<void> Activations::require_approver(const Caller& caller, const Activation& activation) const {
  CICLO_CHECK(check_credential(caller));
  if (caller.principal == activation.principal)
    return fail(ErrorCode::denied, "nobody approves what they asked for themselves", {}, "let another person decide");
  CICLO_TRY(const auto snapshot, access_.snapshot());
  const auto& assignments = snapshot->facts().assignments;
  const auto found = std::ranges::find(assignments, activation.assignment_id, &Assignment::id);
  if (found == assignments.end())
    return fail(ErrorCode::conflict, fmt::format("'{}' is not eligible any more", activation.principal));
  const std::string& approver = found->rules.approver;
  if (approver.empty()) {
    CICLO_CHECK(access_.require_may_give(caller, activation.scope, activation.role));
    return {};
  }
  if (caller.principal == approver || snapshot->is_in(caller.principal, approver, activation.scope.workspace))
    return {};
  return fail(ErrorCode::denied, fmt::format("'{}' approves this, and you are not in it", approver));
}

Result<Activation> Activations::change(const Caller& caller, const std::string& id,
                                       const std::function<Result<void>(Activation&)>& apply) {
  return service_.parts().database.write([&](sql::Session& session) -> Result<Activation> {
    CICLO_TRY(auto activation, access_.store().find_activation(session, id));
    if (!activation) return no_activation(id);
    CICLO_CHECK(apply(*activation));
    CICLO_CHECK(access_.store().put_activation(session, *activation));
    CICLO_CHECK(record(session, caller, *activation));
    access_.reload_after_commit(session);
    return *activation;
  });
}

Result<Activation> Activations::approve(const Caller& caller, const std::string& id, const std::string& comment) {
  return change(caller, id, [&](Activation& activation) -> Result<void> {
    CICLO_CHECK(require_approver(caller, activation));
    const TimePoint now = access_.clock().now();
    if (activation.state != ActivationState::pending || activation.requested_at + longest_pending <= now)
      return fail(ErrorCode::conflict,
                  fmt::format("it is not waiting for a decision: it is {}", name_of(activation.state)));
    CICLO_TRY(const auto snapshot, access_.snapshot());
    const auto grants = snapshot->eligible_of(activation.principal);
    if (find_eligible(grants, activation.assignment_id, now) == nullptr)
      return fail(ErrorCode::conflict, fmt::format("'{}' is not eligible any more", activation.principal));
    activation.state = ActivationState::active;
    activation.starts_at = now;
    activation.ends_at = now + activation.duration;
    activation.decided_by = caller.principal;
    activation.comment = comment.substr(0, longest_reason);
    return {};
  });
}

Result<Activation> Activations::reject(const Caller& caller, const std::string& id, const std::string& comment) {
  return change(caller, id, [&](Activation& activation) -> Result<void> {
    CICLO_CHECK(require_approver(caller, activation));
    if (activation.state != ActivationState::pending)
      return fail(ErrorCode::conflict,
                  fmt::format("it is not waiting for a decision: it is {}", name_of(activation.state)));
    activation.state = ActivationState::rejected;
    activation.decided_by = caller.principal;
    activation.comment = comment.substr(0, longest_reason);
    return {};
  });
}

Result<Activation> Activations::end(const Caller& caller, const std::string& id, const std::string& comment) {
  return change(caller, id, [&](Activation& activation) -> Result<void> {
    if (caller.principal != activation.principal || !check_credential(caller)) {
      if (auto may = access_.require_may_give(caller, activation.scope, activation.role); !may) {
        // Whoever has nothing to do with it does not learn that it exists.
        return may.error().code == ErrorCode::not_found ? Result<void>(no_activation(id))
                                                        : Failure(std::move(may).error());
      }
    }
    const bool is_pending = activation.state == ActivationState::pending;
    if (!is_pending && activation.state != ActivationState::active)
      return fail(ErrorCode::conflict, fmt::format("it is {} already", name_of(activation.state)));
    activation.state = is_pending ? ActivationState::cancelled : ActivationState::ended;
    activation.ends_at = access_.clock().now();
    activation.decided_by = caller.principal;
    activation.comment = comment.substr(0, longest_reason);
    return {};
  });
}

Result<std::vector<Activation>> Activations::list(const std::string& workspace) {
  return service_.parts().database.read(
      [&](sql::Session& session) { return access_.store().list_activations(session, workspace); });
}

Result<std::optional<std::chrono::milliseconds>> Activations::sweep() {
  const TimePoint now = access_.clock().now();
  std::optional<TimePoint> next;
  CICLO_CHECK(service_.parts().database.write([&](sql::Session& session) -> Result<void> {
    next.reset();
    CICLO_TRY(auto open, access_.store().list_open_activations(session));
    for (Activation& activation : open) {
      const TimePoint end = activation.ends_at.value_or(activation.requested_at + longest_pending);
      if (end > now) {
        next = next ? std::min(*next, end) : end;
        continue;
      }
      activation.state = ActivationState::expired;
      CICLO_CHECK(access_.store().put_activation(session, activation));
      CICLO_CHECK(record(session, Caller::system(), activation));
      access_.reload_after_commit(session);
    }
    return {};
  }));
  if (!next) return std::nullopt;
  return std::max(*next - now, Milliseconds(1));
}

Result<void> Activations::record(sql::Session& session, const Caller& caller, const Activation& activation) {
  const std::string_view what = what_happened(activation.state);
  const std::string& workspace = activation.scope.workspace;
  Json detail = {{"principal", activation.principal},
                 {"role", activation.role},
                 {"scope", activation.scope.text()},
                 {"reason", activation.reason},
                 {"state", name_of(activation.state)}};
  if (activation.ends_at) detail["ends_at"] = format_rfc3339(*activation.ends_at);
  if (!activation.comment.empty()) detail["comment"] = activation.comment;
  events::Event event{.type = fmt::format("{}{}", event_prefix, what),
                      .source = workspace.empty() ? "/" : "/workspaces/" + workspace,
                      .subject = "activation/" + activation.id,
                      .workspace = workspace,
                      .actor = caller.principal,
                      .data = detail};
  return service_.record_in(session,
                            {.caller = caller,
                             .action = "access/activate",
                             .operation = fmt::format("access {}", what),
                             .workspace = workspace,
                             .target = "/activations/" + activation.id,
                             .decision = {true, "eligible for " + sentence(activation)},
                             .detail = std::move(detail)},
                            std::move(event));
}

Result<void> Activations::notify(sql::Session& session, const Activation& activation, const std::string& approver) {
  const std::string& workspace = activation.scope.workspace;
  events::Event event{
      .type = "ciclo.notification.raised",
      .source = workspace.empty() ? "/" : "/workspaces/" + workspace,
      .subject = "activation/" + activation.id,
      .workspace = workspace,
      .actor = activation.principal,
      .data = {{"message", fmt::format("{} asks for {} for {}: {}", activation.principal, sentence(activation),
                                       format_duration(activation.duration), activation.reason)},
               {"to", approver.empty() ? "whoever may give the role" : approver},
               {"about", "activation/" + activation.id},
               {"next", fmt::format("ciclo access approve --id {}", activation.id)}}};
  CICLO_CHECK(service_.parts().events.append(session, std::move(event)));
  return {};
}

Result<std::optional<std::chrono::milliseconds>> ActivationController::reconcile(const resources::ResourceKey&) {
  return activations_.sweep();
}

std::vector<resources::ResourceKey> ActivationController::wakes(const events::Event& event) const {
  if (!event.type.starts_with(event_prefix)) return {};
  return {{.workspace = {}, .kind = kind(), .parent = {}, .name = "all", .version = {}}};
}

Result<std::vector<resources::ResourceKey>> ActivationController::initial(resources::ResourceService&) const {
  return std::vector<resources::ResourceKey>{
      {.workspace = {}, .kind = kind(), .parent = {}, .name = "all", .version = {}}};
}

}  // namespace ciclo::administration
