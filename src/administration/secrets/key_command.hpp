// Internal to this folder: the program that prints the master key, for keys that lie in a key management service.
//
// Thread safety: safe from any thread.
#pragma once

#include <chrono>
#include <string>

#include "administration/secrets/secret_bytes.hpp"
#include "base/error.hpp"

namespace ciclo::administration {

// What `/bin/sh -c <command>` writes to its standard output; its standard error is this process's own. Fails with
// timeout, invalid (a code other than 0, too much output). The whole process group of it is ended.
Result<SecretBytes> run_key_command(const std::string& command, std::chrono::milliseconds at_most);

}  // namespace ciclo::administration
