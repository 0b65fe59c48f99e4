// Keeps the memory of a process that holds secrets to itself.
//
// Thread safety: call it once, at the start of main().
#pragma once

namespace ciclo::process {

// No core dumps, and no look into this process's memory or environment by others of the same user (PR_SET_DUMPABLE).
// Programs that it starts begin with the usual state, but for the soft limit on core dumps: it is 0, and they may raise
// it.
void keep_memory_private();

}  // namespace ciclo::process
