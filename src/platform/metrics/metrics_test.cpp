#include "platform/metrics/metrics.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

namespace ciclo::metrics {
namespace {

TEST(Metrics, TextFormat) {
  Registry registry;
  auto& requests = registry.counters("requests_total", "Requests\nanswered.", {"method", "status"});
  requests.with({"GET", "200"}).add();
  requests.with({"GET", "200"}).add(2);
  requests.with({"P\"\\\n", "500"}).add();
  registry.gauges("temperature", "Now.").with().set(-1.5);
  auto& latency = registry.histograms("latency_seconds", "How long.", {}, {0.1, 1}).with();
  latency.observe(0.1);
  latency.observe(0.5);
  latency.observe(std::chrono::seconds(3));
  EXPECT_EQ(registry.text(),
            "# HELP requests_total Requests\\nanswered.\n"
            "# TYPE requests_total counter\n"
            "requests_total{method=\"GET\",status=\"200\"} 3\n"
            "requests_total{method=\"P\\\"\\\\\\n\",status=\"500\"} 1\n"
            "# HELP temperature Now.\n"
            "# TYPE temperature gauge\n"
            "temperature -1.5\n"
            "# HELP latency_seconds How long.\n"
            "# TYPE latency_seconds histogram\n"
            "latency_seconds_bucket{le=\"0.1\"} 1\n"
            "latency_seconds_bucket{le=\"1\"} 2\n"
            "latency_seconds_bucket{le=\"+Inf\"} 3\n"
            "latency_seconds_sum 3.6\n"
            "latency_seconds_count 3\n");
  EXPECT_TRUE(registry.problems().empty());
}

TEST(Metrics, CardinalityIsBounded) {
  Registry registry(3);
  auto& family = registry.counters("c", "C.", {"who"});
  for (int i = 0; i < 100; ++i) family.with({std::to_string(i)}).add();
  family.with({"1"}).add();
  EXPECT_EQ(family.with({"other"}).value(), 97U);
  EXPECT_EQ(family.with({"1"}).value(), 2U);
  int sets = 0;
  family.each([&](const LabelValues&, const Counter&) { ++sets; });
  EXPECT_EQ(sets, 4);
}

TEST(Metrics, ANameIsTakenOnce) {
  Registry registry;
  auto& first = registry.counters("c", "C.", {"a"});
  EXPECT_EQ(&registry.counters("c", "C.", {"a"}), &first);
  registry.gauges("c", "C.").with().set(5);
  registry.gauges("no name", "C.").with().set(5);
  EXPECT_EQ(registry.problems().size(), 2U);
  EXPECT_EQ(registry.text(), "# HELP c C.\n# TYPE c counter\n");
}

TEST(Metrics, CountsFromManyThreads) {
  Registry registry;
  auto& family = registry.counters("c", "C.", {"a"});
  auto& histogram = registry.histograms("h", "H.").with();
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) {
          family.with({std::to_string(i % 5)}).add();
          histogram.observe(0.25);
          if (i % 200 == 0) {
            EXPECT_FALSE(registry.text().empty());
          }
        }
      });
    }
  }
  std::uint64_t total = 0;
  family.each([&](const LabelValues&, const Counter& counter) { total += counter.value(); });
  EXPECT_EQ(total, 4000U);
  EXPECT_DOUBLE_EQ(histogram.sum(), 1000.0);
}

TEST(Metrics, TellsOfTheProcess) {
  Registry registry;
  add_process_metrics(registry);
  const std::string text = registry.text();
  const auto value = [](const std::string& all, const std::string& name) {
    const std::size_t at = all.find("\n" + name + " ");
    return at == std::string::npos ? -1.0 : std::stod(all.substr(at + name.size() + 2));
  };
  EXPECT_GT(value(text, "process_resident_memory_bytes"), 1e5);
  EXPECT_GE(value(text, "process_threads"), 1);
  EXPECT_GT(value(text, "process_start_time_seconds"), 1.6e9);
  const double before = value(text, "process_open_fds");
  const std::ifstream another("/proc/self/status");
  EXPECT_EQ(value(registry.text(), "process_open_fds"), before + 1);
  EXPECT_TRUE(registry.problems().empty());
}

}  // namespace
}  // namespace ciclo::metrics
