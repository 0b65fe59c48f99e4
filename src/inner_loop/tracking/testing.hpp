// What tests of tracking and of the registry share: databases of both engines, and MLflow's API without a socket.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"
#include "inner_loop/tracking/handlers.hpp"
#include "inner_loop/tracking/migrations.hpp"
#include "platform/blobs/blob_store.hpp"
#include "platform/http/router.hpp"
#include "platform/sql/database.hpp"
#include "platform/sql/testing/postgres_server.hpp"
#include "resources/caller.hpp"

namespace ciclo::tracking::testing {

// A folder that is removed with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() : path_(std::filesystem::temp_directory_path() / ("ciclo-tracking-" + random_hex(8))) {
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// The URL of an empty database of that engine; empty when the machine has none.
inline std::string new_database(sql::Dialect dialect, const TemporaryFolder& folder) {
  if (dialect == sql::Dialect::sqlite) return "sqlite:" + (folder.path() / "test.db").string();
  const auto server = sql::testing::PostgresServer::shared();
  if (!server) return "";
  auto url = (*server)->create_database();
  return url ? *url : "";
}

struct Answer {
  int status = 0;
  Json body;
  std::string text;
};

// Sends requests to a router as the server would after the Guard let `principal` in.
class Wire {
 public:
  explicit Wire(const http::Router& router, std::string principal = "ana")
      : router_(router), principal_(std::move(principal)) {}

  Answer send(http::Method method, const std::string& target, const std::string& body) const;
  Answer post(const std::string& target, const Json& body) const {
    return send(http::Method::post, target, to_text(body));
  }
  Answer get(const std::string& target) const { return send(http::Method::get, target, ""); }

 private:
  const http::Router& router_;
  std::string principal_;
};

// A body that comes in pieces of a few bytes.
class TextReader final : public http::BodyReader {
 public:
  explicit TextReader(std::string text) : text_(std::move(text)) {}
  Result<std::string> read(std::size_t max) override {
    std::string piece = text_.substr(at_, std::min<std::size_t>(max, 7));
    at_ += piece.size();
    return piece;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

inline http::Response answer_of(const http::Route& route, http::Request& request) {
  auto answer = route.handler(request);
  return answer ? std::move(*answer) : route.render_error(answer.error());
}

inline Answer Wire::send(http::Method method, const std::string& target, const std::string& body) const {
  const auto question = target.find('?');
  const std::string raw_path = target.substr(0, question);
  auto match = router_.find(method, raw_path);
  if (match.route == nullptr) return {.status = match.path_exists ? 405 : 404, .body = {}, .text = {}};
  TextReader stream(body);
  http::Request request;
  request.method = method;
  request.path = http::percent_decode(raw_path).value_or("");
  request.target = target;
  if (question != std::string::npos) {
    auto query = http::Query::parse(target.substr(question + 1));
    if (query) request.query = std::move(*query);
  }
  request.parameters = std::move(match.parameters);
  if (match.route->body == http::BodyMode::streamed) request.stream = &stream;
  else request.body = body;
  request.principal = principal_;
  request.identity = std::make_shared<resources::Caller>(
      resources::Caller{.principal = principal_, .only_workspace = {}, .token_id = {}, .request_id = {}});
  const http::Response response = answer_of(*match.route, request);
  Answer answer{.status = response.status, .body = {}, .text = response.body};
  while (response.stream) {
    const auto piece = response.stream();
    if (!piece || piece->empty()) break;
    answer.text += *piece;
  }
  if (auto parsed = parse_json(answer.text)) answer.body = std::move(*parsed);
  return answer;
}

}  // namespace ciclo::tracking::testing
