// Who must give a one-time code too: secrets of authenticator apps, sealed with the master key; recovery codes, hashed.
//
// A secret is pending until a code of it was given once. Each code is good once, and none that is older than the last.
//
// Thread safety: safe from any thread; holds no state.
#pragma once

#include <string>
#include <vector>

#include "administration/secrets/rotation.hpp"
#include "administration/secrets/sealing.hpp"
#include "base/clock.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::administration {

struct Enrolment {
  std::string secret;  // Base32; shown this once
  std::string uri;     // otpauth://…
};

enum class Use : std::uint8_t { look, spend };

class OneTimeCodes {
 public:
  static constexpr std::size_t recovery_codes = 10;
  OneTimeCodes(const Sealer& sealer, const Clock& clock) : sealer_(sealer), clock_(clock) {}

  Result<bool> is_on_in(sql::Session& session, const std::string& principal) const;
  // A new pending secret in place of an older pending one. Fails with conflict when codes are on already.
  Result<Enrolment> begin_in(sql::Session& session, const std::string& principal);
  // Turns codes on; the ten recovery codes, shown this once. Fails with invalid when the code is wrong, conflict when
  // nothing is pending.
  Result<std::vector<std::string>> confirm_in(sql::Session& session, const std::string& principal,
                                              const std::string& code);
  // Whether this is a good code or recovery code now. `look` leaves it good; `spend` makes it the last use.
  Result<bool> accept_in(sql::Session& session, const std::string& principal, const std::string& code, Use use);
  // Fails with not_found when neither on nor pending.
  Result<void> remove_in(sql::Session& session, const std::string& principal);

 private:
  Result<bool> accept_recovery_in(sql::Session& session, const std::string& principal, const std::string& code,
                                  Use use);

  const Sealer& sealer_;
  const Clock& clock_;
};

// For a change of the master key.
SealedColumns one_time_sealed_columns();

}  // namespace ciclo::administration
