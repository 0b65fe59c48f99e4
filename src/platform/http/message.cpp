#include "platform/http/message.hpp"

#include <array>

#include "base/text.hpp"

namespace ciclo::http {
namespace {

constexpr std::array<std::string_view, 7> method_names{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
constexpr std::size_t max_query_items = 1000;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

enum class Plus : std::uint8_t { literal, space };

Result<std::string> decode(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == Plus::space) {
      out.push_back(' ');
      continue;
    }
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high < 0 ? -1 : hex_value(text[i + 2]);
    if (low < 0) return fail(ErrorCode::invalid, "a '%' in the address is not followed by two hexadecimal digits");
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

Json error_object(const Error& error) {
  Json object = {{"code", name_of(error.code)}, {"message", error.message}};
  if (!error.target.empty()) object["target"] = error.target;
  if (!error.hint.empty()) object["hint"] = error.hint;
  if (!error.details.empty()) {
    Json& details = object["details"] = Json::array();
    for (const Error& detail : error.details) details.push_back(error_object(detail));
  }
  return object;
}

}  // namespace

std::string_view name_of(Method method) {
  return method_names[static_cast<std::size_t>(method)];
}

std::optional<Method> method_named(std::string_view name) {
  for (std::size_t i = 0; i < method_names.size(); ++i)
    if (method_names[i] == name) return static_cast<Method>(i);
  return std::nullopt;
}

void Headers::set(std::string_view name, std::string value) {
  std::erase_if(fields_, [&](const auto& field) { return iequals(field.first, name); });
  fields_.emplace_back(std::string(name), std::move(value));
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const auto& [key, value] : fields_)
    if (iequals(key, name)) return value;
  return std::nullopt;
}

Result<Query> Query::parse(std::string_view text) {
  Query query;
  while (!text.empty()) {
    const std::size_t end = text.find('&');
    const std::string_view item = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (item.empty()) continue;
    if (query.items_.size() == max_query_items)
      return fail(ErrorCode::invalid, "the address has more than 1000 query parameters");
    const std::size_t equals = item.find('=');
    CICLO_TRY(std::string name, decode(item.substr(0, equals), Plus::space));
    std::string value;
    if (equals != std::string_view::npos) {
      CICLO_TRY(value, decode(item.substr(equals + 1), Plus::space));
    }
    query.items_.emplace_back(std::move(name), std::move(value));
  }
  return query;
}

std::optional<std::string_view> Query::find(std::string_view name) const {
  for (const auto& [key, value] : items_)
    if (key == name) return value;
  return std::nullopt;
}

std::vector<std::string> Query::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : items_)
    if (key == name) values.push_back(value);
  return values;
}

std::string percent_encode(std::string_view text) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (unreserved(c)) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(digits[byte >> 4U]);
    out.push_back(digits[byte & 15U]);
  }
  return out;
}

Result<std::string> percent_decode(std::string_view text) {
  return decode(text, Plus::literal);
}

const std::string& Request::parameter(std::string_view name) const {
  static const std::string none;
  const auto found = parameters.find(name);
  return found == parameters.end() ? none : found->second;
}

Result<Json> Request::json() const {
  if (trim(body).empty()) return Json::object();
  return parse_json(body);
}

Response Response::json(const Json& value, int status) {
  return text(to_text(value), "application/json", status);
}

Response Response::text(std::string body, std::string_view content_type, int status) {
  Response response;
  response.status = status;
  response.headers.add("content-type", std::string(content_type));
  response.body = std::move(body);
  return response;
}

Response Response::empty(int status) {
  Response response;
  response.status = status;
  return response;
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid: return 400;
    case ErrorCode::unauthenticated: return 401;
    case ErrorCode::denied: return 403;
    case ErrorCode::not_found: return 404;
    case ErrorCode::already_exists: return 409;
    case ErrorCode::conflict: return 409;
    case ErrorCode::too_large: return 413;
    case ErrorCode::quota: return 429;
    case ErrorCode::unsupported: return 501;
    case ErrorCode::timeout: return 504;
    case ErrorCode::unavailable: return 503;
    case ErrorCode::internal: return 500;
  }
  return 500;
}

Json error_body(const Error& error) {
  return Json{{"error", error_object(error)}};
}

Response error_response(const Error& error) {
  Response response = Response::json(error_body(error), status_of(error.code));
  if (error.code == ErrorCode::unauthenticated) response.headers.add("www-authenticate", "Bearer realm=\"ciclo\"");
  if (error.code == ErrorCode::unavailable || error.code == ErrorCode::quota) response.headers.add("retry-after", "1");
  return response;
}

}  // namespace ciclo::http
