// Reading URLs.
//
// Thread safety: a pure function.
#pragma once

#include <boost/url/url_view.hpp>
#include <optional>
#include <string_view>

namespace ciclo::http {

// An absolute URL, of which every character is in one of its parts: Boost.URL 1.81 takes the host of
// "http://127.0.0.1.example.org" for 127.0.0.1 and forgets the rest; such a URL is none here. A view into `text`.
std::optional<boost::urls::url_view> parse_url(std::string_view text);

}  // namespace ciclo::http
