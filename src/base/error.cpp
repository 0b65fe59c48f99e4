#include "base/error.hpp"

namespace ciclo {

std::string_view name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid: return "invalid";
    case ErrorCode::unauthenticated: return "unauthenticated";
    case ErrorCode::denied: return "denied";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::already_exists: return "already_exists";
    case ErrorCode::conflict: return "conflict";
    case ErrorCode::too_large: return "too_large";
    case ErrorCode::quota: return "quota";
    case ErrorCode::unsupported: return "unsupported";
    case ErrorCode::timeout: return "timeout";
    case ErrorCode::unavailable: return "unavailable";
    case ErrorCode::internal: return "internal";
  }
  return "internal";
}

Error& Error::add_context(std::string_view doing) {
  message.insert(0, ": ");
  message.insert(0, doing);
  return *this;
}

std::string Error::text() const {
  std::string out;
  if (!target.empty()) out.append(target).append(": ");
  out.append(message);
  if (!hint.empty()) out.append(" (").append(hint).append(")");
  for (const Error& detail : details) out.append("\n  ").append(detail.text());
  return out;
}

Failure fail(ErrorCode code, std::string message, std::string target, std::string hint) {
  return Failure(Error{code, std::move(message), std::move(target), std::move(hint), {}});
}

}  // namespace ciclo
