// JSON as Python's json.dumps(value, sort_keys=True) writes it: MLflow hashes that text of a record's inputs to know
// whether it has them already. Source: CPython's json.encoder; its numbers are those of float.__repr__.
//
// Thread safety: pure function.
#pragma once

#include <string>

#include "base/json.hpp"

namespace ciclo::portability {

std::string python_text(const Json& value);

}  // namespace ciclo::portability
