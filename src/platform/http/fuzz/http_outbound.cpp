// Rules and addresses of outbound requests: no input crashes, an address that is understood is written as it was meant,
// and what a policy lets through is public or within a rule.
#include <cstdlib>

#include "platform/http/outbound.hpp"

using ciclo::http::IpAddress;
using ciclo::http::OutboundPolicy;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text(data, data + size);
  const std::size_t divide = text.find('\n');
  const std::string host = text.substr(0, divide);
  const auto address = IpAddress::parse(host);
  if (address && IpAddress::parse(address->text())->bytes != address->bytes) std::abort();
  const auto policy = OutboundPolicy::parse({divide == std::string::npos ? "" : text.substr(divide + 1)});
  if (!policy && policy.error().code != ciclo::ErrorCode::invalid) std::abort();
  if (!address) return 0;
  const bool is_public = ciclo::http::why_not_public(*address).empty();
  if (OutboundPolicy().judge({.host = host, .address = *address, .port = 80}).has_value() != is_public) std::abort();
  if (policy && is_public && !policy->judge({.host = host, .address = *address, .port = 80})) std::abort();
  return 0;
}
