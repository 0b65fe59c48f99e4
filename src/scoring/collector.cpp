#include "scoring/collector.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <tuple>

#include "base/ids.hpp"
#include "scoring/json_values.hpp"

namespace ciclo::scoring {
namespace {

constexpr std::string_view input_collection = "model_inputs";
constexpr std::string_view output_collection = "model_outputs";

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out += ",\"";
  out += name;
  out += "\":";
  append_json(out, value);
}

}  // namespace

void append_collected_line(std::string& line, const CollectorSettings& settings, const CollectedRecord& record,
                           std::string_view collection) {
  const bool is_input = collection == input_collection;
  const std::string_view suffix = is_input ? "-inputs" : "-outputs";
  line += R"({"specversion":"1.0","id":)";
  append_json(line, std::string_view(record.correlation_id));
  line.insert(line.size() - 1, suffix);
  // Names of workspaces, endpoints and deployments need no escapes.
  line += R"(,"source":"/workspaces/)";
  line += settings.workspace;
  line += "/onlineEndpoints/";
  line += settings.endpoint;
  line += "/deployments/";
  line += record.deployment;
  line += is_input ? R"(","type":"ciclo.inferencing.inputs")" : R"(","type":"ciclo.inferencing.outputs")";
  line += R"(,"datacontenttype":"application/json")";
  append_member(line, "time", format_rfc3339(record.time));
  line += ",\"data\":";
  const auto start = line.size();
  if (is_input) {
    record.exchange->append_inputs(line);
  } else {
    record.exchange->append_outputs(line);
  }
  const auto size = line.size() - start;
  append_member(line, "correlationid", record.correlation_id);
  append_member(line, "xrequestid", record.request_id);
  append_member(line, "modelname", record.model_name);
  append_member(line, "modelversion", record.model_version);
  line += R"(,"collectdatatype":"pandas.core.frame.DataFrame","agent":"ciclo-scorer","contentrange":"bytes 0-)";
  line += std::to_string(size == 0 ? 0 : size - 1);
  line += '/';
  line += std::to_string(size);
  line += '"';
  if (record.is_shadow) line += ",\"shadow\":true";
  line += "}\n";
}

// The files being appended to: one for each deployment, collection and hour.
class Collector::Files {
 public:
  ~Files() {
    for (auto& [path, file] : open_) ::close(file.descriptor);
  }

  // Where the lines of a request go until write().
  struct Pending {
    std::string path;
    std::string text;
    std::size_t lines = 0;
  };
  // The path is worked out once for each hour, not for each request.
  template <class MakePath>
  Pending& pending(std::int64_t hour, const std::string& deployment, bool is_input, const MakePath& make_path) {
    auto& found = pending_[{hour, deployment, is_input}];
    if (found.path.empty()) found.path = make_path();
    return found;
  }

  // Writes what was added. The lines that could not be written are dropped.
  void write(CollectorCounters& counters, std::string& error) {
    for (auto& [key, waiting] : pending_) {
      if (waiting.lines == 0) continue;
      const auto failed = append(waiting.path, waiting.text);
      if (failed.empty()) {
        counters.collected += waiting.lines;
        counters.bytes += waiting.text.size();
        error.clear();
      } else {
        counters.dropped += waiting.lines;
        error = failed;
      }
      waiting.lines = 0;
      waiting.text.clear();
    }
    if (pending_.size() > max_open) pending_.clear();
    // Files of past hours are not written again.
    while (open_.size() > max_open) {
      ::close(open_.begin()->second.descriptor);
      open_.erase(open_.begin());
    }
  }

 private:
  struct File {
    int descriptor = -1;
    off_t size = 0;
  };
  static constexpr std::size_t max_open = 64;

  std::string append(const std::string& path, const std::string& text) {
    auto found = open_.find(path);
    if (found == open_.end()) {
      std::error_code failed;
      std::filesystem::create_directories(std::filesystem::path(path).parent_path(), failed);
      const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
      if (descriptor < 0) return fmt::format("cannot open {}: {}", path, std::strerror(errno));
      found = open_.emplace(path, File{descriptor, ::lseek(descriptor, 0, SEEK_END)}).first;
    }
    auto& file = found->second;
    std::size_t done = 0;
    while (done < text.size()) {
      const auto written = ::write(file.descriptor, text.data() + done, text.size() - done);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) {
        const auto reason = fmt::format("cannot write {}: {}", path, std::strerror(errno));
        // Half a line must not be followed by a whole one (a full disk that is freed later).
        if (::ftruncate(file.descriptor, file.size) != 0) {
          ::close(file.descriptor);
          open_.erase(found);
        }
        return reason;
      }
      done += static_cast<std::size_t>(written);
    }
    file.size += static_cast<off_t>(text.size());
    return {};
  }

  std::map<std::tuple<std::int64_t, std::string, bool>, Pending> pending_;
  std::map<std::string, File> open_;
};

Collector::Collector(CollectorSettings settings)
    : settings_(std::move(settings)),
      correlation_prefix_(random_hex(10)),
      files_(std::make_unique<Files>()),
      thread_([this] { run(); }) {}

Collector::~Collector() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

std::string Collector::next_correlation_id() {
  return fmt::format("{}{:012x}", correlation_prefix_, correlation_number_.fetch_add(1));
}

void Collector::offer(CollectedRecord record) {
  const std::lock_guard lock(mutex_);
  if (queue_.size() >= settings_.max_queue || stopping_) {
    ++counters_.dropped;
    return;
  }
  queue_.push_back(std::move(record));
  // The thread wakes by itself; only a queue that fills fast wakes it earlier, so that a request costs no system call.
  if (queue_.size() == settings_.max_queue / 4) wake_.notify_one();
}

void Collector::flush() {
  std::unique_lock lock(mutex_);
  const auto wanted = ++flush_wanted_;
  wake_.notify_one();
  flushed_.wait(lock, [&] { return flush_done_ >= wanted; });
}

CollectorCounters Collector::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

std::string Collector::last_error() const {
  const std::lock_guard lock(mutex_);
  return last_error_;
}

void Collector::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait_for(lock, settings_.flush_every, [&] {
      return stopping_ || flush_wanted_ > flush_done_ || queue_.size() >= settings_.max_queue / 4;
    });
    const bool last = stopping_;
    const auto flush_now = flush_wanted_;
    std::vector<CollectedRecord> taken(std::make_move_iterator(queue_.begin()), std::make_move_iterator(queue_.end()));
    queue_.clear();
    lock.unlock();
    write(taken);
    taken.clear();
    lock.lock();
    flush_done_ = flush_now;
    flushed_.notify_all();
    if (last && queue_.empty()) return;
  }
}

void Collector::write(const std::vector<CollectedRecord>& records) {
  for (const auto& record : records) {
    const auto hour = std::chrono::floor<std::chrono::hours>(record.time);
    for (const bool is_input : {true, false}) {
      if (is_input ? !record.inputs : !record.outputs) continue;
      const auto collection = is_input ? input_collection : output_collection;
      auto& waiting = files_->pending(hour.time_since_epoch().count(), record.deployment, is_input, [&] {
        const auto folders = fmt::format("{:%Y/%m/%d/%H}", std::chrono::time_point_cast<std::chrono::seconds>(hour));
        return (settings_.folder / settings_.endpoint / record.deployment / collection / folders /
                (settings_.instance + ".jsonl"))
            .string();
      });
      append_collected_line(waiting.text, settings_, record, collection);
      ++waiting.lines;
    }
  }
  CollectorCounters written;
  std::string error;
  if (!records.empty()) files_->write(written, error);
  const std::lock_guard lock(mutex_);
  counters_.collected += written.collected;
  counters_.dropped += written.dropped;
  counters_.bytes += written.bytes;
  if (!records.empty()) last_error_ = error;
}

}  // namespace ciclo::scoring
