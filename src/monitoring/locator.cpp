#include "monitoring/locator.hpp"

#include <fmt/format.h>

namespace ciclo::monitoring {

Result<LocatedData> EstateLocator::locate(const resources::Caller& caller, const std::string& workspace,
                                          const std::string& reference) {
  CICLO_TRY(const auto location,
            locations_.resolve({.caller = caller, .workspace = workspace, .reference = reference}));
  const auto path = location.place == data_estate::Place::blobs ? blobs_.local_path(location.key) : std::nullopt;
  if (!path) {
    return fail(ErrorCode::unsupported, fmt::format("'{}' does not lie on this server", reference), {},
                "register it as a data asset of this server");
  }
  return LocatedData{*path, location.asset};
}

}  // namespace ciclo::monitoring
