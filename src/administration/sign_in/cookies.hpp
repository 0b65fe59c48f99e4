// Cookies and where a request came from: what stands between a browser's session and a foreign page that uses it.
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "platform/http/message.hpp"

namespace ciclo::administration {

// A cookie's value in the Cookie header (RFC 6265, 4.2); the first of several of that name.
std::optional<std::string_view> cookie_of(const http::Headers& headers, std::string_view name);

// "name=value; Path=/; HttpOnly; SameSite=Lax", and "; Secure" where it is served over TLS. Goes when the browser
// closes; an empty value removes it at once.
std::string set_cookie(std::string_view name, std::string_view value, bool is_secure);

// "https://Ciclo.example.org:443/studio" → "https://ciclo.example.org". Nothing when it is no http(s) URL.
std::optional<std::string> origin_of_url(std::string_view url);

// Fails with denied when a browser says that the request came from a page of another origin: Sec-Fetch-Site is neither
// same-origin nor none, or Origin is neither `public_origin` nor, when that is empty, the host of the Host header.
// A request with neither header did not come from a page in a current browser.
Result<void> require_same_origin(const http::Headers& headers, std::string_view public_origin);

}  // namespace ciclo::administration
