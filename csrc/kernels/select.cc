#include "kernels/select.h"

#ifdef OCTAVO_X86_64
#ifdef _MSC_VER
#include <immintrin.h>
#include <intrin.h>
#else
#include <cpuid.h>
#endif
#endif
#if defined(OCTAVO_AARCH64) && defined(__linux__)
#include <sys/auxv.h>
#elif defined(OCTAVO_AARCH64) && defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace octavo {

#ifdef OCTAVO_X86_64
namespace {

#ifdef _MSC_VER

// Whether CPUID leaf `leaf`, `subleaf` has these bits in register `number`, of eax to edx.
bool has_bits(int leaf, int subleaf, int number, unsigned bits) {
  int registers[4];
  __cpuid(registers, 0);
  if (registers[0] < leaf) return false;
  __cpuidex(registers, leaf, subleaf);
  return (static_cast<unsigned>(registers[number]) & bits) == bits;
}

// Whether the operating system saves these registers: the bits of XCR0.
bool saves(unsigned long long bits) {
  constexpr unsigned kCanTell = 1u << 27;  // OSXSAVE
  return has_bits(1, 0, 2, kCanTell) && (_xgetbv(0) & bits) == bits;
}

bool has_avx2() {
  constexpr unsigned kFma = 1u << 12, kF16c = 1u << 29, kAvx2 = 1u << 5;
  return saves(0x6) && has_bits(1, 0, 2, kFma | kF16c) && has_bits(7, 0, 1, kAvx2);
}

bool has_avxvnni() { return has_avx2() && has_bits(7, 1, 0, 1u << 4); }

bool has_avx512vnni() {
  constexpr unsigned kF = 1u << 16, kDq = 1u << 17, kBw = 1u << 30, kVl = 1u << 31;
  return saves(0xe6) && has_bits(7, 0, 1, kF | kDq | kBw | kVl) && has_bits(7, 0, 2, 1u << 11);
}

#else

// What came with AVX2, except in one maker's CPUs. Older compilers have no name for F16C.
bool has_avx2() {
  unsigned a, b, c, d;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}

// gcc has no name for it before its version 12.
bool has_avxvnni() {
  unsigned a, b, c, d;
  return has_avx2() && __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a & 1 << 4) != 0;
}

bool has_avx512vnni() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vnni");
}

#endif

}  // namespace
#endif

#ifdef OCTAVO_AARCH64
namespace {

// Where no operating system can be asked there is NEON and no more.
#ifdef __linux__
// By number: older headers have no names for these.
bool has_dot() { return (getauxval(AT_HWCAP) & 1ul << 20) != 0; }    // HWCAP_ASIMDDP
bool has_fp16() { return (getauxval(AT_HWCAP) & 1ul << 10) != 0; }   // HWCAP_ASIMDHP
bool has_i8mm() { return (getauxval(AT_HWCAP2) & 1ul << 13) != 0; }  // HWCAP2_I8MM
#elif defined(__APPLE__)
bool has_feature(const char* name) {
  int value = 0;
  size_t size = sizeof(value);
  return sysctlbyname(name, &value, &size, nullptr, 0) == 0 && value != 0;
}
bool has_dot() { return has_feature("hw.optional.arm.FEAT_DotProd"); }
bool has_fp16() { return has_feature("hw.optional.arm.FEAT_FP16"); }
bool has_i8mm() { return has_feature("hw.optional.arm.FEAT_I8MM"); }
#else
bool has_dot() { return false; }
bool has_fp16() { return false; }
bool has_i8mm() { return false; }
#endif

}  // namespace
#endif

AvailableKernels available_kernels() {
  AvailableKernels a = {};
#ifdef OCTAVO_X86_64
  if (has_avx512vnni()) a.tables[a.count++] = &kAvx512Vnni;
  if (has_avxvnni()) a.tables[a.count++] = &kAvxVnni;
  if (has_avx2()) a.tables[a.count++] = &kAvx2;
#endif
#ifdef OCTAVO_AARCH64
  if (has_dot() && has_i8mm()) a.tables[a.count++] = &kNeonI8mm;
  if (has_dot()) a.tables[a.count++] = &kNeonDot;
  a.tables[a.count++] = &kNeon;
  if (has_dot() && has_fp16()) a.tables[a.count++] = &kNeonFp16;
#endif
  a.tables[a.count++] = &kPortable;
  return a;
}

Status select_kernels(const char* isa, const Kernels** out) {
  const AvailableKernels available = available_kernels();
  *out = available.tables[0];
  if (isa == nullptr || *isa == 0) return {};
  char names[128];
  Message m(names, sizeof(names));
  for (size_t i = 0; i < available.count; ++i) {
    const Kernels* table = available.tables[i];
    if (Text(table->isa) == Text(isa)) {
      *out = table;
      return {};
    }
    if (i > 0) m.add(", ");
    m.add(table->isa);
  }
  return Status::invalid("there are no kernels \"", isa, "\"; this CPU has ", names);
}

}  // namespace octavo
