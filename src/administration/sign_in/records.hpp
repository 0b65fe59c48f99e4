// What signing in leaves in the audit log and the event log: who, from where, how, whether; never what was typed.
//
// Thread safety: safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include "resources/service.hpp"

namespace ciclo::administration {

struct SignInRecord {
  std::string principal;  // empty: nobody has the name that was typed
  std::string how;
  std::string address;
  std::string request_id;
  std::string refusal;  // why not; empty: it succeeded
};
Result<void> record_sign_in(sql::Session& session, resources::ResourceService& service, const SignInRecord& record);

struct SignInChange {
  const resources::Caller& caller;
  const std::string& user;  // whose
  std::string operation;    // "change password"
};
// An empty `event_type`: it was refused; an audit row alone.
Result<void> record_change(sql::Session& session, resources::ResourceService& service, const SignInChange& change,
                           std::string_view event_type);

}  // namespace ciclo::administration
