// Whole requests as they come from the wire, in one piece and byte by byte: both must be understood alike.
#include <boost/beast/http/error.hpp>
#include <cstdlib>

#include "platform/http/parser.hpp"

namespace {

using ciclo::http::Request;
using ciclo::http::RequestParser;

struct Parsed {
  Request request;
  std::string body;
  bool complete = false;
};

Parsed parse(std::string_view bytes, std::size_t step) {
  Parsed parsed;
  RequestParser parser(parsed.request, 4096);
  std::string buffer;
  while (!parser.is_done()) {
    if (bytes.empty()) return parsed;
    buffer.append(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    while (!parser.is_done() && !buffer.empty()) {
      const bool in_head = !parser.is_header_done();
      boost::system::error_code failure;
      buffer.erase(0, parser.put(boost::asio::buffer(buffer), failure));
      if (failure == boost::beast::http::error::need_more) break;
      if (failure) {
        if (parser.refusal(failure).status < 400) std::abort();
        return parsed;
      }
      if (in_head && parser.is_header_done() && !parser.is_done()) parser.set_body(parsed.body, 2048);
    }
  }
  parsed.complete = true;
  return parsed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string bytes(data, data + size);
  const Parsed whole = parse(bytes, bytes.size() + 1);
  const Parsed pieces = parse(bytes, 1);
  if (whole.complete != pieces.complete || whole.body != pieces.body) std::abort();
  if (whole.complete && whole.request.target != pieces.request.target) std::abort();
  if (whole.complete && whole.request.headers.fields() != pieces.request.headers.fields()) std::abort();
  return 0;
}
