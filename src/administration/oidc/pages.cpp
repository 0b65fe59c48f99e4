#include "administration/oidc/pages.hpp"

#include <fmt/format.h>

namespace ciclo::administration::oidc {
namespace {

constexpr std::string_view page = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign-in · Ciclo</title>
<style>
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; font: 16px/1.5 system-ui, sans-serif; background: #f5f5f5; color: #242424 }}
main {{ max-width: 26rem; margin: 1rem; padding: 2rem; background: #fff; border-radius: 8px; box-shadow: 0 2px 8px #0002 }}
h1 {{ margin: 0 0 1rem; font-size: 1.25rem }}
a {{ color: #0f6cbd }}
@media (prefers-color-scheme: dark) {{ body {{ background: #1f1f1f; color: #eee }} main {{ background: #292929 }} a {{ color: #62abf5 }} }}
</style>
</head>
<body>
<main>
<h1>You are not signed in</h1>
<p>{}.</p>
<p>{}<a href="/auth/login">Sign in</a></p>
</main>
</body>
</html>
)";

// A page of an address with a code in it: kept nowhere, sent on to nobody, framed by nobody.
void protect(http::Headers& headers) {
  headers.set("cache-control", "no-store");
  headers.set("referrer-policy", "no-referrer");
  headers.set("x-content-type-options", "nosniff");
  headers.set("content-security-policy",
              "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'");
}

// "the token has expired" → "The token has expired"
std::string sentence(std::string_view text) {
  std::string out(text);
  if (!out.empty() && out.front() >= 'a' && out.front() <= 'z')
    out.front() = static_cast<char>(out.front() - 'a' + 'A');
  return escape_html(out);
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

http::Response error_page(const Error& error) {
  const std::string hint = error.hint.empty() ? "" : sentence(error.hint) + ". ";
  auto response = http::Response::text(fmt::format(page, sentence(error.message), hint), "text/html; charset=utf-8",
                                       http::status_of(error.code));
  protect(response.headers);
  return response;
}

http::Response redirect(std::string location, const std::vector<std::string>& cookies) {
  auto response = http::Response::empty(302);
  response.headers.set("location", std::move(location));
  for (const std::string& cookie : cookies) response.headers.add("set-cookie", cookie);
  protect(response.headers);
  return response;
}

}  // namespace ciclo::administration::oidc
