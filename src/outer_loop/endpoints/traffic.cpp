#include "outer_loop/endpoints/traffic.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace ciclo::outer_loop {
namespace {

constexpr std::int64_t whole = 100;
constexpr std::int64_t most_mirrored = 50;

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

Failure unknown(const std::string& name, const std::string& target, const std::vector<std::string>& deployments) {
  const auto near = nearest(name, deployments);
  std::string hint = "create it first";
  if (near) hint = fmt::format("the nearest is '{}'", *near);
  else if (!deployments.empty()) hint = "its deployments are " + join(deployments, ", ");
  return fail(ErrorCode::invalid, fmt::format("the endpoint has no deployment '{}'", name), target, hint);
}

// Takes out zero shares of what does not exist.
void drop_empty_shares(Json& shares, const std::vector<std::string>& deployments) {
  Json kept = Json::object();
  for (const auto& [name, share] : shares.items())
    if (contains(deployments, name) || share != Json(0)) kept[name] = share;
  shares = std::move(kept);
}

Json without_zeros(const Json& shares) {
  Json kept = Json::object();
  for (const auto& [name, share] : shares.items())
    if (share.is_number_integer() && share.get<std::int64_t>() > 0) kept[name] = share;
  return kept;
}

std::int64_t total_of(const Json& shares) {
  std::int64_t total = 0;
  for (const auto& [name, share] : shares.items()) total += share.get<std::int64_t>();
  return total;
}

bool can_serve(const Json& shares, const std::vector<std::string>& served) {
  return std::ranges::all_of(shares.items(), [&](const auto& share) { return contains(served, share.key()); });
}

// Whole percents, 100 in all; the first takes what rounding leaves.
Json spread(const Json& wanted, const std::vector<std::string>& served) {
  Json shares = Json::object();
  std::int64_t total = 0;
  for (const auto& [name, share] : wanted.items()) {
    if (!contains(served, name)) continue;
    shares[name] = share;
    total += share.get<std::int64_t>();
  }
  std::int64_t left = whole;
  for (auto& [name, share] : shares.items()) {
    share = share.get<std::int64_t>() * whole / total;
    left -= share.get<std::int64_t>();
  }
  if (!shares.empty()) shares.begin().value() = shares.begin().value().get<std::int64_t>() + left;
  return without_zeros(shares);
}

}  // namespace

Result<void> check_traffic(Json& traffic, const std::vector<std::string>& deployments) {
  if (traffic.is_null()) traffic = Json::object();
  drop_empty_shares(traffic, deployments);
  std::int64_t total = 0;
  for (const auto& [name, share] : traffic.items()) {
    const std::string target = "/traffic/" + escape_pointer_token(name);
    if (!contains(deployments, name)) return unknown(name, target, deployments);
    if (!share.is_number_integer() || share.get<std::int64_t>() < 0 || share.get<std::int64_t>() > whole)
      return fail(ErrorCode::invalid, "a share of the traffic is a whole number of percent, 0 to 100", target);
    total += share.get<std::int64_t>();
  }
  if (total == 0 || total == whole) return {};
  return fail(ErrorCode::invalid, fmt::format("the shares of the traffic make {} percent", total), "/traffic",
              "they must make 100, or 0 for no traffic at all");
}

Result<void> check_mirror_traffic(Json& mirror, const Json& traffic, const std::vector<std::string>& deployments) {
  if (mirror.is_null()) mirror = Json::object();
  drop_empty_shares(mirror, deployments);
  if (mirror.size() > 1)
    return fail(ErrorCode::invalid, "only one deployment can get copies of the requests", "/mirror_traffic");
  for (const auto& [name, share] : mirror.items()) {
    const std::string target = "/mirror_traffic/" + escape_pointer_token(name);
    if (!contains(deployments, name)) return unknown(name, target, deployments);
    if (!share.is_number_integer() || share.get<std::int64_t>() < 0 || share.get<std::int64_t>() > most_mirrored)
      return fail(ErrorCode::invalid, "the share of copied requests is a whole number of percent, 0 to 50", target);
    if (const Json& live = member(traffic, name); share != Json(0) && live.is_number() && live != Json(0))
      return fail(ErrorCode::invalid, fmt::format("'{}' has a share of the traffic itself", name), target,
                  "requests are copied to a deployment without traffic of its own");
  }
  return {};
}

Json effective_traffic(const TrafficWish& wish) {
  const Json wanted = without_zeros(wish.wanted);
  if (can_serve(wanted, wish.served)) return wanted;
  const Json accepted = without_zeros(wish.accepted);
  if (total_of(accepted) == whole && can_serve(accepted, wish.served)) return accepted;
  return spread(wanted, wish.served);
}

}  // namespace ciclo::outer_loop
