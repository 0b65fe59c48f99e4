#include "outer_loop/endpoints/scorer.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/wipe.hpp"

namespace ciclo::outer_loop {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t most_log_bytes = 16U << 20U;
constexpr std::chrono::hours watch_slice{1};
constexpr std::chrono::milliseconds first_pause{100};
constexpr std::chrono::milliseconds longest_pause{30'000};
constexpr int most_doublings = 16;

// A socket bound to the port on the loopback address (0: any), or -1.
int bound_socket(std::uint16_t port) {
  const int handle = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (handle < 0) return -1;
  const int yes = 1;
  ::setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the sockets API
  if (::bind(handle, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return handle;
  ::close(handle);
  return -1;
}

}  // namespace

HttpScorerControl::HttpScorerControl()
    : client_({.connect_timeout = std::chrono::seconds(2), .timeout = std::chrono::seconds(10)}) {}

Result<Json> HttpScorerControl::status(std::uint16_t port, const std::string& control_token) {
  http::ClientRequest request{.method = http::Method::get, .url = fmt::format("http://127.0.0.1:{}/-/status", port)};
  request.headers.set("authorization", "Bearer " + control_token);
  CICLO_TRY(const auto response, client_.send(request));
  if (response.status != 200)
    return fail(ErrorCode::unavailable, fmt::format("the scorer answered {} when asked how it is", response.status));
  return parse_json(response.body);
}

Result<void> HttpScorerControl::give_secrets(std::uint16_t port, const std::string& control_token,
                                             const std::string& pairs) {
  http::ClientRequest request{
      .method = http::Method::put, .url = fmt::format("http://127.0.0.1:{}/-/secrets", port), .body = pairs};
  request.headers.set("authorization", "Bearer " + control_token);
  request.headers.set("content-type", "application/octet-stream");
  const auto response = client_.send(request);
  wipe(request.body);
  if (!response) return Failure(response.error());
  if (response->status / 100 != 2)
    return fail(ErrorCode::unavailable, fmt::format("the scorer answered {} when given its secrets", response->status));
  return {};
}

Result<void> HttpScorerControl::reload(pid_t process) {
  if (::kill(process, SIGHUP) == 0) return {};
  return fail(ErrorCode::unavailable, fmt::format("the scorer cannot be signalled: {}", std::strerror(errno)));
}

std::optional<process::ProcessHandle> ScorerProcesses::find(const EndpointFolder& folder) const {
  for (const process::ProcessHandle& handle : known(folder))
    if (runner_.state(handle).running) return handle;
  return std::nullopt;
}

// The one that start() noted, and the one that noted itself: a process does that only some time after its start, and a
// server may be killed before it does.
std::vector<process::ProcessHandle> ScorerProcesses::known(const EndpointFolder& folder) const {
  std::vector<process::ProcessHandle> handles;
  if (const Json noted = read_json(folder.process()); noted.is_object())
    if (auto handle = process::handle_from_json(noted)) handles.push_back(*std::move(handle));
  if (auto handle = runner_.find(folder.exit_file())) {
    const bool is_noted = !handles.empty() && handles.front().pid == handle->pid;
    if (!is_noted) handles.push_back(*std::move(handle));
  }
  return handles;
}

Result<process::ProcessHandle> ScorerProcesses::start(const EndpointFolder& folder, const std::string& secrets) const {
  stop(folder, std::chrono::milliseconds(0));
  std::error_code ignored;
  for (const char* end : {"", ".started"}) fs::remove(folder.exit_file().string() + end, ignored);
  fs::remove(folder.process(), ignored);
  if (fs::file_size(folder.log(), ignored) > most_log_bytes && !ignored)
    fs::rename(folder.log(), folder.log().string() + ".1", ignored);
  process::ProcessSpec spec;
  spec.arguments = {settings_.program.string(), "--config", folder.config().string()};
  if (!secrets.empty()) spec.arguments.emplace_back("--secrets");
  spec.input = secrets;
  spec.environment = settings_.environment;
  spec.working_folder = folder.root;
  spec.stdout_file = folder.log();
  spec.stderr_file = folder.log();
  spec.exit_file = folder.exit_file();
  auto started = runner_.start(spec);
  wipe(spec.input);
  if (!started) return Failure(started.error().add_context("cannot start the scorer"));
  if (auto noted = write_private_json(folder.process(), process::to_json(*started)); !noted) {
    runner_.terminate(*started, std::chrono::milliseconds(0));
    return Failure(std::move(noted).error());
  }
  return *std::move(started);
}

void ScorerProcesses::stop(const EndpointFolder& folder, std::chrono::milliseconds grace) const {
  for (const process::ProcessHandle& handle : known(folder)) runner_.terminate(handle, grace);
}

void ScorerProcesses::watch(const resources::ResourceKey& key, const process::ProcessHandle& handle,
                            std::function<void()> ended) {
  Watch old;  // its thread is waited for outside the lock
  const std::lock_guard lock(mutex_);
  Watch& watch = watches_[key];
  if (watch.pid == handle.pid && watch.start_ticks == handle.start_ticks) return;
  old = std::exchange(watch, Watch{});
  watch.pid = handle.pid;
  watch.start_ticks = handle.start_ticks;
  watch.thread = std::jthread([this, handle, ended = std::move(ended)](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (!runner_.wait_or_stop(handle, watch_slice, stop)) continue;
      ended();
      return;
    }
  });
}

void ScorerProcesses::unwatch(const resources::ResourceKey& key) {
  std::map<resources::ResourceKey, Watch>::node_type gone;
  const std::lock_guard lock(mutex_);
  gone = watches_.extract(key);
}

Result<std::uint16_t> free_port() {
  const int handle = bound_socket(0);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the sockets API
  const bool is_known = handle >= 0 && ::getsockname(handle, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  if (handle >= 0) ::close(handle);
  if (!is_known) return fail(ErrorCode::unavailable, fmt::format("there is no free port: {}", std::strerror(errno)));
  return ntohs(address.sin_port);
}

bool is_port_free(std::uint16_t port) {
  const int handle = bound_socket(port);
  if (handle >= 0) ::close(handle);
  return handle >= 0;
}

std::chrono::milliseconds restart_pause(int failures) {
  if (failures <= 0) return std::chrono::milliseconds(0);
  return std::min(longest_pause, first_pause * (1 << std::min(failures - 1, most_doublings)));
}

}  // namespace ciclo::outer_loop
