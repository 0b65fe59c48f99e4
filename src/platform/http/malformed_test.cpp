// What no proper client sends.
#include <gtest/gtest.h>

#include "platform/http/test_support.hpp"

namespace ciclo::http {
namespace {

class Malformed : public testing::Test {
 protected:
  TestServer test;

  void SetUp() override {
    test.settings.header_timeout = std::chrono::milliseconds(100);
    test.settings.body_timeout = std::chrono::milliseconds(100);
    test.settings.idle_timeout = std::chrono::milliseconds(300);
    test.add_open(Method::get, "/{path*}",
                  [](Request& request) -> Result<Response> { return Response::text(request.path); });
    test.add_open(Method::post, "/{path*}",
                  [](Request& request) -> Result<Response> { return Response::text("got " + request.body); });
    test.start();
  }

  // The server must still answer others.
  void TearDown() override { EXPECT_EQ(test.send({.url = "/alive"}).body, "/alive"); }
};

TEST_F(Malformed, IsRefused) {
  const std::vector<std::pair<std::string, int>> table = {
      {"\r\n\r\n", 400},
      {"GET\r\n\r\n", 400},
      {"GET / HTTP/1.1\nHost: x\n\n", 400},
      {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: x\r\nBad Name: 1\r\n\r\n", 400},
      {std::string("GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n", 35), 400},
      {"GET relative HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET /?a=%f HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET /%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", 404},
      {"GET /../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", 404},
      {"GET /a%00b HTTP/1.1\r\nHost: x\r\n\r\n", 404},
      {"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", 501},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400},
  };
  for (const auto& [bytes, status] : table) EXPECT_EQ(status_in(test.exchange(bytes)), status) << bytes;
}

TEST_F(Malformed, SmugglingIsRefusedAndTheConnectionClosed) {
  const std::vector<std::string> framings = {
      "Content-Length: 3\r\nContent-Length: 3\r\n",
      "Content-Length: 3\r\nContent-Length: 4\r\n",
      "Content-Length: 3, 3\r\n",
      "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: chunked, identity\r\n",
      "Transfer-Encoding: identity, chunked\r\n",
      "Transfer-Encoding: xchunked\r\n",
      "Transfer-Encoding: identity\r\nContent-Length: 3\r\n",
      "Content-Length: +3\r\n",
      "Content-Length: -3\r\n",
      "Content-Length: 0x3\r\n",
      "Content-Length: 99999999999999999999999\r\n",
  };
  for (const std::string& framing : framings) {
    const std::string answer = test.exchange("POST /a HTTP/1.1\r\nHost: x\r\n" + framing +
                                             "\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(status_in(answer), 400) << framing;
    EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos) << "a second request was served after " << framing;
  }
  EXPECT_EQ(status_in(test.exchange("POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")), 400);
}

TEST_F(Malformed, BadChunksAreRefused) {
  const std::string head = "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string body : {"z\r\nabc\r\n0\r\n\r\n", "3\r\nabcd\r\n0\r\n\r\n", "-1\r\n\r\n",
                                 "ffffffffffffffffff\r\n", "3 \nabc\r\n0\r\n\r\n"})
    EXPECT_EQ(status_in(test.exchange(head + body)), 400) << body;
  EXPECT_EQ(status_in(test.exchange(head + "3;" + std::string(100'000, 'e'))), 400) << "an endless extension";
  EXPECT_EQ(status_in(test.exchange(head + "ffffffffffffff\r\nabc")), 413);
}

TEST_F(Malformed, OverLongPartsAreRefused) {
  EXPECT_EQ(status_in(test.exchange("GET /" + std::string(9'000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n")), 414);
  EXPECT_EQ(status_in(test.exchange("GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n")), 414);
  EXPECT_EQ(status_in(test.exchange("GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(40'000, 'a') + "\r\n\r\n")), 431);
  std::string many = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 300; ++i) many += "a: b\r\n";
  EXPECT_EQ(status_in(test.exchange(many + "\r\n")), 431);
}

TEST_F(Malformed, ASlowHeadEndsInTime) {
  BareSocket slow(test.server->port());
  slow.send("GET / HTTP/1.1\r\nHo");
  EXPECT_EQ(status_in(slow.read_to_end()), 408);
}

TEST_F(Malformed, ASlowBodyEndsInTime) {
  BareSocket slow(test.server->port());
  slow.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  const std::string answer = slow.read_to_end();
  EXPECT_EQ(status_in(answer), 408);
  EXPECT_NE(answer.find("connection: close"), std::string::npos);
}

TEST_F(Malformed, AnIdleConnectionIsClosedSilently) {
  EXPECT_TRUE(BareSocket(test.server->port()).is_closed());
}

TEST_F(Malformed, AClientThatGoesAwayHarmsNobody) {
  for (const char* bytes : {"", "GET", "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                            "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"}) {
    const BareSocket socket(test.server->port());
    socket.send(bytes);
  }
}

}  // namespace
}  // namespace ciclo::http
