// Identifiers made by the server. All randomness comes from the operating system's generator.
//
// Thread safety: every function may be called from any thread.
#pragma once

#include <cstddef>
#include <string>

namespace ciclo {

// `bytes` random bytes as lower-case hexadecimal (2 characters a byte).
std::string random_hex(std::size_t bytes);
// 32 hexadecimal characters, the form of an MLflow run id.
std::string new_uid();
// "careful_river_4k2m9x": a name for a job that its maker did not name, in the form Azure ML gives.
std::string new_friendly_name();

}  // namespace ciclo
