// Bodies that do not fit in memory, both ways, and how a server ends.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <future>
#include <thread>

#include "platform/http/test_support.hpp"

namespace ciclo::http {
namespace {

constexpr std::uint64_t large_bytes = 50U << 20U;

std::uint64_t peak_memory_bytes() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6)) * 1024;
  return 0;
}

// `total` bytes that tell where they stand, in pieces of `piece`.
BodySource numbers(std::uint64_t total, std::size_t piece) {
  return [total, piece, at = std::uint64_t{0}]() mutable -> Result<std::string> {
    std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(piece, total - at)), '\0');
    for (char& byte : bytes) byte = static_cast<char>(at++ % 251);
    return bytes;
  };
}

struct Check {
  std::uint64_t size = 0;
  bool right = true;
  void take(std::string_view bytes) {
    for (const char byte : bytes) right = right && byte == static_cast<char>(size++ % 251);
  }
};

Result<Response> count(Request& request) {
  Check check;
  while (true) {
    CICLO_TRY(const std::string piece, request.stream->read(1U << 20U));
    if (piece.empty()) return Response::text(std::to_string(check.size) + (check.right ? " right" : " wrong"));
    check.take(piece);
  }
}

struct Streams {
  TestServer test;

  Streams() {
    add(Method::put, "/count", count, large_bytes + 100);
    add(Method::put, "/limited", count, 1000);
    add(
        Method::put, "/ignore", [](Request&) -> Result<Response> { return Response::text("ignored"); }, large_bytes);
    test.add_open(Method::get, "/large", [](Request& request) -> Result<Response> {
      Response response;
      response.stream = numbers(large_bytes, 100'000);
      if (request.query.find("length")) response.stream_length = large_bytes;
      return response;
    });
  }
  void add(Method method, std::string pattern, Handler handler, std::size_t limit) {
    test.add({.method = method,
              .pattern = std::move(pattern),
              .access = Access::open,
              .body_limit = limit,
              .body = BodyMode::streamed,
              .handler = std::move(handler)});
  }
  ClientResponse upload(const std::string& path, std::uint64_t bytes, bool with_length) {
    ClientRequest request{.method = Method::put, .url = path, .body_stream = numbers(bytes, 70'000)};
    if (with_length) request.body_length = bytes;
    return test.send(std::move(request));
  }
};

TEST(Streams, LargeBodiesBothWaysInConstantMemory) {
  Streams streams;
  streams.test.start();
  EXPECT_EQ(streams.upload("/count", 10, true).body, "10 right");
  [[maybe_unused]] const std::uint64_t before = peak_memory_bytes();
  for (const bool with_length : {true, false}) {
    EXPECT_EQ(streams.upload("/count", large_bytes, with_length).body, std::to_string(large_bytes) + " right");
    Check check;
    const auto response = streams.test.send(
        {.url = with_length ? "/large?length" : "/large", .sink = [&](std::string_view piece) -> Result<void> {
           check.take(piece);
           return {};
         }});
    EXPECT_EQ(response.headers.find("content-length").has_value(), with_length);
    EXPECT_EQ(check.size, large_bytes);
    EXPECT_TRUE(check.right);
  }
#ifndef __SANITIZE_ADDRESS__
  EXPECT_LT(peak_memory_bytes() - before, 16U << 20U);
#endif
}

TEST(Streams, LimitsHold) {
  Streams streams;
  streams.test.start();
  EXPECT_EQ(streams.upload("/limited", 1000, false).body, "1000 right");
  EXPECT_EQ(streams.upload("/limited", 1001, false).status, 413);
  EXPECT_EQ(streams.upload("/limited", 1001, true).status, 413);
  EXPECT_EQ(streams.upload("/limited", large_bytes, true).status, 413);
}

TEST(Streams, AHandlerNeedNotReadTheBody) {
  Streams streams;
  streams.test.start();
  EXPECT_EQ(streams.upload("/ignore", 5, true).body, "ignored");
  EXPECT_EQ(streams.upload("/ignore", large_bytes, true).body, "ignored");
  EXPECT_EQ(streams.upload("/ignore", large_bytes, false).body, "ignored");
  EXPECT_EQ(streams.upload("/count", 5, true).body, "5 right");
}

TEST(Streams, HeadCallsNoSource) {
  Streams streams;
  streams.test.start();
  const auto head = streams.test.send({.method = Method::head, .url = "/large?length"});
  EXPECT_EQ(head.headers.find("content-length"), std::to_string(large_bytes));
  EXPECT_EQ(head.body, "");
}

TEST(Streams, AnErrorOfTheSourceCutsTheAnswer) {
  for (const Execution execution : {Execution::worker, Execution::io}) {
    for (const bool with_length : {true, false}) {
      TestServer test;
      test.add_open(
          Method::get, "/cut",
          [with_length](Request&) -> Result<Response> {
            Response response;
            response.stream = [n = 0]() mutable -> Result<std::string> {
              if (++n > 3) return fail(ErrorCode::internal, "the disk broke");
              return std::string("piece");
            };
            if (with_length) response.stream_length = 100;
            return response;
          },
          execution);
      test.start();
      const auto response = test.client.send({.url = test.url("/cut")});
      ASSERT_FALSE(response);
      EXPECT_EQ(response.error().code, ErrorCode::unavailable);
    }
  }
}

TEST(Streams, ASourceThatKeepsNotItsLengthIsCut) {
  TestServer test;
  std::atomic<int> failures = 0;
  test.settings.on_failure = [&](std::string_view) { ++failures; };
  test.add_open(Method::get, "/{length}", [](Request& request) -> Result<Response> {
    Response response;
    response.stream = numbers(10, 5);
    response.stream_length = std::stoull(request.parameter("length"));
    return response;
  });
  test.start();
  EXPECT_EQ(test.send({.url = "/10"}).body.size(), 10U);
  EXPECT_FALSE(test.client.send({.url = test.url("/9")}));
  EXPECT_FALSE(test.client.send({.url = test.url("/11")}));
  EXPECT_EQ(failures, 2);
}

TEST(Streams, AnOldClientGetsAnAnswerUntilTheClose) {
  TestServer test;
  test.add_open(Method::get, "/", [](Request&) -> Result<Response> {
    Response response;
    response.stream = numbers(10, 3);
    return response;
  });
  test.start();
  const std::string answer = test.exchange("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(answer.find("chunked"), std::string::npos);
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, 10U);
}

TEST(Streams, AStalledUploadIsATimeout) {
  Streams streams;
  streams.test.settings.body_timeout = std::chrono::milliseconds(100);
  streams.test.start();
  BareSocket socket(streams.test.server->port());
  socket.send("PUT /count HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(status_in(socket.read_to_end()), 408);
}

TEST(Streams, AClientThatStopsReadingIsCut) {
  Streams streams;
  streams.test.settings.write_timeout = std::chrono::milliseconds(100);
  std::promise<void> served;
  streams.test.start([&](const Served&) { served.set_value(); });
  const BareSocket socket(streams.test.server->port());
  socket.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(served.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST(Streams, ABodyMayBeSentBackAsItComes) {
  Streams streams;
  std::atomic<bool> done = false;
  streams.add(
      Method::post, "/back",
      [&](Request& request) -> Result<Response> {
        Response response;
        response.stream = [&done, body = request.stream]() -> Result<std::string> {
          auto piece = body->read(10'000);
          done = !piece || piece->empty();
          return piece;
        };
        return response;
      },
      large_bytes);
  streams.test.start();
  BareSocket socket(streams.test.server->port());
  socket.send("POST /back HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n0123456789");
  EXPECT_TRUE(socket.read_until("0123456789").ends_with("0123456789"));
  EXPECT_FALSE(done);
  socket.send("abcdefghij");
  EXPECT_TRUE(socket.read_until("0\r\n\r\n").ends_with("abcdefghij\r\n0\r\n\r\n"));
  EXPECT_TRUE(done);
}

TEST(Stop, LetsARunningRequestFinish) {
  TestServer test;
  std::promise<void> entered;
  std::promise<void> release;
  test.add_open(Method::get, "/slow", [&](Request&) -> Result<Response> {
    entered.set_value();
    release.get_future().wait();
    return Response::text("done");
  });
  test.start();
  const BareSocket idle(test.server->port());
  auto answer = std::async(std::launch::async, [&] { return test.send({.url = "/slow"}); });
  entered.get_future().wait();
  auto stopped = std::async(std::launch::async, [&] { test.server->stop(std::chrono::seconds(10)); });
  // Nobody new is let in while the request runs on.
  const std::string port = std::to_string(test.server->port());
  while (BareSocket(test.server->port()).connected()) std::this_thread::yield();
  EXPECT_EQ(stopped.wait_for(std::chrono::milliseconds(0)), std::future_status::timeout);
  release.set_value();
  const auto response = answer.get();
  EXPECT_EQ(response.body, "done");
  EXPECT_EQ(response.headers.find("connection"), "close");
  EXPECT_EQ(stopped.wait_for(std::chrono::seconds(5)), std::future_status::ready)
      << "the idle connection does not hold it up";
}

TEST(Stop, CutsWhatRunsOnAfterTheGrace) {
  Streams streams;
  std::promise<void> entered;
  streams.add(
      Method::put, "/wait",
      [&](Request& request) -> Result<Response> {
        entered.set_value();
        CICLO_TRY(const std::string piece, request.stream->read(100));
        return Response::text(piece);
      },
      100);
  streams.test.start();
  BareSocket upload(streams.test.server->port());
  upload.send("PUT /wait HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n");
  BareSocket download(streams.test.server->port());
  download.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
  entered.get_future().wait();
  EXPECT_EQ(status_in(download.read_until("\r\n\r\n")), 200);
  const auto start = std::chrono::steady_clock::now();
  streams.test.server->stop(std::chrono::milliseconds(50));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(Stop, CanBeCalledAtAnyTime) {
  Router router;
  Server server(router, nullptr, {});
  server.stop(std::chrono::milliseconds(0));
  ASSERT_TRUE(server.start());
  server.stop(std::chrono::milliseconds(0));
  server.stop(std::chrono::milliseconds(0));
}

}  // namespace
}  // namespace ciclo::http
