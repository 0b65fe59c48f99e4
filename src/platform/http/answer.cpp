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
  bool has_cache_control = false;
  bool has_nosniff = false;
  bool has_request_id = false;
  for (const auto& [name, value] : head.headers->fields()) {
    if (name.empty() || is_ours(name) || name.find_first_of("\r\n: ") != std::string::npos) continue;
    has_cache_control = has_cache_control || iequals(name, "cache-control");
    has_nosniff = has_nosniff || iequals(name, "x-content-type-options");
    has_request_id = has_request_id || iequals(name, "x-request-id");
    out.append(name);
    out.append(": ");
    append_value(out, value);
    out.append("\r\n");
  }
  if (!has_cache_control) out.append("cache-control: no-store\r\n");
  if (!has_nosniff) out.append("x-content-type-options: nosniff\r\n");
  if (!has_request_id && !head.request_id.empty()) {
    out.append("x-request-id: ");
    out.append(head.request_id);
    out.append("\r\n");
  }
  out.append("\r\n");
}

}  // namespace ciclo::http
