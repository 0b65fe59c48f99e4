// The few pages that a person sees when a sign-in does not go through. Nothing of the request appears in them.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "platform/http/message.hpp"

namespace ciclo::administration::oidc {

std::string escape_html(std::string_view text);
// For http::Route::render_error: what went wrong and what to do, in plain words.
http::Response error_page(const Error& error);
// Goes to `location`, with these Set-Cookie values.
http::Response redirect(std::string location, const std::vector<std::string>& cookies);

}  // namespace ciclo::administration::oidc
