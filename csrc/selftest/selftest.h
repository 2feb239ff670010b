// The self-test: plain functions in tables, run by main.cc. It needs a C++ compiler and printf, so
// that it runs on targets where Python does not.
#pragma once

#include <cstdint>

#include "base/span.h"
#include "base/status.h"
#include "kernels/table.h"

namespace octavo::selftest {

// Collects what a test finds: the first failure's text, and how many there were.
class Check {
 public:
  // Unless `ok`, a failure that the parts describe, as Status::invalid takes them.
  template <class... Parts>
  void expect(bool ok, const Parts&... parts) {
    if (ok) return;
    if (failures_++ > 0) return;
    Message m(text_, sizeof(text_));
    (m.add(parts), ...);
  }
  template <class T>
  void expect_equal(T found, T expected, const char* what) {
    expect(found == expected, what, " is ", found, ", should be ", expected);
  }

  int64_t failures() const { return failures_; }
  const char* text() const { return text_; }

 private:
  int64_t failures_ = 0;
  char text_[400] = "";
};

struct Test {
  const char* name;
  void (*run)(Check&);
};

extern const Span<const Test> kFixedPointTests, kMathTests, kMemoryTests, kCapiTests,
    kCustomOpTests;

// Run on every table but the portable one, which is what the others are compared with.
struct KernelTest {
  const char* name;
  void (*run)(const Kernels& kernels, Check&);
};

extern const Span<const KernelTest> kBatchProductTests, kCastTests, kConvolutionTests,
    kFloatProductTests, kProductS16Tests, kElementwiseTests, kNarrowTests, kLstmTests, kPairTests,
    kRealTests, kRealRowTests, kDynamicRangeTests;

// Heap allocations of this program so far; -1 where nothing counts them.
int64_t allocation_count();

// Steele, Lea and Flood's SplitMix64: the same numbers everywhere.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t bits() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  // In [0, 1).
  double real() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  // In [low, high].
  int64_t integer(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(bits() % (static_cast<uint64_t>(high - low) + 1));
  }
  // Of any magnitude, with the type's extremes and their neighbours among them.
  int32_t any_int32() {
    const auto x = static_cast<int32_t>(bits());
    const auto shift = static_cast<int>(bits() % 32);
    if (bits() % 8 != 0) return x >> shift;
    constexpr int32_t kExtremes[] = {INT32_MIN, INT32_MIN + 1, -1, 0, 1, INT32_MAX - 1, INT32_MAX};
    return kExtremes[bits() % 7];
  }

 private:
  uint64_t state_;
};

}  // namespace octavo::selftest
