// Keeps what requests brought and what models answered, as JSON lines for the monitors
// (docs/formats/collected-data.md):
// {folder}/{endpoint}/{deployment}/{collection}/{yyyy}/{MM}/{dd}/{HH}/{instance}.jsonl
//
// offer() only queues; one thread renders, writes, and flushes at least once a second. Serving never waits for it: a
// full queue or disk drops records, and counts them. A line is written by one write(), so after a kill only the last
// one of a file can be unfinished; a new process writes new files.
//
// Thread safety: offer(), counters() and flush() from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "scoring/model.hpp"

namespace ciclo::scoring {

// One request at one deployment.
struct CollectedRecord {
  std::string deployment;
  std::string model_name;
  std::string model_version;
  std::string request_id;
  TimePoint time;
  bool inputs = false;
  bool outputs = false;
  bool is_shadow = false;  // answered a copy of a request that another deployment answered
  // Joins the inputs to the outputs of a request, and a shadow's answer to the one that the caller got.
  std::string correlation_id;
  std::unique_ptr<Exchange> exchange;
};

struct CollectorCounters {
  std::uint64_t collected = 0;  // lines written
  std::uint64_t dropped = 0;    // records that found the queue full, or that could not be written
  std::uint64_t bytes = 0;
};

struct CollectorSettings {
  std::filesystem::path folder;
  std::string workspace;
  std::string endpoint;
  std::string instance;  // unique for each process that ever writes below `folder`
  std::size_t max_queue = 8192;
  std::chrono::milliseconds flush_every{500};
};

class Collector {
 public:
  explicit Collector(CollectorSettings settings);
  // Writes what is queued, then ends.
  ~Collector();
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  // Never blocks and never fails: what finds no room is dropped and counted.
  void offer(CollectedRecord record);
  // Returns once everything offered before is in the files.
  void flush();
  CollectorCounters counters() const;
  // Of the last write that failed; empty when none did since a success.
  std::string last_error() const;
  // Different for each call in all processes.
  std::string next_correlation_id();

 private:
  class Files;
  void run();
  void write(const std::vector<CollectedRecord>& records);

  CollectorSettings settings_;
  std::string correlation_prefix_;
  std::atomic<std::uint64_t> correlation_number_{0};
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable flushed_;
  std::deque<CollectedRecord> queue_;
  std::uint64_t flush_wanted_ = 0;
  std::uint64_t flush_done_ = 0;
  bool stopping_ = false;
  CollectorCounters counters_;
  std::string last_error_;
  std::unique_ptr<Files> files_;
  std::thread thread_;
};

// One line of the format, with its line end.
std::string collected_line(const CollectorSettings& settings, const CollectedRecord& record,
                           std::string_view collection);

}  // namespace ciclo::scoring
