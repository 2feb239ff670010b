// octavo_hosttest: one line a case; the exit code is 0 where all passed.
#include <cstdio>
#include <initializer_list>

#include "selftest/host/host.h"

int main() {
  using namespace octavo::selftest;
  int failed = 0;
  for (octavo::Span<const Test> tests : {kThreadTests, kModelTests}) {
    for (const Test& test : tests) {
      Check check;
      test.run(check);
      const bool ok = check.failures() == 0;
      std::printf("%s  %s%s%s\n", ok ? "ok  " : "FAIL", test.name, ok ? "" : ": ", check.text());
      failed += !ok;
    }
  }
  std::printf("barrier: %.2f us\n", barrier_microseconds());
  return failed == 0 ? 0 : 1;
}
