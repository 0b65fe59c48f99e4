// For this folder's tests only: a server over a router made in the test, and a bare socket for what no client sends.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "platform/http/client.hpp"
#include "platform/http/server.hpp"

namespace ciclo::http {

class BareSocket {
 public:
  explicit BareSocket(std::uint16_t port) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    const auto* generic = static_cast<const sockaddr*>(static_cast<const void*>(&address));
    connected_ = ::connect(descriptor_, generic, sizeof(address)) == 0;
  }
  ~BareSocket() { ::close(descriptor_); }
  BareSocket(const BareSocket&) = delete;
  BareSocket& operator=(const BareSocket&) = delete;

  bool connected() const { return connected_; }
  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t size = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (size <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(size));
    }
  }
  void shut_sending() const { ::shutdown(descriptor_, SHUT_WR); }
  // Until `end` was seen, or the peer closed.
  std::string read_until(std::string_view end) {
    std::string text;
    char piece[4096];
    while (end.empty() || text.find(end) == std::string::npos) {
      const ssize_t size = ::recv(descriptor_, piece, sizeof(piece), 0);
      if (size <= 0) break;
      text.append(piece, static_cast<std::size_t>(size));
    }
    return text;
  }
  std::string read_to_end() { return read_until(""); }
  // Whether the peer has closed; waits for it as long as recv does.
  bool is_closed() {
    char byte = 0;
    return ::recv(descriptor_, &byte, 1, 0) == 0;
  }

 private:
  int descriptor_;
  bool connected_ = false;
};

// Routes are added to `router` before start().
struct TestServer {
  Router router;
  ServerSettings settings;
  Guard* guard = nullptr;
  std::unique_ptr<Server> server;
  Client client;

  ~TestServer() { server.reset(); }

  void add(Route route) {
    const auto added = router.add(std::move(route));
    ASSERT_TRUE(added) << added.error().text();
  }
  void add_open(Method method, std::string pattern, Handler handler, Execution execution = Execution::worker) {
    add({.method = method,
         .pattern = std::move(pattern),
         .access = Access::open,
         .execution = execution,
         .handler = std::move(handler)});
  }
  void start(std::function<void(const Served&)> on_served = {}) {
    server = std::make_unique<Server>(router, guard, settings, std::move(on_served));
    const auto started = server->start();
    ASSERT_TRUE(started) << started.error().text();
  }
  std::string url(std::string_view path) const {
    return (settings.tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(server->port()) +
           std::string(path);
  }
  ClientResponse send(ClientRequest request) {
    request.url = url(request.url);
    auto response = client.send(request);
    EXPECT_TRUE(response) << response.error().text();
    return response ? *std::move(response) : ClientResponse();
  }
  // The whole answer to bytes as they are; the connection is closed behind them unless the server does it first.
  std::string exchange(std::string_view bytes) const {
    BareSocket socket(server->port());
    socket.send(bytes);
    socket.shut_sending();
    return socket.read_to_end();
  }
};

inline int status_in(std::string_view answer) {
  return answer.starts_with("HTTP/1.1 ") ? std::atoi(std::string(answer.substr(9, 3)).c_str()) : 0;
}

}  // namespace ciclo::http
