// Requests and responses as handlers see them; the socket is out of sight.
//
// Ownership: a Request lives for the handler's call. Streams are read and written on the handler's thread.
// Thread safety: one handler at a time uses a message.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

namespace ciclo::http {

enum class Method : std::uint8_t { get, head, post, put, patch, del, options };
std::string_view name_of(Method method);
std::optional<Method> method_named(std::string_view name);  // "GET"; case counts

// Field names compare without case; order and repeats are kept.
class Headers {
 public:
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string_view name, std::string value);
  // The first value, or nothing.
  std::optional<std::string_view> find(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }
  void clear() { fields_.clear(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// Percent-decoded query parameters, in order, repeats kept.
class Query {
 public:
  static Result<Query> parse(std::string_view text);
  std::optional<std::string_view> find(std::string_view name) const;
  std::vector<std::string> all(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& items() const { return items_; }

 private:
  std::vector<std::pair<std::string, std::string>> items_;
};

std::string percent_encode(std::string_view text);  // everything but RFC 3986 "unreserved"
Result<std::string> percent_decode(std::string_view text);

// A body read as it arrives.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  // Up to `max` further bytes; empty at the end. Fails with too_large past the route's limit, timeout when the peer
  // stalls, unavailable when it went away.
  virtual Result<std::string> read(std::size_t max) = 0;
};

// A body produced as it is sent. Returns the next piece; an empty one ends the body; an Error cuts the connection.
using BodySource = std::function<Result<std::string>()>;

struct Request {
  Method method = Method::get;
  std::string path;    // percent-decoded, without the query; starts with '/'
  std::string target;  // as sent
  Query query;
  Headers headers;
  std::map<std::string, std::string, std::less<>>
      parameters;                // from the route's {…}; a {…*} takes the rest of the path
  std::string body;              // whole body, for BodyMode::buffered
  BodyReader* stream = nullptr;  // for BodyMode::streamed
  std::string remote_address;
  std::string request_id;  // from x-request-id when it is sane, else made here; echoed in the answer

  // Set by the Guard: who calls. Empty for public routes.
  std::string principal;
  // Set by the Guard: what the credential is cut to, for its own use.
  std::shared_ptr<const void> identity;
  // Set by the Guard for a caller that came in by roles on single resources alone: on which, for its own use.
  std::shared_ptr<const void> limits;
  // Why the Guard refused after it let the caller in, for the audit log: the answer may tell less than that.
  std::string refusal;

  // The route's path parameter; empty when it has none of that name.
  const std::string& parameter(std::string_view name) const;
  // The body as JSON (limits as in parse_json). An empty body is an empty object.
  Result<Json> json() const;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  BodySource stream;                           // used instead of `body` when set
  std::optional<std::uint64_t> stream_length;  // Content-Length of `stream`; chunked without it

  static Response json(const Json& value, int status = 200);
  static Response text(std::string body, std::string_view content_type = "text/plain; charset=utf-8", int status = 200);
  static Response empty(int status = 204);
};

// The native form of an Error: {"error":{"code","message","target","hint","details"}} and its HTTP status. The only
// place where codes become HTTP statuses.
int status_of(ErrorCode code);
Json error_body(const Error& error);
Response error_response(const Error& error);

}  // namespace ciclo::http
