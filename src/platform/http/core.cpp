#include "platform/http/core.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <ctime>

#include "base/ids.hpp"
#include "platform/http/connection.hpp"

namespace ciclo::http {
namespace {

constexpr std::chrono::milliseconds sweep_period{200};

Awaitable<> live(std::shared_ptr<Connection> connection) {
  co_await connection->run();
}

}  // namespace

Reactor::Reactor(Core& core) : core_(core), work_(io_.get_executor()), timer_(io_.get_executor()) {
  for (std::uint64_t& state : id_state_) state = std::stoull(random_hex(8), nullptr, 16) | 1U;
  refresh_date();
}

Reactor::~Reactor() {
  join();
}

void Reactor::start() {
  schedule();
  thread_ = std::thread([this] {
    while (true) {
      try {
        io_.run();
        return;
      } catch (const std::exception& exception) {
        // Out of memory, at worst: that connection is gone, the others go on.
        core_.report(std::string("an exception on an I/O thread: ") + exception.what());
      }
    }
  });
}

void Reactor::adopt(Socket socket) {
  asio::post(io_, [this, socket = std::move(socket)]() mutable {
    auto connection = std::make_shared<Connection>(core_, *this, std::move(socket));
    if (stopping_) return;
    asio::co_spawn(io_, live(std::move(connection)), [this](const std::exception_ptr& failure) {
      if (failure) core_.report("a connection ended by an exception");
    });
  });
}

void Reactor::stop_soon() {
  asio::post(io_, [this] {
    stopping_ = true;
    for (Connection* connection : connections_) connection->stop_soon();
    sweep();
  });
}

void Reactor::stop_now() {
  asio::post(io_, [this] {
    for (Connection* connection : connections_) connection->stop_now();
  });
}

void Reactor::join() {
  if (thread_.joinable()) thread_.join();
}

void Reactor::schedule() {
  timer_.expires_after(stopping_ ? sweep_period / 20 : sweep_period);
  timer_.async_wait([this](const error_code& failure) {
    if (!failure) sweep();
  });
}

void Reactor::sweep() {
  refresh_date();
  const auto now = std::chrono::steady_clock::now();
  for (Connection* connection : connections_) connection->expire(now);
  if (stopping_ && connections_.empty()) {
    timer_.cancel();
    work_.reset();
    return;
  }
  schedule();
}

void Reactor::refresh_date() {
  const std::time_t now = std::time(nullptr);
  if (now == date_second_) return;
  date_second_ = now;
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 40> text{};
  date_.assign(text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts));
}

// xorshift128+, seeded from the system: ids need to differ, not to be secret.
std::string Reactor::next_request_id() {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string id(32, '0');
  for (std::size_t half = 0; half < 2; ++half) {
    std::uint64_t a = id_state_[0];
    const std::uint64_t b = id_state_[1];
    id_state_[0] = b;
    a ^= a << 23U;
    id_state_[1] = a ^ b ^ (a >> 17U) ^ (b >> 26U);
    std::uint64_t value = id_state_[1] + b;
    for (std::size_t i = 0; i < 16; ++i, value >>= 4U) id[half * 16 + i] = digits[value & 15U];
  }
  return id;
}

}  // namespace ciclo::http
