#include "outer_loop/gates/promote.hpp"

#include <fmt/format.h>

#include "outer_loop/gates/kinds.hpp"
#include "outer_loop/gates/state.hpp"

namespace ciclo::outer_loop {
namespace {

using resources::Caller;
using resources::Resource;
using resources::ResourceKey;

ApprovalState state_of(const Resource& approval) {
  return approval_state_named(text_or(approval.status, "state"));
}

std::string reference_to(const ResourceKey& model) {
  return fmt::format("azureml://registries/{}/models/{}/versions/{}", model.workspace, model.name, model.version);
}

// The bytes that were brought here when the checks passed.
Result<registry::CopiedModel> copied_model(sql::Session& session, const PromotionParts& parts,
                                           const Resource& approval) {
  const ResourceKey subject = subject_of(approval);
  registry::CopiedModel copied;
  CICLO_TRY(copied.source, parts.locator.locate_in(session, subject.workspace, reference_to(subject)));
  const Json& copy = member(approval.status, "copy");
  copied.to_workspace = approval.key.workspace;
  copied.path = text_or(copy, "path");
  copied.blob_key = text_or(copy, "key");
  if (copied.path.empty()) return fail(ErrorCode::conflict, "the model's bytes are not here any more");
  return copied;
}

Result<void> announce_promotion(sql::Session& session, const PromotionParts& parts, const Resource& approval,
                                const Resource& promoted) {
  events::Event event;
  event.type = "ciclo.model.promoted";
  event.workspace = promoted.key.workspace;
  event.source = "/workspaces/" + event.workspace;
  event.subject = promoted.key.subject();
  event.actor = promoted.created_by;
  event.data = {{"kind", "model"},
                {"name", promoted.key.name},
                {"version", promoted.key.version},
                {"promoted_from", subject_of(approval).path()},
                {"approval", approval.key.name},
                {"labels", Json::array({champion_label})},
                {"tags", promoted.tags}};
  CICLO_CHECK(parts.service.parts().events.append(session, std::move(event)));
  return {};
}

// The version that the approval's model becomes here.
Result<Resource> promote(sql::Session& session, const PromotionParts& parts, const Resource& approval,
                         const Caller& caller) {
  CICLO_TRY(const auto copied, copied_model(session, parts, approval));
  registry::PromotionRequest request;
  request.labels = {std::string(champion_label)};
  request.links.push_back({.from = approval.key.path(), .to = {}, .relation = "approved_by"});
  CICLO_TRY(const Resource promoted, parts.promoter.promote_in(session, caller, copied, request));
  CICLO_CHECK(announce_promotion(session, parts, approval, promoted));
  return promoted;
}

struct Decision {
  ApprovalState state;
  std::string by;
  std::string comment;
};

Result<Resource> decide(sql::Session& session, const PromotionParts& parts, const Resource& approval,
                        const Decision& decision) {
  Json status = approval.status;
  status["state"] = name_of(decision.state);
  status["decided_by"] = decision.by;
  status["decided_at"] = format_rfc3339(parts.service.parts().clock.now());
  if (!decision.comment.empty()) status["comment"] = decision.comment;
  if (decision.state == ApprovalState::approved) {
    const Caller caller{.principal = decision.by, .only_workspace = {}, .token_id = {}, .request_id = {}};
    CICLO_TRY(const Resource promoted, promote(session, parts, approval, caller));
    status["promoted"] = fmt::format("azureml:{}:{}", promoted.key.name, promoted.key.version);
    status.erase("copy");  // it belongs to the version now
  }
  const auto set = [&](Resource& now) {
    now.status = status;
    return true;
  };
  return parts.service.change_status_in(
      session, approval.key, set,
      {.event = std::string(name_of(decision.state)), .event_data = {{"decided_by", decision.by}}, .links = {}});
}

std::vector<std::string> approved_by(const Resource& approval) {
  std::vector<std::string> names;
  for (const Json& vote : member(approval.status, "approvals")) names.push_back(text_or(vote, "by"));
  return names;
}

// One of several approvals: noted, and the state stays.
Result<Resource> note_approval(sql::Session& session, const PromotionParts& parts, const Resource& approval,
                               const Json& approvals) {
  const auto set = [&](Resource& now) {
    now.status["approvals"] = approvals;
    return true;
  };
  return parts.service.change_status_in(session, approval.key, set,
                                        {.event = "noted", .event_data = Json::object(), .links = {}});
}

}  // namespace

Result<Resource> conclude_checks_in(sql::Session& session, const PromotionParts& parts, const ResourceKey& key,
                                    const GateOutcome& outcome) {
  CICLO_TRY(Resource approval, parts.service.parts().store.get(session, key));
  const bool has_passed = passes(outcome.checks) && outcome.copy.has_value();
  CICLO_TRY(const ApprovalState state,
            after(state_of(approval), has_passed ? ApprovalAct::pass_checks : ApprovalAct::fail_checks));
  const auto set = [&](Resource& now) {
    now.status["state"] = name_of(state);
    now.status["checks"] = Json::array();
    for (const CheckResult& check : outcome.checks) now.status["checks"].push_back(to_json(check));
    if (has_passed) now.status["copy"] = {{"path", outcome.copy->path}, {"key", outcome.copy->blob_key}};
    return true;
  };
  CICLO_TRY(approval,
            parts.service.change_status_in(
                session, key, set, {.event = std::string(name_of(state)), .event_data = Json::object(), .links = {}}));
  if (!has_passed || approvers_required(approval) > 0) return approval;
  return decide(session, parts, approval, {ApprovalState::approved, Caller::system().principal, ""});
}

Result<Resource> vote_in(sql::Session& session, const PromotionParts& parts, const Vote& vote) {
  const auto& service = parts.service.parts();
  CICLO_TRY(const auto allowed,
            resources::require(service.access, vote.caller, "automation/write", vote.approval.workspace));
  CICLO_TRY(Resource approval, service.store.get(session, vote.approval));
  CICLO_TRY(const ApprovalState state,
            after(state_of(approval), vote.approves ? ApprovalAct::approve : ApprovalAct::reject));
  CICLO_CHECK(may_decide({.principal = vote.caller.principal,
                          .requested_by = text_or(approval.status, "requested_by"),
                          .model_created_by = text_or(approval.status, "model_created_by"),
                          .approved_by = approved_by(approval)}));
  const auto expires = parse_rfc3339(text_or(approval.status, "expires_at"));
  if (expires && service.clock.now() >= *expires)
    return fail(ErrorCode::conflict, "the approval's time is over", {}, "ask for a new one");
  CICLO_CHECK(service.audit.record(session, {.caller = vote.caller,
                                             .action = "automation/write",
                                             .operation = vote.approves ? "approve" : "reject",
                                             .workspace = vote.approval.workspace,
                                             .target = vote.approval.path(),
                                             .decision = allowed}));
  const Decision decision{state, vote.caller.principal, vote.comment};
  if (!vote.approves) return decide(session, parts, approval, decision);
  approval.status["approvals"].push_back(
      {{"by", vote.caller.principal}, {"at", format_rfc3339(service.clock.now())}, {"comment", vote.comment}});
  if (std::cmp_less(approval.status["approvals"].size(), approvers_required(approval)))
    return note_approval(session, parts, approval, approval.status["approvals"]);
  return decide(session, parts, approval, decision);
}

}  // namespace ciclo::outer_loop
