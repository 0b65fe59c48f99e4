#include "scoring/collector.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

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

std::string collected_line(const CollectorSettings& settings, const CollectedRecord& record,
                           std::string_view collection) {
  const bool is_input = collection == input_collection;
  std::string data;
  if (is_input) {
    record.exchange->append_inputs(data);
  } else {
    record.exchange->append_outputs(data);
  }
  std::string line = R"({"specversion":"1.0")";
  append_member(line, "id", record.correlation_id + (is_input ? "-inputs" : "-outputs"));
  append_member(line, "source",
                fmt::format("/workspaces/{}/onlineEndpoints/{}/deployments/{}", settings.workspace, settings.endpoint,
                            record.deployment));
  append_member(line, "type", fmt::format("ciclo.inferencing.{}", is_input ? "inputs" : "outputs"));
  append_member(line, "datacontenttype", "application/json");
  append_member(line, "time", format_rfc3339(record.time));
  line += ",\"data\":";
  line += data;
  append_member(line, "correlationid", record.correlation_id);
  append_member(line, "xrequestid", record.request_id);
  append_member(line, "modelname", record.model_name);
  append_member(line, "modelversion", record.model_version);
  append_member(line, "collectdatatype", "pandas.core.frame.DataFrame");
  append_member(line, "agent", "ciclo-scorer");
  append_member(line, "contentrange", fmt::format("bytes 0-{}/{}", data.empty() ? 0 : data.size() - 1, data.size()));
  if (record.is_shadow) line += ",\"shadow\":true";
  line += "}\n";
  return line;
}

// The files being appended to: one for each deployment, collection and hour.
class Collector::Files {
 public:
  ~Files() {
    for (auto& [path, file] : open_) ::close(file.descriptor);
  }

  void add(const std::string& path, std::string line) { pending_[path].push_back(std::move(line)); }

  // Writes what was added. The lines that could not be written are dropped.
  void write(CollectorCounters& counters, std::string& error) {
    for (auto& [path, lines] : pending_) {
      std::string text;
      for (const auto& line : lines) text += line;
      const auto failed = append(path, text);
      if (failed.empty()) {
        counters.collected += lines.size();
        counters.bytes += text.size();
        error.clear();
      } else {
        counters.dropped += lines.size();
        error = failed;
      }
    }
    pending_.clear();
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

  std::map<std::string, std::vector<std::string>> pending_;
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
    const auto hour = fmt::format("{:%Y/%m/%d/%H}", std::chrono::floor<std::chrono::seconds>(record.time));
    const auto add = [&](std::string_view collection) {
      const auto path = settings_.folder / settings_.endpoint / record.deployment / collection / hour /
                        (settings_.instance + ".jsonl");
      files_->add(path.string(), collected_line(settings_, record, collection));
    };
    if (record.inputs) add(input_collection);
    if (record.outputs) add(output_collection);
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
