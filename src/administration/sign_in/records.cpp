#include "administration/sign_in/records.hpp"

namespace ciclo::administration {
namespace {

constexpr const char* own_action = "sign-in";
constexpr const char* administrators_action = "organisation/manage";

events::Event event_of(const resources::AuditEntry& entry, std::string_view type) {
  return {.type = std::string(type),
          .source = "/",
          .subject = entry.target,
          .actor = entry.caller.principal,
          .time = {},
          .data = entry.detail};
}

}  // namespace

Result<void> record_sign_in(sql::Session& session, resources::ResourceService& service, const SignInRecord& record) {
  const bool succeeded = record.refusal.empty();
  const resources::AuditEntry entry{
      .caller = {.principal = record.principal, .only_workspace = {}, .token_id = {}, .request_id = record.request_id},
      .action = own_action,
      .operation = "sign in",
      .workspace = {},
      .target = record.principal.empty() ? "/users" : "/users/" + record.principal,
      .decision = {succeeded, succeeded ? record.how : record.refusal},
      .detail = {{"address", record.address}, {"user_exists", !record.principal.empty()}}};
  return service.record_in(session, entry,
                           event_of(entry, succeeded ? "ciclo.sign-in.succeeded" : "ciclo.sign-in.failed"));
}

Result<void> record_change(sql::Session& session, resources::ResourceService& service, const SignInChange& change,
                           std::string_view event_type) {
  const bool is_own = change.caller.principal == change.user;
  const resources::AuditEntry entry{.caller = change.caller,
                                    .action = is_own ? own_action : administrators_action,
                                    .operation = change.operation,
                                    .workspace = {},
                                    .target = "/users/" + change.user,
                                    .decision = {!event_type.empty(), event_type.empty() ? "proof not right"
                                                                      : is_own           ? "own"
                                                                                         : "administrator"}};
  if (event_type.empty()) return service.parts().audit.record(session, entry);
  return service.record_in(session, entry, event_of(entry, event_type));
}

}  // namespace ciclo::administration
