#include "platform/http/client.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "platform/http/test_support.hpp"

namespace ciclo::http {
namespace {

// Answers each connection, in turn, with the bytes it was given, after it saw the end of a request's head.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<std::string> answers) : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = static_cast<sockaddr*>(static_cast<void*>(&address));
    EXPECT_EQ(::bind(listener_, generic, size), 0);
    EXPECT_EQ(::listen(listener_, 10), 0);
    EXPECT_EQ(::getsockname(listener_, generic, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this, answers = std::move(answers)] {
      for (const std::string& answer : answers) serve(answer);
    });
  }
  ~ScriptedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  std::string url(std::string_view path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }
  int served() const { return served_; }

 private:
  void serve(const std::string& answer) {
    const int connection = ::accept(listener_, nullptr, nullptr);
    if (connection < 0) return;
    std::string seen;
    char piece[4096];
    while (seen.find("\r\n\r\n") == std::string::npos) {
      const ssize_t size = ::recv(connection, piece, sizeof(piece), 0);
      if (size <= 0) break;
      seen.append(piece, static_cast<std::size_t>(size));
    }
    ++served_;  // before the answer, upon which the test reads it
    EXPECT_EQ(::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL), static_cast<ssize_t>(answer.size()));
    ::close(connection);
  }

  int listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> served_ = 0;
  std::jthread thread_;
};

TEST(Client, SaysWhomItCannotReach) {
  Client client;
  const auto response = client.send({.url = "http://127.0.0.1:1/x"});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::unavailable);
  EXPECT_EQ(response.error().text(),
            "cannot reach http://127.0.0.1:1: connection refused (check that the server is running)");
}

TEST(Client, RefusesWhatIsNoUrl) {
  Client client;
  // The last but one: Boost.URL 1.81 would connect to the address that the name begins with.
  for (const char* url : {"", "127.0.0.1:80", "ftp://x/", "http://", "http://user:pw@x/", "http://x y/",
                          "http://127.0.0.1.example.org/", "http://127.0.0.1:99999999/"}) {
    const auto response = client.send({.url = url});
    ASSERT_FALSE(response) << url;
    EXPECT_EQ(response.error().code,
              url == std::string("http://127.0.0.1:99999999/") ? ErrorCode::unavailable : ErrorCode::invalid)
        << url;
  }
  ClientRequest split{.url = "http://127.0.0.1:1/"};
  split.headers.add("x", "a\r\nb: c");
  EXPECT_EQ(client.send(split).error().code, ErrorCode::invalid);
}

TEST(Client, KeepsConnections) {
  TestServer test;
  std::atomic<int> connections = 0;
  test.settings.max_connections = 1;
  test.add_open(Method::post, "/", [&](Request& request) -> Result<Response> { return Response::text(request.body); });
  test.start();
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(test.send({.method = Method::post, .url = "/", .body = std::to_string(i)}).body, std::to_string(i));
}

TEST(Client, ManyThreadsShareIt) {
  TestServer test;
  test.add_open(Method::get, "/{n}",
                [](Request& request) -> Result<Response> { return Response::text(request.parameter("n")); });
  test.start();
  std::vector<std::jthread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const std::string n = std::to_string(t * 1000 + i);
        EXPECT_EQ(test.send({.url = "/" + n}).body, n);
      }
    });
  }
}

TEST(Client, SendsDefaultHeadersUnlessReplaced) {
  TestServer test;
  test.add_open(Method::get, "/", [](Request& request) -> Result<Response> {
    return Response::text(std::string(request.headers.find("authorization").value_or("none")) +
                          std::to_string(request.headers.fields().size()));
  });
  test.start();
  ClientSettings settings;
  settings.default_headers.add("Authorization", "default");
  Client client(settings);
  ClientRequest request{.url = test.url("/")};
  EXPECT_EQ(client.send(request)->body, "default3");
  request.headers.add("authorization", "own");
  EXPECT_EQ(client.send(request)->body, "own3");
}

TEST(Client, RepeatsOnAStaleConnectionOnlyWhatIsHarmless) {
  const std::string kept = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
  {
    const ScriptedServer server({kept, kept});
    Client client;
    EXPECT_EQ(client.send({.url = server.url()})->body, "a");
    EXPECT_EQ(client.send({.url = server.url()})->body, "a");
    EXPECT_EQ(server.served(), 2);
  }
  const ScriptedServer server({"", kept});
  Client client;
  const auto lost = client.send({.method = Method::post, .url = server.url(), .body = "x"});
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::unavailable);
  EXPECT_EQ(server.served(), 1);
}

TEST(Client, ReadsEveryFraming) {
  const ScriptedServer server({"HTTP/1.1 200 OK\r\n\r\nuntil the end",
                               "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: "
                               "chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
                               "HTTP/1.1 204 No Content\r\n\r\n",
                               "HTTP/1.0 404 Not Found\r\nContent-Length: 2\r\n\r\nno"});
  Client client;
  EXPECT_EQ(client.send({.url = server.url()})->body, "until the end");
  EXPECT_EQ(client.send({.url = server.url()})->body, "abc");
  EXPECT_EQ(client.send({.url = server.url()})->status, 204);
  std::string sunk;
  const auto missing = client.send({.url = server.url(), .sink = [&](std::string_view piece) -> Result<void> {
                                      sunk += piece;
                                      return {};
                                    }});
  EXPECT_EQ(missing->body, "no");
  EXPECT_EQ(sunk, "");
}

TEST(Client, RefusesAnswersThatAreWrong) {
  const ScriptedServer server({"SSH-2.0-x\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
                               "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + std::string(100, 'x')});
  Client client({.max_response_bytes = 50});
  EXPECT_EQ(client.send({.url = server.url()}).error().code, ErrorCode::unavailable);
  EXPECT_EQ(client.send({.url = server.url()}).error().code, ErrorCode::unavailable);
  EXPECT_EQ(client.send({.url = server.url()}).error().code, ErrorCode::too_large);
}

TEST(Client, ASinkCanStop) {
  TestServer test;
  test.add_open(Method::get, "/",
                [](Request&) -> Result<Response> { return Response::text(std::string(1'000'000, 'x')); });
  test.start();
  const auto response = test.client.send({.url = test.url("/"), .sink = [](std::string_view) -> Result<void> {
                                            return fail(ErrorCode::quota, "enough");
                                          }});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().message, "enough");
  EXPECT_EQ(test.send({.url = "/"}).body.size(), 1'000'000U);
}

TEST(Client, ASilentServerIsATimeout) {
  TestServer test;
  std::atomic<bool> release = false;
  test.add_open(Method::get, "/", [&](Request&) -> Result<Response> {
    release.wait(false);
    return Response::text("late");
  });
  test.start();
  Client client({.timeout = std::chrono::milliseconds(50)});
  const auto response = client.send({.url = test.url("/")});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::timeout);
  release = true;
  release.notify_all();
}

TEST(Client, AnErrorOfTheBodyStreamEndsTheRequest) {
  TestServer test;
  test.add_open(Method::put, "/", [](Request& request) -> Result<Response> { return Response::text(request.body); });
  test.start();
  const auto response =
      test.client.send({.method = Method::put, .url = test.url("/"), .body_stream = []() -> Result<std::string> {
                          return fail(ErrorCode::not_found, "the file is gone");
                        }});
  ASSERT_FALSE(response);
  EXPECT_NE(response.error().message.find("the file is gone"), std::string::npos);
}

}  // namespace
}  // namespace ciclo::http
