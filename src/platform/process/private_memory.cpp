#include "platform/process/private_memory.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace ciclo::process {

void keep_memory_private() {
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  rlimit limit{};
  if (::getrlimit(RLIMIT_CORE, &limit) != 0) return;
  limit.rlim_cur = 0;
  ::setrlimit(RLIMIT_CORE, &limit);
}

}  // namespace ciclo::process
