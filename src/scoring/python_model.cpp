#include "scoring/python_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "platform/log/mask.hpp"
#include "scoring/json_values.hpp"
#include "scoring/python_process.hpp"

namespace ciclo::scoring {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds first_pause{100};
constexpr std::chrono::milliseconds longest_pause{30'000};
// A worker that lived this long starts again without a longer pause.
constexpr std::chrono::seconds healthy_after{30};

class TextExchange final : public Exchange {
 public:
  TextExchange(std::string inputs, std::string outputs) : inputs_(std::move(inputs)), outputs_(std::move(outputs)) {}
  void append_inputs(std::string& json) const override { json += inputs_; }
  void append_outputs(std::string& json) const override { json += outputs_; }

 private:
  std::string inputs_;
  std::string outputs_;
};

PythonCommand command_for(const DeploymentSettings& deployment) {
  PythonCommand command;
  const auto& python = deployment.python;
  command.arguments = {python.interpreter, "-u", "-c", python_worker_script, deployment.model.path.string()};
  if (!python.scoring_script.empty()) {
    command.arguments.push_back((python.code_folder / python.scoring_script).string());
    command.working_folder = python.code_folder.string();
  }
  command.environment = {
      {"PYTHONUNBUFFERED", "1"}, {"AZUREML_MODEL_DIR", deployment.model.path.string()}, {"OMP_NUM_THREADS", "1"}};
  for (const auto& [name, value] : deployment.environment_variables) command.environment[name] = value;
  command.hidden = deployment.hidden;
  return command;
}

Error ended_error(PythonProcess& process) {
  auto ending = process.ending();
  const bool missing = ending == "exit code 127";
  return {.code = missing ? ErrorCode::not_found : ErrorCode::unavailable,
          .message = missing
                         ? "the Python interpreter cannot be run"
                         : fmt::format("the model's process ended ({})", ending.empty() ? "closed its socket" : ending),
          .target = {},
          .hint = missing ? "check python.interpreter" : "its output is in the scorer's log",
          .details = {}};
}

// Waits for the worker's first frame.
Result<void> await_ready(PythonProcess& process, const log::Masker& masker, Deadline deadline) {
  const auto frame = process.receive(deadline);
  if (!frame) {
    if (frame.error().code == ErrorCode::timeout) return fail(ErrorCode::timeout, "the model was not loaded in time");
    return std::unexpected(frame.error());
  }
  CICLO_TRY(const auto hello, parse_json(*frame));
  if (member(hello, "ready") == true) return {};
  return fail(ErrorCode::invalid, fmt::format("the model cannot be loaded: {}", masker.mask(text_or(hello, "error"))));
}

}  // namespace

class PythonModel::Impl {
 public:
  explicit Impl(PythonModelRequest request)
      : request_(std::move(request)), command_(command_for(request_.deployment)), masker_(command_.hidden) {
    workers_.resize(static_cast<std::size_t>(request_.deployment.python.workers));
  }
  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      for (auto& worker : workers_) {
        if (worker.process && worker.state == State::starting) worker.process->kill();
      }
    }
    changed_.notify_all();
    if (supervisor_.joinable()) supervisor_.join();
  }

  Result<void> start() {
    supervisor_ = std::thread([this] { supervise(); });
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return first_error_ || count(State::idle) == workers_.size(); });
    if (first_error_) return std::unexpected(*first_error_);
    started_ = true;
    return {};
  }

  Result<std::string> call(std::string_view frame, Deadline deadline) {
    CICLO_TRY(const auto index, take(deadline));
    auto& worker = workers_[index];
    auto answer = [&]() -> Result<std::string> {
      CICLO_CHECK(worker.process->send(frame, deadline));
      return worker.process->receive(deadline);
    }();
    {
      const std::lock_guard lock(mutex_);
      if (!answer && answer.error().code != ErrorCode::timeout) answer = std::unexpected(ended_error(*worker.process));
      // A worker that is late is in the middle of an answer to somebody else's question: it is replaced.
      worker.state = answer ? State::idle : State::dead;
      ++requests_;
    }
    changed_.notify_all();
    return answer;
  }

  bool is_ready() const {
    const std::lock_guard lock(mutex_);
    return count(State::idle) + count(State::busy) > 0;
  }

  Json status() const {
    const std::lock_guard lock(mutex_);
    auto pids = Json::array();
    for (const auto& worker : workers_) {
      if (worker.process && worker.state != State::dead) pids.push_back(worker.process->pid());
    }
    return Json{{"workers", workers_.size()}, {"idle", count(State::idle)}, {"busy", count(State::busy)},
                {"restarts", restarts_},      {"requests", requests_},      {"pids", pids},
                {"error", last_error_}};
  }

  const PythonModelRequest& request() const { return request_; }
  const log::Masker& masker() const { return masker_; }

 private:
  enum class State : std::uint8_t { dead, starting, idle, busy };
  struct Worker {
    std::optional<PythonProcess> process;
    State state = State::dead;
    std::chrono::milliseconds pause{0};
    SteadyClock::time_point start_at{};
    SteadyClock::time_point started{};
  };

  std::size_t count(State state) const {
    return static_cast<std::size_t>(std::ranges::count(workers_, state, &Worker::state));
  }

  Result<std::size_t> take(Deadline deadline) {
    std::unique_lock lock(mutex_);
    const auto until = std::min(deadline, SteadyClock::now() + request_.deployment.requests.max_queue_wait);
    const auto find = [&] { return std::ranges::find(workers_, State::idle, &Worker::state); };
    if (!changed_.wait_until(lock, until, [&] { return find() != workers_.end(); })) {
      if (count(State::busy) == 0) {
        return fail(ErrorCode::unavailable, fmt::format("no Python worker is running: {}", last_error_), {},
                    "they are being started again");
      }
      return fail(ErrorCode::quota, "all Python workers are busy", {},
                  "try again, or give the deployment more workers");
    }
    const auto index = static_cast<std::size_t>(find() - workers_.begin());
    workers_[index].state = State::busy;
    return index;
  }

  // Starts every worker that is dead and due. Every worker is a child of this thread, see PythonProcess::start().
  void supervise() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      auto next = SteadyClock::now() + std::chrono::milliseconds(500);
      for (auto& worker : workers_) {
        if (worker.state == State::idle && !worker.process->ending().empty())
          lose(worker, "the model's process ended while idle");
        if (worker.state != State::dead) continue;
        if (worker.process) lose(worker, "the model's process was replaced");
        if (SteadyClock::now() < worker.start_at) {
          next = std::min(next, worker.start_at);
        } else {
          start_one(worker);
        }
      }
      // All of them load at once; one after another is waited for.
      for (auto& worker : workers_) {
        if (worker.state == State::starting) await_one(worker, lock);
      }
      changed_.wait_until(lock, next, [&] { return stopping_ || std::ranges::any_of(workers_, is_to_be_replaced); });
    }
    workers_.clear();
  }

  static bool is_to_be_replaced(const Worker& worker) { return worker.state == State::dead && worker.process; }

  void start_one(Worker& worker) {
    worker.started = SteadyClock::now();
    auto process = PythonProcess::start(command_);
    if (!process) {
      note_failed_start(worker, process.error());
      return;
    }
    worker.process = *std::move(process);
    worker.state = State::starting;
  }

  // Lets go of the lock while the model loads.
  void await_one(Worker& worker, std::unique_lock<std::mutex>& lock) {
    lock.unlock();
    const auto ready = await_ready(*worker.process, masker_, worker.started + request_.deployment.python.start_timeout);
    lock.lock();
    if (ready) {
      worker.state = State::idle;
      changed_.notify_all();
    } else {
      note_failed_start(worker,
                        ready.error().code == ErrorCode::unavailable ? ended_error(*worker.process) : ready.error());
    }
  }

  void note_failed_start(Worker& worker, const Error& error) {
    if (!started_ && !first_error_) first_error_ = error;
    lose(worker, error.text());
    changed_.notify_all();
  }

  void lose(Worker& worker, std::string_view why) {
    worker.process.reset();
    worker.state = State::dead;
    const bool was_healthy =
        worker.started != SteadyClock::time_point{} && SteadyClock::now() - worker.started > healthy_after;
    worker.pause = was_healthy ? first_pause : std::clamp(worker.pause * 2, first_pause, longest_pause);
    worker.start_at = SteadyClock::now() + worker.pause;
    last_error_ = why;
    ++restarts_;
  }

  const PythonModelRequest request_;
  const PythonCommand command_;
  const log::Masker masker_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Worker> workers_;
  bool stopping_ = false;
  bool started_ = false;
  std::optional<Error> first_error_;
  std::string last_error_;
  std::uint64_t restarts_ = 0;
  std::uint64_t requests_ = 0;
  std::thread supervisor_;
};

PythonModel::PythonModel(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PythonModel::~PythonModel() = default;

Result<std::shared_ptr<PythonModel>> PythonModel::load(PythonModelRequest request) {
  auto impl = std::make_unique<Impl>(std::move(request));
  CICLO_CHECK(impl->start());
  return std::shared_ptr<PythonModel>(new PythonModel(std::move(impl)));
}

const ModelDescription& PythonModel::description() const {
  return impl_->request().description;
}
bool PythonModel::is_ready() const {
  return impl_->is_ready();
}
Json PythonModel::status() const {
  return impl_->status();
}

Result<ScoreAnswer> PythonModel::score(const ScoreRequest& request) {
  std::string frame = R"({"body":)";
  append_json(frame, request.body);
  frame += request.keep_exchange ? R"(,"collect":true})" : R"(,"collect":false})";
  CICLO_TRY(const auto text, impl_->call(frame, request.deadline));
  CICLO_TRY(const auto reply, parse_json(text, {.max_bytes = 1ULL << 30U, .max_depth = 8}));
  if (member(reply, "ok") != true) {
    const bool is_input = text_or(reply, "kind") == "input";
    return fail(is_input ? ErrorCode::invalid : ErrorCode::internal,
                impl_->masker().mask(text_or(reply, "error", "the model failed")),
                is_input ? "" : std::string(model_failure));
  }
  ScoreAnswer answer{text_or(reply, "body"), nullptr};
  if (request.keep_exchange)
    answer.exchange = std::make_unique<TextExchange>(text_or(reply, "inputs", "[]"), text_or(reply, "outputs", "[]"));
  return answer;
}

Result<std::vector<Tensor>> PythonModel::infer(const std::vector<Tensor>&, std::chrono::steady_clock::time_point) {
  return fail(ErrorCode::unsupported, "this model runs in Python and takes no tensors", {},
              "use /score or /invocations");
}

}  // namespace ciclo::scoring
