// Paths through the router and queries: no input crashes, and nothing found leads up or holds a control character.
#include <cstdlib>

#include "platform/http/router.hpp"

namespace {

using ciclo::Result;
using ciclo::http::Method;
using ciclo::http::Query;
using ciclo::http::Request;
using ciclo::http::Response;
using ciclo::http::Router;

const Router& routes() {
  static const Router router = [] {
    Router made;
    for (const char* pattern : {"/", "/a/{x}", "/a/b", "/a/{x}/c/{y}", "/f/{path*}", "/{p}/{q}/{r}"}) {
      if (!made.add({.pattern = pattern, .handler = [](Request&) -> Result<Response> { return Response(); }}))
        std::abort();
    }
    return made;
  }();
  return router;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text(data, data + size);
  const auto match = routes().find(Method::get, text);
  for (const auto& [name, value] : match.parameters) {
    const std::string path = "/" + value + "/";
    if (path.find("/../") != std::string::npos || path.find('\0') != std::string::npos) std::abort();
  }
  if (const auto query = Query::parse(text)) {
    std::string again;
    for (const auto& [name, value] : query->items())
      again += ciclo::http::percent_encode(name) + "=" + ciclo::http::percent_encode(value) + "&";
    if (Query::parse(again)->items() != query->items()) std::abort();
  }
  return 0;
}
