#include "server/artifact_links.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "resources/caller.hpp"

namespace ciclo::server {
namespace {

bool is_host(std::string_view text) {
  constexpr std::size_t longest = 300;
  return !text.empty() && text.size() <= longest && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(".-:[]_").find(c) != std::string_view::npos;
  });
}

// What stands after "://".
std::string_view authority_of(std::string_view url) {
  const std::size_t at = url.find("://");
  return at == std::string_view::npos ? std::string_view() : url.substr(at + 3);
}

std::string encode_path(const std::string& path) {
  std::vector<std::string> segments = split(path, '/');
  for (std::string& segment : segments) segment = http::percent_encode(segment);
  return join(segments, "/");
}

}  // namespace

Result<std::string> origin_of(const http::Request& request, const std::string& public_url, const std::string& own_url) {
  const auto host = request.headers.find("host");
  if (!host) return public_url.empty() ? own_url : public_url;
  if (iequals(*host, authority_of(public_url))) return public_url;
  if (!is_host(*host)) return fail(ErrorCode::invalid, "the Host header is no host", "host");
  return std::string(own_url.starts_with("https:") ? "https://" : "http://") + std::string(*host);
}

tracking::MakeLink make_artifact_links(LinkParts parts) {
  return [parts = std::move(parts)](const tracking::LinkWish& wish) -> Result<std::string> {
    CICLO_TRY(const std::string origin, origin_of(wish.asked_by, parts.public_url, parts.url()));
    const auto& caller = resources::caller_of(wish.asked_by);
    const tokens::LinkClaims claims{.principal = caller.principal,
                                    .on_behalf_of = caller.on_behalf_of,
                                    .expires_at = parts.clock.now() + wish.life};
    const std::string value = parts.key.sign({http::name_of(wish.method), wish.path}, claims);
    return origin + encode_path(wish.path) + "?" + std::string(tokens::link_parameter) + "=" + value;
  };
}

}  // namespace ciclo::server
