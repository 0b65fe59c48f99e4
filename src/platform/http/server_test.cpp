#include "platform/http/server.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <atomic>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "platform/http/test_support.hpp"

namespace ciclo::http {
namespace {

Result<Response> echo(Request& request) {
  return Response::text(request.body);
}

// Lets in who sends "authorization: Bearer good".
class TokenGuard final : public Guard {
 public:
  Result<void> admit(const Route& route, Request& request) override {
    const auto header = request.headers.find("authorization");
    if (!header) return fail(ErrorCode::unauthenticated, "no credential");
    if (header != "Bearer good") return fail(ErrorCode::denied, "you may not " + route.action);
    request.principal = "ana";
    return {};
  }
};

class EachExecution : public testing::TestWithParam<Execution> {
 protected:
  TestServer test;
  void add(Method method, std::string pattern, Handler handler) {
    test.add_open(method, std::move(pattern), std::move(handler), GetParam());
  }
};
INSTANTIATE_TEST_SUITE_P(Server, EachExecution, testing::Values(Execution::worker, Execution::io));

TEST_P(EachExecution, AnswersWithWhatTheHandlerSees) {
  add(Method::post, "/models/{name}", [](Request& request) -> Result<Response> {
    return Response::json({{"path", request.path},
                           {"target", request.target},
                           {"name", request.parameter("name")},
                           {"q", request.query.find("q").value_or("")},
                           {"body", request.body},
                           {"remote", request.remote_address},
                           {"x", request.headers.find("x-own").value_or("")}});
  });
  test.start();
  ClientRequest request{.method = Method::post,
                        .url = "/models/a%20b?q=1%2B1",
                        .headers = {},
                        .body = "hello",
                        .body_stream = {},
                        .body_length = {},
                        .sink = {}};
  request.headers.add("X-Own", "yes");
  const auto response = test.send(request);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body,
            R"({"path":"/models/a b","target":"/models/a%20b?q=1%2B1","name":"a b","q":"1+1","body":"hello",)"
            R"("remote":"127.0.0.1","x":"yes"})");
  EXPECT_EQ(response.headers.find("x-content-type-options"), "nosniff");
  EXPECT_EQ(response.headers.find("cache-control"), "no-store");
  EXPECT_EQ(response.headers.find("x-request-id")->size(), 32U);
  EXPECT_TRUE(response.headers.find("date")->ends_with("GMT"));
}

TEST_P(EachExecution, TakesBodiesInPieces) {
  add(Method::post, "/echo", echo);
  test.start();
  BareSocket socket(test.server->port());
  socket.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n01");
  socket.send("234");
  socket.send("56789");
  EXPECT_TRUE(socket.read_until("0123456789").ends_with("\r\n\r\n0123456789"));
  socket.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  socket.send("4;ext=1\r\nde");
  socket.send("fg\r\n0\r\nTrailer: t\r\n\r\n");
  EXPECT_TRUE(socket.read_until("abcdefg").ends_with("\r\n\r\nabcdefg"));
}

TEST_P(EachExecution, LimitsBodies) {
  test.add({.method = Method::post,
            .pattern = "/small",
            .access = Access::open,
            .body_limit = 10,
            .execution = GetParam(),
            .handler = echo});
  test.start();
  EXPECT_EQ(test.send({.method = Method::post, .url = "/small", .body = "0123456789"}).status, 200);
  const auto refused = test.send({.method = Method::post, .url = "/small", .body = "0123456789a"});
  EXPECT_EQ(refused.status, 413);
  EXPECT_NE(refused.body.find("too_large"), std::string::npos);
  EXPECT_EQ(status_in(test.exchange(
                "POST /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n0\r\n\r\n")),
            413);
  EXPECT_EQ(status_in(test.exchange("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999\r\n\r\n")), 413);
}

TEST_P(EachExecution, InflatesBodies) {
  test.add({.method = Method::post,
            .pattern = "/echo",
            .access = Access::open,
            .body_limit = 100'000,
            .execution = GetParam(),
            .handler = echo});
  test.start();
  const auto send = [&](const std::string& text, const std::string& encoding) {
    std::string packed(compressBound(text.size()), '\0');
    uLongf size = packed.size();
    EXPECT_EQ(compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(text.data()),
                       text.size()),
              Z_OK);
    packed.resize(size);
    ClientRequest request{.method = Method::post, .url = "/echo", .body = packed};
    request.headers.add("content-encoding", encoding);
    return test.send(std::move(request));
  };
  EXPECT_EQ(send("abc", "deflate").body, "abc");
  EXPECT_EQ(send(std::string(1'000'000, 'x'), "deflate").status, 413);
  EXPECT_EQ(send("abc", "br").status, 415);
  EXPECT_EQ(test.send({.method = Method::post, .url = "/echo", .body = "still there"}).body, "still there");
}

TEST_P(EachExecution, AnExceptionIsAnAnswer) {
  std::mutex mutex;
  std::string reported;
  test.settings.on_failure = [&](std::string_view text) {
    const std::lock_guard lock(mutex);
    reported += text;
  };
  add(Method::get, "/throw", [](Request&) -> Result<Response> { throw std::runtime_error("secret detail"); });
  add(Method::get, "/throw-int", [](Request&) -> Result<Response> { throw 1; });
  test.start();
  const auto response = test.send({.url = "/throw"});
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body.find("secret detail"), std::string::npos);
  EXPECT_EQ(test.send({.url = "/throw-int"}).status, 500);
  const std::lock_guard lock(mutex);
  EXPECT_NE(reported.find("GET /throw (request "), std::string::npos);
  EXPECT_NE(reported.find("secret detail"), std::string::npos);
}

TEST_P(EachExecution, ErrorsSpeakTheRoutesDialect) {
  test.add({.method = Method::get,
            .pattern = "/dialect",
            .access = Access::open,
            .execution = GetParam(),
            .handler = [](Request&) -> Result<Response> { return fail(ErrorCode::not_found, "no such run"); },
            .render_error =
                [](const Error& error) { return Response::text("RESOURCE: " + error.message, "text/plain", 404); }});
  test.start();
  EXPECT_EQ(test.send({.url = "/dialect"}).body, "RESOURCE: no such run");
}

TEST_P(EachExecution, TheGuardGoesFirst) {
  TokenGuard guard;
  test.guard = &guard;
  std::atomic<int> calls = 0;
  test.add({.method = Method::post,
            .pattern = "/guarded",
            .action = "models/write",
            .execution = GetParam(),
            .handler = [&](Request& request) -> Result<Response> {
              ++calls;
              return Response::text(request.principal + request.body);
            }});
  test.start();
  const auto send = [&](const std::string& token, std::string body) {
    ClientRequest request{.method = Method::post, .url = "/guarded", .body = std::move(body)};
    if (!token.empty()) request.headers.add("authorization", "Bearer " + token);
    return test.send(std::move(request));
  };
  const std::string large(500'000, 'x');
  EXPECT_EQ(send("", "").status, 401);
  EXPECT_EQ(send("", large).status, 401);
  EXPECT_EQ(send("bad", "").status, 403);
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(send("good", "!").body, "ana!");
  EXPECT_EQ(send("good", large).body, "ana" + large);
  EXPECT_EQ(calls, 2);
}

TEST(Server, WithoutAGuardNobodyIsLetIn) {
  TestServer test;
  test.add({.method = Method::get, .pattern = "/x", .action = "x/read", .handler = echo});
  test.start();
  EXPECT_EQ(test.send({.url = "/x"}).status, 401);
}

TEST(Server, UnroutedRequests) {
  TestServer test;
  test.add_open(Method::get, "/a", [](Request&) -> Result<Response> { return Response::text("body"); });
  test.add_open(Method::post, "/a", echo);
  test.start();
  EXPECT_EQ(test.send({.url = "/b"}).status, 404);
  const auto wrong = test.send({.method = Method::del, .url = "/a"});
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.find("allow"), "GET, HEAD, POST, OPTIONS");
  const auto options = test.send({.method = Method::options, .url = "/a"});
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.headers.find("allow"), "GET, HEAD, POST, OPTIONS");
  const auto head = test.send({.method = Method::head, .url = "/a"});
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.find("content-length"), "4");
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(status_in(test.exchange("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")), 204);
  EXPECT_EQ(status_in(test.exchange("BREW /a HTTP/1.1\r\nHost: x\r\n\r\n")), 501);
  EXPECT_EQ(status_in(test.exchange("GET http://x/a HTTP/1.1\r\nHost: x\r\n\r\n")), 200);
}

TEST(Server, RequestIdsAreEchoedWhenSane) {
  TestServer test;
  test.add_open(Method::get, "/id",
                [](Request& request) -> Result<Response> { return Response::text(request.request_id); });
  test.start();
  ClientRequest request{.url = "/id"};
  request.headers.set("x-request-id", "abc-1.2_X");
  EXPECT_EQ(test.send(request).body, "abc-1.2_X");
  request.headers.set("x-request-id", "a b;<script>");
  EXPECT_EQ(test.send(request).body.size(), 32U);
  EXPECT_NE(test.send({.url = "/id"}).body, test.send({.url = "/id"}).body);
}

TEST(Server, AHandlerCannotSplitTheAnswer) {
  TestServer test;
  test.add_open(Method::get, "/x", [](Request&) -> Result<Response> {
    Response response = Response::text("ok");
    response.headers.add("x-name", "a\r\nset-cookie: b");
    response.headers.add("content-length", "999");
    return response;
  });
  test.start();
  const auto response = test.send({.url = "/x"});
  EXPECT_EQ(response.headers.find("set-cookie"), std::nullopt);
  EXPECT_EQ(response.body, "ok");
}

TEST(Server, PipelinedRequestsAreAnsweredInOrder) {
  TestServer test;
  test.add_open(Method::get, "/{n}", [](Request& request) -> Result<Response> {
    return Response::text("<" + request.parameter("n") + ">");
  });
  test.add_open(
      Method::post, "/{n}",
      [](Request& request) -> Result<Response> { return Response::text("[" + request.body + "]"); }, Execution::io);
  test.start();
  std::string bytes;
  std::string expected;
  for (int i = 0; i < 50; ++i) {
    const std::string n = std::to_string(i);
    bytes += i % 2 ? "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(n.size()) + "\r\n\r\n" + n
                   : "GET /" + n + " HTTP/1.1\r\nHost: x\r\n\r\n";
    expected += i % 2 ? "[" + n + "]" : "<" + n + ">";
  }
  std::string answer = test.exchange(bytes);
  std::string bodies;
  for (std::size_t at = 0; (at = answer.find("\r\n\r\n", at)) != std::string::npos; at += 4) {
    const std::size_t end = answer.find("HTTP/1.1", at);
    bodies += answer.substr(at + 4, end == std::string::npos ? end : end - at - 4);
  }
  EXPECT_EQ(bodies, expected);
}

TEST(Server, KeepAliveAsAsked) {
  TestServer test;
  test.add_open(Method::get, "/", [](Request&) -> Result<Response> { return Response::text("ok"); });
  test.start();
  BareSocket kept(test.server->port());
  for (int i = 0; i < 3; ++i) {
    kept.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(kept.read_until("ok").find("connection:"), std::string::npos);
  }
  kept.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_NE(kept.read_to_end().find("connection: close"), std::string::npos);
  BareSocket old(test.server->port());
  old.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(old.read_until("ok").find("connection: keep-alive"), std::string::npos);
  old.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_NE(old.read_to_end().find("connection: close"), std::string::npos);
}

TEST(Server, ExpectContinue) {
  TestServer test;
  test.add({.method = Method::post, .pattern = "/x", .access = Access::open, .body_limit = 10, .handler = echo});
  test.start();
  BareSocket good(test.server->port());
  good.send("POST /x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(good.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  good.send("abc");
  EXPECT_TRUE(good.read_until("abc").starts_with("HTTP/1.1 200 OK\r\n"));
  BareSocket large(test.server->port());
  large.send("POST /x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n");
  EXPECT_EQ(status_in(large.read_until("\r\n\r\n")), 413);
  EXPECT_EQ(status_in(test.exchange("POST /x HTTP/1.1\r\nHost: x\r\nExpect: money\r\nContent-Length: 1\r\n\r\na")),
            417);
}

TEST(Server, TellsWhatItServed) {
  TestServer test;
  std::promise<std::tuple<std::string, int, std::size_t, std::string>> told;
  test.add_open(Method::post, "/x/{y}", echo);
  test.start([&](const Served& served) {
    told.set_value(
        {served.route ? served.route->pattern : "", served.status, served.request_bytes, std::string(served.path)});
  });
  test.send({.method = Method::post, .url = "/x/1", .body = "12345"});
  EXPECT_EQ(told.get_future().get(),
            (std::tuple<std::string, int, std::size_t, std::string>{"/x/{y}", 200, 5, "/x/1"}));
}

TEST(Server, MoreThanTheWorkersCanTakeIsRefused) {
  TestServer test;
  test.settings.worker_threads = 1;
  test.settings.worker_queue = 0;
  std::promise<void> entered;
  std::promise<void> release;
  test.add_open(Method::get, "/slow", [&](Request&) -> Result<Response> {
    entered.set_value();
    release.get_future().wait();
    return Response::text("done");
  });
  test.add_open(Method::get, "/fast", echo);
  test.start();
  auto slow = std::async(std::launch::async, [&] { return test.send({.url = "/slow"}).body; });
  entered.get_future().wait();
  const auto refused = test.send({.url = "/fast"});
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.find("retry-after"), "1");
  release.set_value();
  EXPECT_EQ(slow.get(), "done");
  EXPECT_EQ(test.send({.url = "/fast"}).status, 200);
}

TEST(Server, MoreConnectionsThanAllowedAreRefused) {
  TestServer test;
  test.settings.max_connections = 1;
  test.add_open(Method::get, "/", echo);
  test.start();
  BareSocket first(test.server->port());
  first.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(status_in(first.read_until("\r\n\r\n")), 200);
  EXPECT_EQ(status_in(BareSocket(test.server->port()).read_to_end()), 503);
}

TEST(Server, SeveralIoThreadsShareTheConnections) {
  TestServer test;
  test.settings.io_threads = 3;
  std::mutex mutex;
  std::vector<std::thread::id> threads;
  test.add_open(
      Method::get, "/",
      [&](Request&) -> Result<Response> {
        const std::lock_guard lock(mutex);
        threads.push_back(std::this_thread::get_id());
        return Response::text("ok");
      },
      Execution::io);
  test.start();
  for (int i = 0; i < 3; ++i) {
    BareSocket socket(test.server->port());
    socket.send("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    socket.read_to_end();
  }
  ASSERT_EQ(threads.size(), 6U);
  EXPECT_EQ(threads[0], threads[1]);
  EXPECT_NE(threads[0], threads[2]);
  EXPECT_NE(threads[2], threads[4]);
}

TEST(Server, StartFailuresSayWhatToDo) {
  TestServer test;
  test.start();
  Router router;
  Server second(router, nullptr, {.port = test.server->port()});
  const auto taken = second.start();
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::conflict);
  EXPECT_NE(taken.error().message.find("127.0.0.1:" + std::to_string(test.server->port())), std::string::npos);
  EXPECT_FALSE(taken.error().hint.empty());
  EXPECT_EQ(Server(router, nullptr, {.address = "not-an-address"}).start().error().code, ErrorCode::invalid);
  EXPECT_EQ(Server(router, nullptr, {.address = "192.0.2.1"}).start().error().code, ErrorCode::invalid);
  EXPECT_EQ(Server(router, nullptr, {.tls = TlsSettings{.certificate_file = "/no/cert.pem", .key_file = "/no/key.pem"}})
                .start()
                .error()
                .code,
            ErrorCode::invalid);
}

}  // namespace
}  // namespace ciclo::http
