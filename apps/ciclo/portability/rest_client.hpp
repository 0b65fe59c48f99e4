// JSON calls to one server, for sources and sinks alike. Calls that a busy server answers with 429 or 503, and those it
// could not be reached for, are made again a few times.
//
// Thread safety: one thread.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "platform/http/client.hpp"
#include "portability/records.hpp"

namespace ciclo::portability {

inline constexpr std::string_view api2 = "/api/2.0/mlflow/";
inline constexpr std::string_view api3 = "/api/3.0/mlflow/";

class RestClient {
 public:
  // `base`: without a '/' at the end.
  RestClient(std::string base, const std::string& authorization);

  const std::string& base() const { return base_; }
  // Fails with the answer's own message, in MLflow's form or Ciclo's; the code by the status.
  using Fields = std::vector<std::pair<std::string, std::string>>;  // of the header
  Result<Json> post(const std::string& path, const std::string& body, const Fields& fields = {});
  Result<Json> post(const std::string& path, const Json& body) { return post(path, to_text(body)); }
  Result<Json> patch(const std::string& path, const Json& body);
  Result<Json> remove(const std::string& path, const Json& body);
  Result<Json> get(const std::string& path);
  // The body goes into a file without a name, which the Bytes read and which ends with them.
  Result<Bytes> download(const std::string& path);
  Result<void> put(const std::string& path, std::uint64_t size, const Bytes& bytes);

 private:
  Result<Json> send(http::ClientRequest request);
  Result<Json> send_json(http::Method method, const std::string& path, std::string body, const Fields& fields = {});

  std::string base_;
  http::Client client_;
};

// Of an answer of 400 and above.
Error error_of(const http::ClientResponse& response);
// The server works, but does not take this one thing.
bool is_of_item(const Error& error);
// What a server has endpoints for and did not give, in words.
using Gaps = std::set<std::string>;
// Of a list that could not be read. Fails with what ends all; a server without the endpoint has none of it; all else is
// a gap.
Result<void> pass_over(const Error& error, std::string_view what, Gaps& gaps);
// Each part percent-encoded, the slashes kept.
std::string encode_path(std::string_view path);

}  // namespace ciclo::portability
