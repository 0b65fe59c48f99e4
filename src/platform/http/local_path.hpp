// Guard against open redirects: an address that a request names to be led back to after signing in.
//
// Thread safety: a pure function.
#pragma once

#include <string_view>

namespace ciclo::http {

// Whether a browser that is sent to `target` stays on this server: a path that begins with exactly one '/', with or
// without query and fragment. Nothing that browsers read as another host passes, percent-encoded or not: "//host",
// "/\host", control characters (which browsers drop), "https:…". At most 2000 bytes.
bool is_local_path(std::string_view target);

}  // namespace ciclo::http
