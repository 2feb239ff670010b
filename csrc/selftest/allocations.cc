// Counts this program's heap allocations by standing in the way of every one.
#include <cstddef>
#include <cstdlib>
#include <new>

#include "selftest/selftest.h"

#if defined(__SANITIZE_ADDRESS__)
#define OCTAVO_HEAP_IS_TAKEN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OCTAVO_HEAP_IS_TAKEN
#endif
#endif

#if defined(OCTAVO_HEAP_IS_TAKEN)

int64_t octavo::selftest::allocation_count() { return -1; }

#else

namespace {
int64_t count = 0;
}  // namespace

int64_t octavo::selftest::allocation_count() { return count; }

#if defined(__GLIBC__)  // operator new comes here too

extern "C" {

void* __libc_malloc(size_t size);
void* __libc_calloc(size_t items, size_t size);
void* __libc_realloc(void* old, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

void* malloc(size_t size) {
  ++count;
  return __libc_malloc(size);
}
void* calloc(size_t items, size_t size) {
  ++count;
  return __libc_calloc(items, size);
}
void* realloc(void* old, size_t size) {
  ++count;
  return __libc_realloc(old, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  ++count;
  return __libc_memalign(alignment, size);
}
}

#else

void* operator new(size_t size) {
  ++count;
  return std::malloc(size);
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  ++count;
  return std::malloc(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

#endif
#endif
