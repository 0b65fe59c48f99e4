// Failed attempts to sign in, counted so that guessing is slow (throttle.hpp holds the policy).
//
// Per name and address, and per name: in the database, so a restart forgets nothing. Per address: in memory, bounded.
// An attempt is counted as failed before the password is looked at and taken back when it was right: a thousand guesses
// sent at once count as a thousand.
//
// Names that no user has are counted alike, but never stored (people type passwords into the wrong field): they share
// 65,536 rows by hash.
//
// Thread safety: safe from any thread.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>

#include "administration/sign_in/throttle.hpp"
#include "base/error.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::administration {

// Who tries, as it is counted.
struct Attempt {
  std::string name;     // of a user, or attempt_name_of_unknown()
  std::string address;  // attempt_address_of()
};

std::string attempt_name_of_unknown(std::string_view typed);  // "unknown:3fa9"
// An IPv4 address as it is; of an IPv6 address the first 64 bits, which one household or machine has to itself.
std::string attempt_address_of(const std::string& remote_address);

class AddressFailures {
 public:
  explicit AddressFailures(std::size_t most = 10'000) : most_(most) {}
  // Zero: counted as a failure, go on. Otherwise how long to wait; nothing was counted.
  std::chrono::milliseconds charge(const std::string& address, TimePoint now);
  void take_back(const std::string& address);

 private:
  const std::size_t most_;
  std::mutex mutex_;
  std::map<std::string, Failures> failures_;
};

class Attempts {
 public:
  explicit Attempts(const Clock& clock) : clock_(clock) {}

  // Zero: counted as a failure of all three sorts, go on. Otherwise how long to wait; nothing was counted.
  Result<std::chrono::milliseconds> charge(sql::Database& database, const Attempt& attempt);
  // It was right: the pair's failures are forgotten, one of the name's and the address's is taken back.
  Result<void> succeeded_in(sql::Session& session, const Attempt& attempt);
  // It could not be looked at (no memory, say).
  Result<void> take_back(sql::Database& database, const Attempt& attempt);

 private:
  Result<std::chrono::milliseconds> charge_in(sql::Session& session, const Attempt& attempt, TimePoint now);
  Result<void> prune_in(sql::Session& session, TimePoint now);

  const Clock& clock_;
  AddressFailures addresses_;
  std::atomic<std::int64_t> pruned_ms_ = 0;
};

}  // namespace ciclo::administration
