#include "administration/sign_in/cookies.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace ciclo::administration {
namespace {

constexpr std::string_view separator = "://";

Failure foreign(std::string_view what) {
  return fail(ErrorCode::denied, fmt::format("the request comes from a page of another origin ({})", what), {},
              "open the Studio by the address that the server knows as its own: ciclo server --public-url <url>");
}

// "example.org:443" → "example.org" where 443 is the scheme's own port.
std::string without_default_port(std::string host, std::string_view scheme) {
  const std::string_view port = scheme == "https" ? ":443" : ":80";
  if (host.ends_with(port)) host.resize(host.size() - port.size());
  return host;
}

}  // namespace

std::optional<std::string_view> cookie_of(const http::Headers& headers, std::string_view name) {
  const auto header = headers.find("cookie");
  if (!header) return std::nullopt;
  std::string_view rest = *header;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    const std::string_view pair = trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) return pair.substr(equals + 1);
  }
  return std::nullopt;
}

std::string set_cookie(std::string_view name, std::string_view value, bool is_secure) {
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Lax{}{}", name, value, is_secure ? "; Secure" : "",
                     value.empty() ? "; Max-Age=0" : "");
}

std::optional<std::string> origin_of_url(std::string_view url) {
  const std::size_t end = url.find(separator);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string scheme = to_lower(url.substr(0, end));
  std::string_view host = url.substr(end + separator.size());
  host = host.substr(0, host.find_first_of("/?#"));
  if ((scheme != "http" && scheme != "https") || host.empty() || host.find_first_of("@\\ ") != std::string_view::npos)
    return std::nullopt;
  return fmt::format("{}://{}", scheme, without_default_port(to_lower(host), scheme));
}

Result<void> require_same_origin(const http::Headers& headers, std::string_view public_origin) {
  if (const auto site = headers.find("sec-fetch-site"); site && *site != "same-origin" && *site != "none")
    return foreign("Sec-Fetch-Site");
  const auto given = headers.find("origin");
  if (!given) return {};
  const auto origin = origin_of_url(*given);  // "null" is none
  if (!origin) return foreign("Origin");
  if (!public_origin.empty()) return *origin == public_origin ? Result<void>() : foreign("Origin");
  const std::size_t host_at = origin->find(separator) + separator.size();
  const std::string scheme = origin->substr(0, host_at - separator.size());
  const std::string host = without_default_port(to_lower(headers.find("host").value_or("")), scheme);
  return origin->substr(host_at) == host ? Result<void>() : foreign("Origin");
}

}  // namespace ciclo::administration
