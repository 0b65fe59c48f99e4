// Counters, gauges and histograms with labels, shown in the Prometheus text format 0.0.4.
//
//   Family<Counter>& requests = registry.counters("ciclo_http_requests_total", "Requests answered.", {"method",
//   "status"}); requests.with({"GET", "200"}).add();
//
// Cost: changing a value is one or two atomic operations; with() takes a shared lock and a look-up, so hot paths keep
// the reference it gives, which lives as long as the Registry.
//
// Cardinality: a family keeps at most `max_sets` label sets; what comes after them is counted under one set whose
// values are all "other", so that no caller can fill the memory by inventing values.
//
// Naming: a name is taken by the first family made with it; asking again with the same type and labels gives that one.
// Asking with others is a bug: it gives a family that is not shown, and is listed by problems().
//
// Thread safety: everything from any thread. Values read while others write are each right, not one moment's together.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

namespace ciclo::metrics {

class Counter {
 public:
  void add(std::uint64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

class Gauge {
 public:
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  void add(double by) { value_.fetch_add(by, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_ = 0;
};

class Histogram {
 public:
  // Upper bounds in rising order, without +Inf.
  explicit Histogram(std::vector<double> bounds);
  void observe(double value);
  void observe(std::chrono::nanoseconds duration) { observe(std::chrono::duration<double>(duration).count()); }

  const std::vector<double>& bounds() const { return bounds_; }
  std::uint64_t count_in(std::size_t bucket) const { return counts_[bucket].load(std::memory_order_relaxed); }
  double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::vector<double> bounds_;
  std::vector<std::atomic<std::uint64_t>> counts_;  // not cumulative; the last is over every bound
  std::atomic<double> sum_ = 0;
};

// 0.5 ms … 10 s, in seconds: for requests.
std::vector<double> duration_buckets();

using LabelValues = std::vector<std::string>;

// The metrics of one name, one for each set of label values.
template <class Metric>
class Family {
 public:
  Family(std::size_t labels, std::size_t max_sets, std::function<std::unique_ptr<Metric>()> make)
      : labels_(labels), max_sets_(max_sets), make_(std::move(make)) {}

  // The metric with these values, in the order of the family's label names; missing ones are empty, surplus ones
  // are left out.
  Metric& with(LabelValues values = {});

  template <class Visit>
  void each(const Visit& visit) const {
    const std::shared_lock lock(mutex_);
    for (const auto& [values, metric] : metrics_) visit(values, *metric);
  }

 private:
  const std::size_t labels_;
  const std::size_t max_sets_;
  const std::function<std::unique_ptr<Metric>()> make_;
  mutable std::shared_mutex mutex_;
  std::map<LabelValues, std::unique_ptr<Metric>> metrics_;
};

extern template class Family<Counter>;
extern template class Family<Gauge>;
extern template class Family<Histogram>;

class Registry {
 public:
  explicit Registry(std::size_t max_sets = 1000);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  Family<Counter>& counters(std::string_view name, std::string_view help, std::vector<std::string> labels = {});
  Family<Gauge>& gauges(std::string_view name, std::string_view help, std::vector<std::string> labels = {});
  // A counter that is read elsewhere or counts fractions (seconds): set it, never to less than before.
  Family<Gauge>& totals(std::string_view name, std::string_view help, std::vector<std::string> labels = {});
  Family<Histogram>& histograms(std::string_view name, std::string_view help, std::vector<std::string> labels = {},
                                std::vector<double> bounds = duration_buckets());

  // Called at the start of each text(), to set gauges from what they describe. Must be quick, and must outlive the
  // Registry with all it refers to.
  void before_text(std::function<void()> update);

  // The exposition; its content type is "text/plain; version=0.0.4; charset=utf-8".
  std::string text() const;
  std::vector<std::string> problems() const;

 private:
  class Entry;
  template <class Metric>
  Family<Metric>& family(Entry entry, std::function<std::unique_ptr<Metric>()> make);

  const std::size_t max_sets_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Entry>> entries_;  // in the order they were made
  std::vector<std::function<void()>> updates_;
  std::vector<std::string> problems_;
};

// The metrics that Prometheus' own clients give of their process: memory, open and allowed descriptors, CPU time, start
// time, threads. Linux only (/proc).
void add_process_metrics(Registry& registry);

}  // namespace ciclo::metrics
