#include "inner_loop/jobs/identity.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "base/digest.hpp"

namespace ciclo::inner_loop {
namespace {

Json sorted(const std::map<std::string, std::string>& map) {
  Json json = Json::object();
  for (const auto& [key, value] : map) json[key] = value;
  return json;
}

}  // namespace

std::string identity_of(const StepContent& content) {
  // JSON keeps the fields apart; the leading number changes when the meaning of this form does.
  const Json form = {1,
                     content.command,
                     content.code,
                     content.environment,
                     sorted(content.inputs),
                     sorted(content.outputs),
                     sorted(content.environment_variables)};
  return sha256_hex(to_text(form));
}

}  // namespace ciclo::inner_loop
