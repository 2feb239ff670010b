// octavo_selftest: one line a case, then how many passed; the exit code is 0 where all did.
#include <cstdio>
#include <initializer_list>

#include "kernels/select.h"
#include "selftest/recorded.h"

namespace octavo::selftest {
namespace {

int passed = 0, failed = 0;

// `isa`: the table that the test is of; empty where it is of none.
void report(const char* isa, const char* name, const Check& check) {
  const char* separator = *isa == 0 ? "" : ": ";
  if (check.failures() == 0) {
    ++passed;
    std::printf("ok    %s%s%s\n", isa, separator, name);
  } else {
    ++failed;
    std::printf("FAIL  %s%s%s: %s (%lld failures)\n", isa, separator, name, check.text(),
                static_cast<long long>(check.failures()));
  }
}

void run_table(const Kernels& kernels) {
  for (Span<const KernelTest> tests :
       {kBatchProductTests, kCastTests, kConvolutionTests, kFloatProductTests, kProductS16Tests,
        kElementwiseTests, kNarrowTests, kLstmTests, kPairTests, kRealTests, kRealRowTests,
        kDynamicRangeTests}) {
    for (const KernelTest& test : tests) {
      Check check;
      test.run(kernels, check);
      report(kernels.isa, test.name, check);
    }
  }
  for (const Recorded& r : kRecorded) {
    Check check;
    run_recorded(r, kernels, check);
    report(kernels.isa, r.name, check);
  }
}

void run_all() {
  for (Span<const Test> tests :
       {kFixedPointTests, kMathTests, kMemoryTests, kCapiTests, kCustomOpTests}) {
    for (const Test& test : tests) {
      Check check;
      test.run(check);
      report("", test.name, check);
    }
  }
  for (const Recorded& r : kRecorded) {
    Check check;
    run_recorded(r, check);
    report("", r.name, check);
  }
  const AvailableKernels available = available_kernels();
  for (const Kernels* kernels : available) {
    if (kernels != &kPortable) run_table(*kernels);
  }
  std::printf("kernels of this CPU:");
  for (const Kernels* kernels : available) std::printf(" %s", kernels->isa);
  std::puts("");
  if (allocation_count() < 0) std::puts("allocations were not counted: a sanitizer owns the heap");
  std::printf("%d passed, %d failed\n", passed, failed);
}

}  // namespace
}  // namespace octavo::selftest

int main() {
  octavo::selftest::run_all();
  return octavo::selftest::failed == 0 ? 0 : 1;
}
