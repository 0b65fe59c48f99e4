// Events, statuses, names and addresses of webhooks from anywhere, and the address of a data set in lineage.
#include "outer_loop/webhooks/types.hpp"
#include "registry/run_origin.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::ignore = ciclo::outer_loop::check_webhook_name(text);
  std::ignore = ciclo::outer_loop::check_webhook_url(text);
  if (ciclo::registry::plain_address(text).size() > 800) __builtin_trap();
  if (const auto value = ciclo::parse_json(text)) {
    std::ignore = ciclo::outer_loop::parse_webhook_event(*value);
    std::ignore = ciclo::outer_loop::parse_webhook_status(*value);
  }
  return 0;
}
