// Values of secrets that the supervisor handed over, for the variables of Python workers. They are in this process's
// memory alone: the configuration file has a text that stands for each ("${{secrets.db:3}}").
//
// Private pairs (base/private_pairs.hpp): text NUL value; a pair without a text is a value that workers must not show.
//
// Thread safety: safe from any thread.
#pragma once

#include <mutex>
#include <string_view>

#include "base/private_pairs.hpp"
#include "scoring/settings.hpp"

namespace ciclo::scoring {

class SecretValues {
 public:
  SecretValues() = default;
  ~SecretValues();  // wipes them
  SecretValues(const SecretValues&) = delete;
  SecretValues& operator=(const SecretValues&) = delete;

  // In place of those it had. Fails with invalid and keeps what it has when the bytes are cut off.
  Result<void> take(std::string_view bytes);
  // The settings with the values as variables. Fails with unavailable when a value was not handed over.
  Result<DeploymentSettings> put_into(DeploymentSettings settings) const;

 private:
  mutable std::mutex mutex_;
  PrivatePairs pairs_;
};

}  // namespace ciclo::scoring
