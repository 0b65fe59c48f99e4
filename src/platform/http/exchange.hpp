// Internal to this folder: the conversation between a handler on a worker thread and its connection on an I/O thread.
//
// The worker pushes events (it wants more of the body, here is the answer, here is a piece of it) and, where the event
// asks for one, waits for the reply; the connection's coroutine takes the events in order. At most one piece is under
// way while the worker makes the next: that is the back-pressure.
//
// Thread safety: the worker's side from one thread, the I/O side from the connection's coroutine, both at once.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <variant>

#include "platform/http/asio.hpp"
#include "platform/http/message.hpp"

namespace ciclo::http {

class Exchange final : public BodyReader {
 public:
  struct Admitted {};  // the Guard let the request in
  struct Want {
    std::size_t max = 0;
  };  // asks for a reply: up to `max` bytes of the body
  struct Answer {
    Response response;
    bool streams = false;
  };
  struct Piece {
    std::string bytes;
  };  // asks for a reply: empty
  struct End {
    bool complete = false;
  };  // of a streamed answer
  using Event = std::variant<Admitted, Want, Answer, Piece, End>;

  explicit Exchange(Executor executor) : executor_(std::move(executor)) {}

  // Worker's side.
  Result<std::string> read(std::size_t max) override;
  Result<void> send(std::string bytes);
  void push(Event event);

  // I/O side.
  Awaitable<Event> next();
  void reply(Result<std::string> reply);

 private:
  Result<std::string> wait_reply();
  Awaitable<> ready();

  Executor executor_;
  std::mutex mutex_;
  std::deque<Event> events_;
  std::move_only_function<void()> waiter_;
  std::optional<Result<std::string>> reply_;
  std::condition_variable replied_;
};

}  // namespace ciclo::http
