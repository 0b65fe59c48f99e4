#include "administration/access/facts.hpp"

#include <fmt/format.h>

#include <array>

#include "base/text.hpp"

namespace ciclo::administration {
namespace {

constexpr std::string_view group_prefix = "group:";
constexpr std::array group_levels = {GroupLevel::workspace, GroupLevel::team, GroupLevel::department,
                                     GroupLevel::organisation};
constexpr std::array activation_states = {ActivationState::pending,  ActivationState::active,
                                          ActivationState::rejected, ActivationState::cancelled,
                                          ActivationState::ended,    ActivationState::expired};

template <class Enum, std::size_t N>
Result<Enum> parse_one_of(const std::array<Enum, N>& all, std::string_view text, std::string_view what) {
  std::vector<std::string> names;
  for (const Enum each : all) {
    if (name_of(each) == text) return each;
    names.emplace_back(name_of(each));
  }
  return fail(ErrorCode::invalid, fmt::format("there is no {} '{}'", what, text.substr(0, 40)), {},
              "it is one of " + join(names, ", "));
}

}  // namespace

std::string_view name_of(AssignmentMode mode) {
  return mode == AssignmentMode::active ? "active" : "eligible";
}

std::string group_id(std::string_view name) {
  return fmt::format("{}{}", group_prefix, name);
}

bool is_group_id(std::string_view holder) {
  return holder.starts_with(group_prefix);
}

std::string_view group_name_of(std::string_view id) {
  return is_group_id(id) ? id.substr(group_prefix.size()) : id;
}

std::string_view name_of(GroupLevel level) {
  switch (level) {
    case GroupLevel::workspace: return "workspace";
    case GroupLevel::team: return "team";
    case GroupLevel::department: return "department";
    case GroupLevel::organisation: return "organisation";
  }
  return "organisation";
}

Result<GroupLevel> parse_group_level(std::string_view text) {
  auto level = parse_one_of(group_levels, text, "level of groups");
  if (!level) level.error().target = "/level";
  return level;
}

std::string_view name_of(ActivationState state) {
  switch (state) {
    case ActivationState::pending: return "pending";
    case ActivationState::active: return "active";
    case ActivationState::rejected: return "rejected";
    case ActivationState::cancelled: return "cancelled";
    case ActivationState::ended: return "ended";
    case ActivationState::expired: return "expired";
  }
  return "ended";
}

Result<ActivationState> parse_activation_state(std::string_view text) {
  return parse_one_of(activation_states, text, "state of activations");
}

}  // namespace ciclo::administration
