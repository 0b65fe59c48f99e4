#include "platform/metrics/metrics.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <variant>

namespace ciclo::metrics {
namespace {

bool is_name(std::string_view name, bool colons) {
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) return false;
  return std::ranges::all_of(name, [colons](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (colons && c == ':');
  });
}

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out.append("NaN");
  } else if (std::isinf(value)) {
    out.append(value > 0 ? "+Inf" : "-Inf");
  } else {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof(digits), value);
    out.append(digits, end.ptr);
  }
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\') {
      out.append("\\\\");
    } else if (c == '\n') {
      out.append("\\n");
    } else if (c == '"' && quotes) {
      out.append("\\\"");
    } else {
      out.push_back(c);
    }
  }
}

struct Labels {
  const std::vector<std::string>& names;
  const LabelValues& values;
};

// {a="1",b="2",le="0.5"}; nothing without labels.
void append_labels(std::string& out, const Labels& labels, std::string_view bound = {}) {
  if (labels.names.empty() && bound.empty()) return;
  char separator = '{';
  for (std::size_t i = 0; i < labels.names.size(); ++i) {
    out.push_back(separator);
    out.append(labels.names[i]).append("=\"");
    append_escaped(out, labels.values[i], true);
    out.push_back('"');
    separator = ',';
  }
  if (!bound.empty()) {
    out.push_back(separator);
    out.append("le=\"").append(bound).append("\"");
  }
  out.push_back('}');
}

void append_sample(std::string& out, std::string_view name, const Labels& labels, double value) {
  out.append(name);
  append_labels(out, labels);
  out.push_back(' ');
  append_number(out, value);
  out.push_back('\n');
}

void append_metric(std::string& out, const std::string& name, const Labels& labels, const Counter& counter) {
  out.append(name);
  append_labels(out, labels);
  out.append(" ").append(std::to_string(counter.value())).append("\n");
}

void append_metric(std::string& out, const std::string& name, const Labels& labels, const Gauge& gauge) {
  append_sample(out, name, labels, gauge.value());
}

void append_metric(std::string& out, const std::string& name, const Labels& labels, const Histogram& histogram) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i <= histogram.bounds().size(); ++i) {
    std::string bound;
    append_number(bound, i < histogram.bounds().size() ? histogram.bounds()[i] : INFINITY);
    count += histogram.count_in(i);
    out.append(name).append("_bucket");
    append_labels(out, labels, bound);
    out.append(" ").append(std::to_string(count)).append("\n");
  }
  append_sample(out, name + "_sum", labels, histogram.sum());
  out.append(name).append("_count");
  append_labels(out, labels);
  out.append(" ").append(std::to_string(count)).append("\n");
}

}  // namespace

Histogram::Histogram(std::vector<double> bounds) : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}

void Histogram::observe(double value) {
  const auto bucket = std::ranges::lower_bound(bounds_, value);  // a bound belongs to the bucket that it closes
  counts_[static_cast<std::size_t>(bucket - bounds_.begin())].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::vector<double> duration_buckets() {
  return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}

template <class Metric>
Metric& Family<Metric>::with(LabelValues values) {
  values.resize(labels_);
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = metrics_.find(values); found != metrics_.end()) return *found->second;
  }
  const std::unique_lock lock(mutex_);
  if (metrics_.size() >= max_sets_ && !metrics_.contains(values)) values.assign(labels_, "other");
  auto& metric = metrics_[values];
  if (!metric) metric = make_();
  return *metric;
}

template class Family<Counter>;
template class Family<Gauge>;
template class Family<Histogram>;

class Registry::Entry {
 public:
  std::string name;
  std::string help;
  std::string_view type;
  std::vector<std::string> labels;
  std::variant<std::unique_ptr<Family<Counter>>, std::unique_ptr<Family<Gauge>>, std::unique_ptr<Family<Histogram>>>
      family;
  bool shown = true;

  void append_to(std::string& out) const {
    out.append("# HELP ").append(name).append(" ");
    append_escaped(out, help, false);
    out.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
    std::visit(
        [&](const auto& metrics) {
          metrics->each([&](const LabelValues& values, const auto& metric) {
            append_metric(out, name, {labels, values}, metric);
          });
        },
        family);
  }
};

Registry::Registry(std::size_t max_sets) : max_sets_(max_sets) {}
Registry::~Registry() = default;

template <class Metric>
Family<Metric>& Registry::family(Entry entry, std::function<std::unique_ptr<Metric>()> make) {
  const std::lock_guard lock(mutex_);
  const auto taken =
      std::ranges::find_if(entries_, [&](const auto& other) { return other->shown && other->name == entry.name; });
  if (taken != entries_.end() && (*taken)->type == entry.type && (*taken)->labels == entry.labels) {
    if (const auto* same = std::get_if<std::unique_ptr<Family<Metric>>>(&(*taken)->family)) return **same;
  }
  if (taken != entries_.end())
    problems_.push_back(entry.name + " is taken by a metric of another type or with other labels");
  const bool named = is_name(entry.name, true) && std::ranges::all_of(entry.labels, [](const std::string& label) {
                       return is_name(label, false) && !label.starts_with("__") && label != "le";
                     });
  if (!named) problems_.push_back(entry.name + " or one of its labels has no valid name");
  entry.shown = named && taken == entries_.end();
  auto family = std::make_unique<Family<Metric>>(entry.labels.size(), max_sets_, std::move(make));
  Family<Metric>& made = *family;
  if (entry.labels.empty()) made.with();  // shown as 0 from the start
  entry.family = std::move(family);
  entries_.push_back(std::make_unique<Entry>(std::move(entry)));
  return made;
}

Family<Counter>& Registry::counters(std::string_view name, std::string_view help, std::vector<std::string> labels) {
  return family<Counter>({.name = std::string(name),
                          .help = std::string(help),
                          .type = "counter",
                          .labels = std::move(labels),
                          .family = {}},
                         [] { return std::make_unique<Counter>(); });
}

Family<Gauge>& Registry::gauges(std::string_view name, std::string_view help, std::vector<std::string> labels) {
  return family<Gauge>({.name = std::string(name),
                        .help = std::string(help),
                        .type = "gauge",
                        .labels = std::move(labels),
                        .family = {}},
                       [] { return std::make_unique<Gauge>(); });
}

Family<Gauge>& Registry::totals(std::string_view name, std::string_view help, std::vector<std::string> labels) {
  return family<Gauge>({.name = std::string(name),
                        .help = std::string(help),
                        .type = "counter",
                        .labels = std::move(labels),
                        .family = std::unique_ptr<Family<Gauge>>()},
                       [] { return std::make_unique<Gauge>(); });
}

Family<Histogram>& Registry::histograms(std::string_view name, std::string_view help, std::vector<std::string> labels,
                                        std::vector<double> bounds) {
  return family<Histogram>({.name = std::string(name),
                            .help = std::string(help),
                            .type = "histogram",
                            .labels = std::move(labels),
                            .family = {}},
                           [bounds = std::move(bounds)] { return std::make_unique<Histogram>(bounds); });
}

void Registry::before_text(std::function<void()> update) {
  const std::lock_guard lock(mutex_);
  updates_.push_back(std::move(update));
}

std::string Registry::text() const {
  std::vector<std::function<void()>> updates;
  {
    const std::lock_guard lock(mutex_);
    updates = updates_;
  }
  // Without the lock: an update may make metrics.
  for (const auto& update : updates) update();
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const auto& entry : entries_)
    if (entry->shown) entry->append_to(out);
  return out;
}

std::vector<std::string> Registry::problems() const {
  const std::lock_guard lock(mutex_);
  return problems_;
}

}  // namespace ciclo::metrics
