#include "platform/http/exchange.hpp"

#include <boost/asio/post.hpp>

namespace ciclo::http {

Result<std::string> Exchange::read(std::size_t max) {
  if (max == 0) return std::string();
  push(Want{max});
  return wait_reply();
}

Result<void> Exchange::send(std::string bytes) {
  push(Piece{std::move(bytes)});
  auto reply = wait_reply();
  if (!reply) return std::unexpected(std::move(reply).error());
  return {};
}

void Exchange::push(Event event) {
  std::move_only_function<void()> waiter;
  {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    waiter = std::exchange(waiter_, nullptr);
  }
  if (waiter) asio::post(executor_, std::move(waiter));
}

Result<std::string> Exchange::wait_reply() {
  std::unique_lock lock(mutex_);
  replied_.wait(lock, [this] { return reply_.has_value(); });
  Result<std::string> reply = *std::move(reply_);
  reply_.reset();
  return reply;
}

void Exchange::reply(Result<std::string> reply) {
  const std::lock_guard lock(mutex_);
  reply_ = std::move(reply);
  replied_.notify_one();
}

Awaitable<> Exchange::ready() {
  const asio::use_awaitable_t<Executor> token;
  co_await asio::async_initiate<const asio::use_awaitable_t<Executor>&, void()>(
      [this](auto handler) {
        std::unique_lock lock(mutex_);
        if (events_.empty()) {
          waiter_ = std::move(handler);
          return;
        }
        lock.unlock();
        asio::post(executor_, std::move(handler));
      },
      token);
}

Awaitable<Exchange::Event> Exchange::next() {
  co_await ready();
  const std::lock_guard lock(mutex_);
  Event event = std::move(events_.front());
  events_.pop_front();
  co_return event;
}

}  // namespace ciclo::http
