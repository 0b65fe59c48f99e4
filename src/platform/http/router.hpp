// The table of routes. A route is data: everything that is decided about a request before its handler runs stands here
// and is enforced in one place (Dispatcher), and the OpenAPI document is made from it.
//
// Thread safety: build the Router first, then share it; lookups are const.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "platform/http/message.hpp"

namespace ciclo::http {

// Where a handler runs. `worker`: on a pool thread, and may block. `io`: on the connection's own thread; for handlers
// of a few microseconds that never block.
enum class Execution : std::uint8_t { worker, io };

enum class BodyMode : std::uint8_t { buffered, streamed };

// Who may call. `required`: the Guard must find a caller and allow the action. `open`: no caller needed (health,
// metrics of public nature, the log-in itself).
enum class Access : std::uint8_t { required, open };

using Handler = std::function<Result<Response>(Request&)>;
using ErrorRenderer = std::function<Response(const Error&)>;

// One thing that a request concerns, found by a field of the request itself: an experiment by its id, a run. `what` and
// `field` are words of the dialect (tracking::concerns); whoever finds these things knows them.
struct Concern {
  std::string what;
  std::string field;
  std::string action;  // what the caller must be allowed to do with it; empty: the route's action
};

struct Route {
  Method method = Method::get;
  // "/api/v1/workspaces/{workspace}/jobs/{name}"; "{path*}" at the end takes the rest, slashes included.
  std::string pattern;
  // What the caller does, as access rules name it: "<component>/<read|write|manage>", judged in the workspace of the
  // route's {workspace}, or the organisation without one. Empty: any caller comes in, and the handler judges.
  std::string action;
  // The subject of the single resource that the route concerns, with {parameters} ("online-endpoint/{name}"); empty for
  // none. Who may do `action` on that resource alone may come in, too.
  std::string resource;
  // Kinds of single resources ("experiment", "model"): who may do `action` on any one of them may come in, too, and
  // then Guard::judge decides by what the request concerns. A search has nothing to decide before it: its handler asks
  // for what the caller may see (resources::reach_of) and puts it into the query.
  std::vector<std::string> resource_kinds;
  std::vector<Concern> concerns;
  Access access = Access::required;
  std::size_t body_limit = 1U << 20U;  // bytes
  BodyMode body = BodyMode::buffered;
  Execution execution = Execution::worker;
  std::string summary;   // one sentence, for OpenAPI
  std::string tag;       // group in OpenAPI
  Json request_schema;   // JSON Schema of the body; null when it has none
  Json response_schema;  // of the 200 answer; null for any
  Handler handler;
  ErrorRenderer render_error = error_response;  // the dialect's form of an Error
  // Asked for each request in place of `execution` when set: for handlers that block only sometimes. Must not block.
  std::function<Execution()> execution_now;
};

class Router {
 public:
  // Fails with already_exists when method and pattern are taken, invalid when the pattern is malformed.
  Result<void> add(Route route);

  struct Match {
    const Route* route = nullptr;  // null: no such path, or not with this method
    bool path_exists = false;      // then 405 with `allowed` instead of 404
    std::vector<Method> allowed;
    std::map<std::string, std::string, std::less<>> parameters;  // percent-decoded
  };
  // `raw_path`: as sent, without the query. Segments that are "." or ".." (also encoded) match nothing.
  // HEAD finds the GET route where there is none of its own.
  Match find(Method method, std::string_view raw_path) const;

  // How errors look under `prefix` when no route is known yet (404, 405): the longest matching prefix wins. An empty
  // prefix replaces the native form. Prefixes match whole segments; "{…}" in a prefix matches any one segment.
  void set_fallback(std::string prefix, ErrorRenderer renderer);
  Response render_unrouted(std::string_view raw_path, const Error& error) const;

  const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }

 private:
  struct Node;
  std::vector<std::unique_ptr<Route>> routes_;
  std::shared_ptr<Node> root_;
  std::vector<std::pair<std::string, ErrorRenderer>> fallbacks_;
};

// OpenAPI 3.1 from the table.
Json openapi_document(const Router& router, std::string_view title, std::string_view version);

// Finds the caller of a request and decides whether it may do `route.action`. Implemented by administration.
// Sets request.principal and request.identity. Answers unauthenticated (401) or denied (403); a caller that may not
// even know that the scope exists gets not_found.
class Guard {
 public:
  virtual ~Guard() = default;
  virtual Result<void> admit(const Route& route, Request& request) = 0;
  // Asked when the body is there, before the handler, for routes with `resource_kinds`: whether the caller may do the
  // route's action with what the request concerns. Sets request.refusal when not.
  virtual Result<void> judge(const Route& /*route*/, Request& /*request*/) { return {}; }
  // Told when a handler that judged by itself refused (ErrorCode::denied). For the audit log.
  virtual void refused(const Route& /*route*/, const Request& /*request*/, const Error& /*error*/) {}
  // Told when a handler that judges by itself (no Route::action) answers a reader. A failure goes out in its place.
  virtual Result<void> answered(const Route& /*route*/, const Request& /*request*/) { return {}; }
};

}  // namespace ciclo::http
