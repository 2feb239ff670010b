#include "host/octavo_host.h"

#include "host/threads.h"

octavo_threads octavo_process_threads(int32_t count) {
  // The context is the count itself: there is nothing to free.
  return {count, reinterpret_cast<void*>(static_cast<intptr_t>(count)),
          [](void* context, int32_t parts, octavo_part part, const void* task) {
            octavo::Threads threads(static_cast<int32_t>(reinterpret_cast<intptr_t>(context)));
            threads.workers().run(parts, part, task);
          }};
}
