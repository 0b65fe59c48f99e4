// What every answer carries to protect its reader, and what protects the server from too many requests.
#include <regex>

#include "base/text.hpp"
#include "platform/http/test_support.hpp"

namespace ciclo::http {
namespace {

constexpr std::string_view defaults[] = {
    "cache-control: no-store",
    "x-content-type-options: nosniff",
    "x-frame-options: DENY",
    "referrer-policy: no-referrer",
    "content-security-policy: default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy: same-origin",
};

std::vector<std::string> lines_of(const std::string& answer) {
  return split(answer.substr(0, answer.find("\r\n\r\n")), '\n');
}

std::size_t count(const std::string& answer, std::string_view name) {
  std::size_t found = 0;
  for (const std::string& line : lines_of(answer))
    if (iequals(trim(line.substr(0, line.find(':'))), name)) ++found;
  return found;
}

void expect_protected(const std::string& answer) {
  for (const std::string_view line : defaults)
    EXPECT_NE(answer.find("\r\n" + std::string(line) + "\r\n"), std::string::npos) << line << " in " << answer;
  EXPECT_EQ(count(answer, "x-request-id"), 1U) << answer;
  EXPECT_EQ(count(answer, "server"), 0U);
  EXPECT_EQ(count(answer, "strict-transport-security"), 0U) << "only over TLS";
}

class Protection : public testing::Test {
 protected:
  TestServer test;

  void add_routes() {
    test.add_open(Method::get, "/plain", [](Request&) -> Result<Response> { return Response::text("x"); });
    test.add_open(Method::get, "/fails",
                  [](Request&) -> Result<Response> { return fail(ErrorCode::conflict, "it does not fit"); });
    test.add_open(Method::get, "/stream", [](Request&) -> Result<Response> {
      Response response;
      response.stream = [left = 2]() mutable -> Result<std::string> { return left-- > 0 ? "piece" : ""; };
      return response;
    });
    test.add_open(Method::get, "/page", [](Request&) -> Result<Response> {
      Response response = Response::text("<p>", "text/html; charset=utf-8");
      response.headers.add("Content-Security-Policy", "default-src 'self'");
      response.headers.add("cache-control", "max-age=60");
      return response;
    });
    test.add({.pattern = "/private", .handler = [](Request&) -> Result<Response> { return Response::text("x"); }});
    test.add({.method = Method::post,
              .pattern = "/small",
              .access = Access::open,
              .body_limit = 4,
              .handler = [](Request&) -> Result<Response> { return Response::empty(); }});
  }
};

TEST_F(Protection, EveryAnswerCarriesIt) {
  add_routes();
  test.settings.max_header_bytes = 2000;
  test.settings.header_timeout = std::chrono::milliseconds(100);
  test.start();
  const std::string host = " HTTP/1.1\r\nHost: x\r\n";
  const std::tuple<int, std::string> table[] = {
      {200, "GET /plain" + host + "\r\n"},
      {200, "HEAD /plain" + host + "\r\n"},
      {200, "GET /stream" + host + "\r\n"},
      {200, "GET /stream HTTP/1.0\r\n\r\n"},
      {204, "OPTIONS /plain" + host + "\r\n"},
      {401, "GET /private" + host + "\r\n"},
      {404, "GET /nothing" + host + "\r\n"},
      {404, "GET /%2e%2e/plain" + host + "\r\n"},
      {405, "DELETE /plain" + host + "\r\n"},
      {409, "GET /fails" + host + "\r\n"},
      {413, "POST /small" + host + "Content-Length: 5\r\n\r\n"},
      {413, "POST /small" + host + "Transfer-Encoding: chunked\r\n\r\nfff\r\n"},
      {415, "POST /small" + host + "Content-Encoding: br\r\nContent-Length: 1\r\n\r\nx"},
      {501, "BREW /plain" + host + "\r\n"},
      // answered by the parser, before there is a route
      {400, "nonsense\r\n\r\n"},
      {400, "GET /plain HTTP/1.1\r\n\r\n"},
      {408, "GET /pl"},
      {414, "GET /" + std::string(9000, 'a')},
      {417, "GET /plain" + host + "Expect: miracles\r\n\r\n"},
      {431, "GET /plain" + host + "X: " + std::string(3000, 'a')},
  };
  for (const auto& [status, request] : table) {
    BareSocket socket(test.server->port());
    socket.send(request);
    const std::string answer = status == 408 ? socket.read_to_end() : (socket.shut_sending(), socket.read_to_end());
    EXPECT_EQ(status_in(answer), status) << request.substr(0, 60);
    expect_protected(answer);
  }
}

TEST_F(Protection, APageSetsItsOwn) {
  add_routes();
  test.start();
  const std::string answer = test.exchange("GET /page HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(count(answer, "content-security-policy"), 1U);
  EXPECT_NE(answer.find("Content-Security-Policy: default-src 'self'\r\n"), std::string::npos);
  EXPECT_EQ(count(answer, "cache-control"), 1U);
  EXPECT_NE(answer.find("cache-control: max-age=60\r\n"), std::string::npos);
  EXPECT_NE(answer.find("cross-origin-opener-policy: same-origin\r\n"), std::string::npos);
  EXPECT_NE(answer.find("permissions-policy: camera=()"), std::string::npos);
  EXPECT_NE(answer.find("x-frame-options: DENY\r\n"), std::string::npos);
  EXPECT_EQ(count(test.exchange("GET /plain HTTP/1.1\r\nHost: x\r\n\r\n"), "cross-origin-opener-policy"), 0U);
}

TEST_F(Protection, RequestIdsAreSaneOnEveryAnswer) {
  add_routes();
  test.start();
  const std::regex own("[0-9a-f]{32}");
  const auto id_for = [&](const std::string& given, const std::string& line) {
    const std::string answer = test.exchange(line + " HTTP/1.1\r\nHost: x\r\nX-Request-Id: " + given + "\r\n\r\n");
    std::smatch found;
    EXPECT_TRUE(std::regex_search(answer, found, std::regex("x-request-id: ([^\r]*)\r\n"))) << answer;
    return found[1].str();
  };
  for (const char* line : {"GET /plain", "GET /nothing", "BREW /plain"}) {
    for (const std::string& good : {std::string("a"), std::string("Ab9-_."), std::string(128, 'x')})
      EXPECT_EQ(id_for(good, line), good);
    for (const std::string& bad :
         {std::string(129, 'x'), std::string("a b"), std::string("a\"b"), std::string("<script>"), std::string("a;b"),
          std::string("\xc3\xa9"), std::string("a/b")})
      EXPECT_TRUE(std::regex_match(id_for(bad, line), own)) << bad;
  }
  // Given twice in a header that is refused later: the first counts.
  EXPECT_NE(test.exchange("GET /plain HTTP/1.1\r\nX-Request-Id: mine\r\nHost: x\r\nHost: y\r\n\r\n")
                .find("x-request-id: mine\r\n"),
            std::string::npos);
}

// Lets in who names themselves.
class NameGuard final : public Guard {
 public:
  Result<void> admit(const Route&, Request& request) override {
    const auto name = request.headers.find("x-name");
    if (!name) return fail(ErrorCode::unauthenticated, "who are you?");
    request.principal = *name;
    if (*name == "rita") return fail(ErrorCode::denied, "not you");
    return {};
  }
};

class Limited : public Protection {
 protected:
  void SetUp() override {
    add_routes();
    test.add({.pattern = "/dialect",
              .handler = [](Request&) -> Result<Response> { return Response::text("x"); },
              .render_error =
                  [](const Error& error) { return Response::text("mine: " + error.message, "text/plain", 429); }});
    test.guard = &guard_;
    test.settings.limiter = &limiter_;
    test.start();
  }
  ClientResponse get(const std::string& path, const std::string& name = "") {
    ClientRequest request{.url = path};
    if (!name.empty()) request.headers.set("x-name", name);
    return test.send(std::move(request));
  }

  NameGuard guard_;
  // So slow that no test outlives a refill.
  RateLimiter limiter_{
      {.principals = {.per_second = 0.001, .burst = 3}, .addresses = {.per_second = 0.001, .burst = 5}}};
};

TEST_F(Limited, EachPrincipalHasItsOwnShare) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get("/private", "maria").status, 200);
  const ClientResponse refused = get("/private", "maria");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.headers.find("retry-after"), "1000");
  EXPECT_EQ(parse_json(refused.body)->at("error").at("code"), "quota");
  EXPECT_EQ(get("/dialect", "maria").body, "mine: too many requests");
  EXPECT_EQ(get("/private", "otto").status, 200);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get("/private", "rita").status, 403) << "denials count, too";
  EXPECT_EQ(get("/private", "rita").status, 429);
  EXPECT_EQ(limiter_.refused_principals(), 3U);
  EXPECT_EQ(limiter_.refused_addresses(), 0U);
}

TEST_F(Limited, WhoFailsTooOftenIsNotLookedAtFurther) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get("/private").status, 401);
  EXPECT_EQ(get("/private").status, 429);
  EXPECT_EQ(get("/private", "maria").status, 429) << "the address is asked for nothing more";
  EXPECT_EQ(get("/nothing").status, 429);
  EXPECT_EQ(get("/plain").status, 429);
  EXPECT_EQ(limiter_.refused_addresses(), 4U);
}

TEST_F(Limited, OpenRoutesAndWhatNoRouteTakesCountByAddress) {
  EXPECT_EQ(get("/plain").status, 200);
  EXPECT_EQ(get("/nothing").status, 404);
  EXPECT_EQ(test.send({.method = Method::del, .url = "/plain"}).status, 405);
  EXPECT_EQ(test.send({.method = Method::post, .url = "/small", .body = "too long"}).status, 413);
  EXPECT_EQ(get("/plain").status, 200);
  EXPECT_EQ(get("/plain").status, 429);
}

TEST_F(Limited, AnUploadThatIsOneTooManyIsNotRead) {
  for (int i = 0; i < 5; ++i) get("/plain");
  BareSocket socket(test.server->port());
  socket.send("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(status_in(socket.read_until("\r\n\r\n")), 429) << "without waiting for the body";
}

}  // namespace
}  // namespace ciclo::http
