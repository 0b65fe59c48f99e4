#include "administration/sign_in/attempts.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>

#include "base/digest.hpp"

namespace ciclo::administration {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::days remembers_success{30};
constexpr std::chrono::days remembers_failure{7};
constexpr std::int64_t most_rows = 100'000;

}  // namespace

std::string attempt_name_of_unknown(std::string_view typed) {
  return fmt::format("unknown:{}", sha256_hex(typed).substr(0, 4));
}

std::string attempt_address_of(const std::string& remote_address) {
  in6_addr address{};
  if (::inet_pton(AF_INET6, remote_address.c_str(), &address) != 1) return remote_address;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    ::inet_ntop(AF_INET, &address.s6_addr[12], text.data(), text.size());
    return text.data();
  }
  std::fill(address.s6_addr + 8, address.s6_addr + 16, 0);
  ::inet_ntop(AF_INET6, &address, text.data(), text.size());
  return fmt::format("{}/64", text.data());
}

milliseconds AddressFailures::charge(const std::string& address, TimePoint now) {
  const std::lock_guard lock(mutex_);
  auto found = failures_.find(address);
  if (found == failures_.end()) {
    if (failures_.size() >= most_)
      failures_.erase(std::ranges::min_element(failures_, {}, [](const auto& entry) { return entry.second.last; }));
    found = failures_.emplace(address, Failures{}).first;
  }
  const milliseconds wait = wait_of(found->second, address_policy, now);
  if (wait.count() == 0) found->second = one_more(found->second, now);
  return wait;
}

void AddressFailures::take_back(const std::string& address) {
  const std::lock_guard lock(mutex_);
  const auto found = failures_.find(address);
  if (found == failures_.end()) return;
  if (--found->second.count <= 0) failures_.erase(found);
}

Result<milliseconds> Attempts::charge(sql::Database& database, const Attempt& attempt) {
  const TimePoint now = clock_.now();
  const milliseconds address_wait = addresses_.charge(attempt.address, now);
  if (address_wait.count() > 0) return address_wait;
  auto wait = database.write([&](sql::Session& session) { return charge_in(session, attempt, now); });
  if (!wait || wait->count() > 0) addresses_.take_back(attempt.address);
  return wait;
}

Result<milliseconds> Attempts::charge_in(sql::Session& session, const Attempt& attempt, TimePoint now) {
  CICLO_CHECK(prune_in(session, now));
  CICLO_TRY(const auto rows, session.query("SELECT address, failures, last_failure_ms, last_success_ms "
                                           "FROM sign_in_attempts WHERE name = ? AND address IN (?, '')",
                                           {attempt.name, attempt.address}));
  Failures of_pair;
  Failures of_name;
  bool is_usual_place = false;
  for (const auto& row : rows) {
    const bool is_pair = !row.text(0).empty();
    // Named and assigned plainly: GCC 12 loses `last` of a braced list that is assigned to a conditional expression.
    const Failures failures{.count = static_cast<int>(row.integer(1)), .last = from_unix_ms(row.integer(2))};
    if (is_pair) of_pair = failures;
    else of_name = failures;
    if (is_pair) is_usual_place = now - from_unix_ms(row.integer(3)) < remembers_success;
  }
  milliseconds wait = wait_of(of_pair, pair_policy, now);
  if (!is_usual_place) wait = std::max(wait, wait_of(of_name, name_policy, now));
  if (wait.count() > 0) return wait;
  for (const auto& [address, before] : {std::pair(attempt.address, of_pair), std::pair(std::string(), of_name)}) {
    const Failures after = one_more(before, now);
    CICLO_CHECK(session.execute(
        "INSERT INTO sign_in_attempts (name, address, failures, last_failure_ms, last_success_ms) VALUES (?,?,?,?,0) "
        "ON CONFLICT (name, address) DO UPDATE SET failures = excluded.failures, "
        "last_failure_ms = excluded.last_failure_ms",
        {attempt.name, address, after.count, to_unix_ms(after.last)}));
  }
  return wait;
}

Result<void> Attempts::succeeded_in(sql::Session& session, const Attempt& attempt) {
  CICLO_CHECK(
      session.execute("UPDATE sign_in_attempts SET failures = 0, last_success_ms = ? WHERE name = ? AND address = ?",
                      {to_unix_ms(clock_.now()), attempt.name, attempt.address}));
  CICLO_CHECK(session.execute(
      "UPDATE sign_in_attempts SET failures = failures - 1 WHERE name = ? AND address = '' AND failures > 0",
      {attempt.name}));
  session.after_commit([this, address = attempt.address] { addresses_.take_back(address); });
  return {};
}

Result<void> Attempts::take_back(sql::Database& database, const Attempt& attempt) {
  return database.write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(session.execute(
        "UPDATE sign_in_attempts SET failures = failures - 1 WHERE name = ? AND address IN (?, '') AND failures > 0",
        {attempt.name, attempt.address}));
    session.after_commit([this, address = attempt.address] { addresses_.take_back(address); });
    return {};
  });
}

// Once an hour, so that names and addresses that strangers invent do not fill the disk.
Result<void> Attempts::prune_in(sql::Session& session, TimePoint now) {
  const std::int64_t now_ms = to_unix_ms(now);
  if (now_ms - pruned_ms_ < milliseconds(std::chrono::hours(1)).count()) return {};
  CICLO_CHECK(session.execute("DELETE FROM sign_in_attempts WHERE last_failure_ms < ? AND last_success_ms < ?",
                              {to_unix_ms(now - remembers_failure), to_unix_ms(now - remembers_success)}));
  CICLO_CHECK(
      session.execute("DELETE FROM sign_in_attempts WHERE last_failure_ms < (SELECT last_failure_ms FROM "
                      "sign_in_attempts ORDER BY last_failure_ms DESC LIMIT 1 OFFSET ?)",
                      {most_rows}));
  pruned_ms_ = now_ms;
  return {};
}

}  // namespace ciclo::administration
