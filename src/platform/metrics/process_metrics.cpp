#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "platform/metrics/metrics.hpp"

namespace ciclo::metrics {
namespace {

// The fields of /proc/self/stat after the command's name, which may itself hold blanks and brackets (proc(5)).
std::vector<std::string> stat_fields() {
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  const std::size_t end = text.rfind(')');
  std::istringstream rest(end == std::string::npos ? std::string() : text.substr(end + 1));
  std::vector<std::string> fields;
  for (std::string field; rest >> field;) fields.push_back(field);
  return fields;
}

double boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("btime ")) return std::stod(line.substr(6));
  return 0;
}

double open_descriptors() {
  DIR* folder = opendir("/proc/self/fd");
  if (!folder) return 0;
  double count = -3;  // ".", ".." and the folder itself
  while (readdir(folder)) ++count;
  closedir(folder);
  return count;
}

double number(const std::vector<std::string>& fields, std::size_t index) {
  return index < fields.size() ? std::strtod(fields[index].c_str(), nullptr) : 0;
}

}  // namespace

void add_process_metrics(Registry& registry) {
  Gauge& resident = registry.gauges("process_resident_memory_bytes", "Resident memory size in bytes.").with();
  Gauge& virtual_memory = registry.gauges("process_virtual_memory_bytes", "Virtual memory size in bytes.").with();
  Gauge& descriptors = registry.gauges("process_open_fds", "Number of open file descriptors.").with();
  Gauge& max_descriptors = registry.gauges("process_max_fds", "Maximum number of open file descriptors.").with();
  Gauge& threads = registry.gauges("process_threads", "Number of threads.").with();
  Gauge& start =
      registry.gauges("process_start_time_seconds", "Start time of the process since the Unix epoch.").with();
  Gauge& cpu = registry.totals("process_cpu_seconds_total", "User and system CPU time spent in seconds.").with();
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  start.set(boot_time() + number(stat_fields(), 19) / ticks);
  registry.before_text([&, ticks] {
    const std::vector<std::string> fields = stat_fields();
    cpu.set((number(fields, 11) + number(fields, 12)) / ticks);
    threads.set(number(fields, 17));
    virtual_memory.set(number(fields, 20));
    resident.set(number(fields, 21) * static_cast<double>(sysconf(_SC_PAGESIZE)));
    descriptors.set(open_descriptors());
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) max_descriptors.set(static_cast<double>(limit.rlim_cur));
  });
}

}  // namespace ciclo::metrics
