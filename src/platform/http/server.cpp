#include "platform/http/server.hpp"

#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <vector>

#include "platform/http/core.hpp"

namespace ciclo::http {
namespace {

constexpr std::chrono::milliseconds pause_without_descriptors{50};
constexpr std::string_view busy_answer =
    "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 1\r\nconnection: close\r\n"
    "cache-control: no-store\r\nx-content-type-options: nosniff\r\n\r\n";

Failure cannot_listen(const ServerSettings& settings, const error_code& failure) {
  const std::string place = settings.address + ":" + std::to_string(settings.port);
  const std::string message = "cannot listen on " + place + ": " + failure.message();
  if (failure == asio::error::address_in_use)
    return fail(ErrorCode::conflict, "cannot listen on " + place + ": the port is in use", place,
                "stop the program that uses it, or choose another port");
  if (failure == asio::error::access_denied)
    return fail(ErrorCode::denied, message, place, "ports below 1024 need rights; choose a higher one");
  return fail(ErrorCode::invalid, message, place, "give an address of this machine");
}

}  // namespace

class Server::Impl {
 public:
  Impl(const Router& router, Guard* guard, ServerSettings settings, std::function<void(const Served&)> on_served)
      : core_{.router = router,
              .guard = guard,
              .settings = settings,
              .on_served = std::move(on_served),
              .pool = WorkerPool(settings.worker_threads, settings.worker_queue),
              .tls = nullptr} {}

  ~Impl() { stop(std::chrono::milliseconds(0)); }

  Result<void> start() {
    if (!reactors_.empty()) return fail(ErrorCode::conflict, "the server was started before");
    if (core_.settings.tls) {
      const auto report = [this](std::string_view failure) { core_.report(failure); };
      CICLO_TRY(core_.tls, ServerTls::open(*core_.settings.tls, report));
    }
    for (int i = 0; i < std::max(core_.settings.io_threads, 1); ++i)
      reactors_.push_back(std::make_unique<Reactor>(core_));
    if (auto listening = listen(); !listening) {
      acceptor_.reset();
      retry_.reset();
      reactors_.clear();
      return listening;
    }
    asio::co_spawn(reactors_.front()->io(), accept(), asio::detached);
    for (const auto& reactor : reactors_) reactor->start();
    return {};
  }

  std::uint16_t port() const { return port_; }

  void stop(std::chrono::milliseconds grace) {
    if (reactors_.empty() || core_.stopping.exchange(true)) return;
    asio::post(reactors_.front()->io(), [this] {
      error_code ignored;
      acceptor_->close(ignored);
      retry_->cancel();
    });
    for (const auto& reactor : reactors_) reactor->stop_soon();
    const auto end = std::chrono::steady_clock::now() + grace;
    while (core_.connections.load() > 0 && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    for (const auto& reactor : reactors_) reactor->stop_now();
    for (const auto& reactor : reactors_) reactor->join();
    core_.pool.stop();
    acceptor_.reset();
    retry_.reset();
    reactors_.clear();
  }

 private:
  Result<void> listen() {
    error_code failure;
    const auto address = asio::ip::make_address(core_.settings.address, failure);
    if (failure)
      return fail(ErrorCode::invalid, "'" + core_.settings.address + "' is no IP address", core_.settings.address,
                  "give one such as 127.0.0.1 or 0.0.0.0");
    const tcp::endpoint endpoint(address, core_.settings.port);
    acceptor_.emplace(reactors_.front()->io().get_executor());
    retry_.emplace(reactors_.front()->io().get_executor());
    acceptor_->open(endpoint.protocol(), failure);
    if (!failure) acceptor_->set_option(asio::socket_base::reuse_address(true), failure);
    if (!failure) acceptor_->bind(endpoint, failure);
    if (!failure) acceptor_->listen(asio::socket_base::max_listen_connections, failure);
    if (failure) return cannot_listen(core_.settings, failure);
    port_ = acceptor_->local_endpoint(failure).port();
    return {};
  }

  // One acceptor hands connections out in turn, so that a port in use is always noticed (SO_REUSEPORT would share it).
  Awaitable<> accept() {
    std::size_t turn = 0;
    while (acceptor_->is_open()) {
      Reactor& reactor = *reactors_[turn % reactors_.size()];
      Socket socket(reactor.io().get_executor());
      const auto [failure] = co_await acceptor_->async_accept(socket, as_result);
      if (core_.stopping.load()) co_return;
      if (failure) {
        if (failure == asio::error::no_descriptors) core_.report("cannot accept a connection: " + failure.message());
        retry_->expires_after(pause_without_descriptors);
        co_await retry_->async_wait(as_result);
        continue;
      }
      if (core_.connections.fetch_add(1) >= core_.settings.max_connections) {
        core_.connections.fetch_sub(1);
        refuse(socket);
        continue;
      }
      ++turn;
      reactor.adopt(std::move(socket));
    }
  }

  void refuse(Socket& socket) const {
    error_code ignored;
    socket.non_blocking(true, ignored);
    if (!core_.tls) socket.write_some(asio::buffer(busy_answer), ignored);
    socket.shutdown(tcp::socket::shutdown_send, ignored);
  }

  Core core_;
  std::vector<std::unique_ptr<Reactor>> reactors_;
  std::optional<Acceptor> acceptor_;
  std::optional<
      asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>>
      retry_;
  std::uint16_t port_ = 0;
};

Server::Server(const Router& router, Guard* guard, ServerSettings settings,
               std::function<void(const Served&)> on_served)
    : impl_(std::make_unique<Impl>(router, guard, std::move(settings), std::move(on_served))) {}

Server::~Server() = default;

Result<void> Server::start() {
  return impl_->start();
}
std::uint16_t Server::port() const {
  return impl_->port();
}
void Server::stop(std::chrono::milliseconds grace) {
  impl_->stop(grace);
}

}  // namespace ciclo::http
