#include "scoring/masked_output.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "platform/log/mask.hpp"

namespace ciclo::scoring {
namespace {

constexpr std::size_t piece_bytes = 64U << 10U;

void write_all(int output, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(output, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // a full disk costs lines, not the model
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

Result<std::unique_ptr<MaskedOutput>> MaskedOutput::start(const std::vector<std::string>& hidden, int output) {
  std::unique_ptr<MaskedOutput> made(new MaskedOutput());
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(ErrorCode::unavailable, fmt::format("no pipe for a worker's output: {}", std::strerror(errno)));
  made->read_end_ = ends[0];
  made->write_end_ = ends[1];
  ::fcntl(made->read_end_, F_SETFL, O_NONBLOCK);
  made->stop_ = ::eventfd(0, EFD_CLOEXEC);
  if (made->stop_ < 0)
    return fail(ErrorCode::unavailable, fmt::format("no eventfd for a worker's output: {}", std::strerror(errno)));
  made->thread_ = std::jthread([self = made.get(), hidden, output] { self->pass_on(hidden, output); });
  return made;
}

MaskedOutput::~MaskedOutput() {
  close_input();
  if (thread_.joinable()) {
    const std::uint64_t one = 1;
    if (::write(stop_, &one, sizeof one) == sizeof one) thread_.join();
  }
  for (const int end : {read_end_, stop_})
    if (end >= 0) ::close(end);
}

void MaskedOutput::close_input() {
  if (write_end_ >= 0) ::close(write_end_);
  write_end_ = -1;
}

void MaskedOutput::pass_on(const std::vector<std::string>& hidden, int output) const {
  log::Masker masker(hidden);
  std::string piece(piece_bytes, '\0');
  bool is_stopping = false;
  while (true) {
    const ssize_t got = ::read(read_end_, piece.data(), piece.size());
    if (got > 0) {
      write_all(output, masker.take(std::string_view(piece).substr(0, static_cast<std::size_t>(got))));
      continue;
    }
    if (got < 0 && errno == EINTR) continue;
    if (got == 0 || errno != EAGAIN || is_stopping) break;
    std::array<pollfd, 2> waiting{{{read_end_, POLLIN, 0}, {stop_, POLLIN, 0}}};
    ::poll(waiting.data(), waiting.size(), -1);
    is_stopping = waiting[1].revents != 0;
  }
  write_all(output, masker.finish());
}

}  // namespace ciclo::scoring
