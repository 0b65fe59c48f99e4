#include "inner_loop/tracking/types.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace ciclo::tracking {
namespace {

constexpr std::array<std::string_view, 5> run_status_names{"RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"};
constexpr std::array<std::string_view, 4> model_status_names{"LOGGED_MODEL_STATUS_UNSPECIFIED", "LOGGED_MODEL_PENDING",
                                                             "LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED"};
constexpr std::array<std::string_view, 3> view_names{"ACTIVE_ONLY", "DELETED_ONLY", "ALL"};

// The enumerator by its name or its number (protobuf's JSON form allows both); numbers count from `first`.
template <class Enum, std::size_t count>
std::optional<Enum> find_name(const std::array<std::string_view, count>& names, std::string_view text, int first) {
  for (std::size_t i = 0; i < count; ++i)
    if (iequals(names[i], text)) return static_cast<Enum>(i);
  const auto number = parse_int(text);
  if (number && *number >= first && *number < first + static_cast<std::int64_t>(count))
    return static_cast<Enum>(*number - first);
  return std::nullopt;
}

}  // namespace

std::string_view name_of(Lifecycle stage) {
  return stage == Lifecycle::active ? "active" : "deleted";
}

std::string_view name_of(RunStatus status) {
  return run_status_names[static_cast<std::size_t>(status)];
}
std::optional<RunStatus> parse_run_status(std::string_view text) {
  return find_name<RunStatus>(run_status_names, text, 1);
}

std::optional<View> parse_view(std::string_view text) {
  return find_name<View>(view_names, text, 1);
}

std::string_view name_of(ModelStatus status) {
  return model_status_names[static_cast<std::size_t>(status)];
}
std::optional<ModelStatus> parse_model_status(std::string_view text) {
  return find_name<ModelStatus>(model_status_names, text, 0);
}

std::optional<std::string> find_tag(const std::vector<Tag>& tags, std::string_view key) {
  const auto found = std::ranges::find(tags, key, &Tag::key);
  if (found == tags.end()) return std::nullopt;
  return found->value;
}

}  // namespace ciclo::tracking
