// octavo_selftest: one line a case, then how many passed; the exit code is 0 where all did.
#include <cstdio>
#include <initializer_list>

#include "selftest/recorded.h"

namespace octavo::selftest {
namespace {

int passed = 0, failed = 0;

void report(const char* name, const Check& check) {
  if (check.failures() == 0) {
    ++passed;
    std::printf("ok    %s\n", name);
  } else {
    ++failed;
    std::printf("FAIL  %s: %s (%lld failures)\n", name, check.text(),
                static_cast<long long>(check.failures()));
  }
}

void run_all() {
  for (Span<const Test> tests : {kFixedPointTests, kMathTests, kMemoryTests, kCapiTests}) {
    for (const Test& test : tests) {
      Check check;
      test.run(check);
      report(test.name, check);
    }
  }
  for (const Recorded& r : kRecorded) {
    Check check;
    run_recorded(r, check);
    report(r.name, check);
  }
  if (allocation_count() < 0) std::puts("allocations were not counted: a sanitizer owns the heap");
  std::printf("%d passed, %d failed\n", passed, failed);
}

}  // namespace
}  // namespace octavo::selftest

int main() {
  octavo::selftest::run_all();
  return octavo::selftest::failed == 0 ? 0 : 1;
}
