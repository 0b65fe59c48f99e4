#include "platform/http/answer.hpp"

#include <algorithm>
#include <array>
#include <boost/beast/http/status.hpp>
#include <charconv>

#include "base/text.hpp"

namespace ciclo::http {
namespace {

template <class Number>
void append_number(std::string& out, Number number) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), end.ptr);
}

void append_value(std::string& out, std::string_view value) {
  const std::size_t start = out.size();
  out.append(value);
  std::replace_if(
      out.begin() + static_cast<std::ptrdiff_t>(start), out.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; }, ' ');
}

bool is_ours(std::string_view name) {
  switch (name.size()) {
    case 4: return iequals(name, "date");
    case 10: return iequals(name, "connection");
    case 14: return iequals(name, "content-length");
    case 17: return iequals(name, "transfer-encoding");
    default: return false;
  }
}

// In one piece, because most answers set none of them.
constexpr std::string_view default_lines =
    "cache-control: no-store\r\n"
    "x-content-type-options: nosniff\r\n"
    "x-frame-options: DENY\r\n"
    "referrer-policy: no-referrer\r\n"
    "content-security-policy: default-src 'none'; frame-ancestors 'none'\r\n"
    "cross-origin-resource-policy: same-origin\r\n";

constexpr std::array default_names{
    std::string_view("cache-control"),           std::string_view("x-content-type-options"),
    std::string_view("x-frame-options"),         std::string_view("referrer-policy"),
    std::string_view("content-security-policy"), std::string_view("cross-origin-resource-policy")};

constexpr std::string_view page_lines =
    "cross-origin-opener-policy: same-origin\r\n"
    "permissions-policy: camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()\r\n";

constexpr std::string_view tls_line = "strict-transport-security: max-age=31536000\r\n";

// The bit of a header that has a default; 0 for others. Told apart by length first: this runs for each header of each
// answer.
unsigned default_bit(std::string_view name) {
  for (std::size_t i = 0; i < default_names.size(); ++i)
    if (name.size() == default_names[i].size() && iequals(name, default_names[i])) return 1U << i;
  return 0;
}

bool is_page(std::string_view name, std::string_view value) {
  return name.size() == 12 && iequals(name, "content-type") && iequals(value.substr(0, 9), "text/html");
}

void append_defaults(std::string& out, unsigned given) {
  if (given == 0) {
    out.append(default_lines);
    return;
  }
  std::string_view rest = default_lines;
  for (std::size_t i = 0; i < default_names.size(); ++i) {
    const std::size_t size = rest.find('\n') + 1;
    if ((given & (1U << i)) == 0) out.append(rest.substr(0, size));
    rest.remove_prefix(size);
  }
}

void append_framing(std::string& out, const AnswerHead& head) {
  if (head.framing == Framing::length) {
    out.append("content-length: ");
    append_number(out, head.length);
    out.append("\r\n");
  } else if (head.framing == Framing::chunked) {
    out.append("transfer-encoding: chunked\r\n");
  }
  if (!head.keep_alive) {
    out.append("connection: close\r\n");
  } else if (head.http_1_0) {
    out.append("connection: keep-alive\r\n");
  }
}

}  // namespace

bool may_have_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

void append_head(std::string& out, const AnswerHead& head) {
  out.append("HTTP/1.1 ");
  append_number(out, head.status);
  out.push_back(' ');
  const auto reason = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(head.status));
  out.append(reason.data(), reason.size());
  out.append("\r\ndate: ");
  out.append(head.date);
  out.append("\r\n");
  append_framing(out, head);
  unsigned given = 0;
  bool page = false;
  bool has_request_id = false;
  for (const auto& [name, value] : head.headers->fields()) {
    if (name.empty() || is_ours(name) || name.find_first_of("\r\n: ") != std::string::npos) continue;
    given |= default_bit(name);
    page = page || is_page(name, value);
    has_request_id = has_request_id || (name.size() == 12 && iequals(name, "x-request-id"));
    out.append(name);
    out.append(": ");
    append_value(out, value);
    out.append("\r\n");
  }
  append_defaults(out, given);
  if (page) out.append(page_lines);
  if (head.over_tls) out.append(tls_line);
  if (!has_request_id && !head.request_id.empty()) {
    out.append("x-request-id: ");
    out.append(head.request_id);
    out.append("\r\n");
  }
  out.append("\r\n");
}

}  // namespace ciclo::http
