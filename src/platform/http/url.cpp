#include "platform/http/url.hpp"

#include <boost/url/parse.hpp>

namespace ciclo::http {
namespace {

// What stands between "//" and the path, the query or the fragment.
std::string_view authority_in(std::string_view url) {
  const std::size_t slashes = url.find("//");
  if (slashes == std::string_view::npos) return {};
  url.remove_prefix(slashes + 2);
  return url.substr(0, url.find_first_of("/?#"));
}

}  // namespace

std::optional<boost::urls::url_view> parse_url(std::string_view text) {
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed) return std::nullopt;
  const auto authority = parsed->encoded_authority();
  if (std::string_view(authority.data(), authority.size()) != authority_in(text)) return std::nullopt;
  return *parsed;
}

}  // namespace ciclo::http
