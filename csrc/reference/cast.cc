#include "reference/cast.h"

#include <limits>
#include <type_traits>

#include "base/bfloat16.h"
#include "base/half.h"

namespace octavo::reference {
namespace {

// A bool of memory that anybody may have written: reading it as bool is undefined unless 0 or 1.
enum class Bool : uint8_t {};

template <class To, class From>
To convert_real(From x) {
  // The type's ends, or the powers of two just beyond them where From cannot hold them.
  constexpr auto kLow = static_cast<From>(std::numeric_limits<To>::min());
  constexpr auto kHigh = static_cast<From>(std::numeric_limits<To>::max());
  if (x < kLow) return std::numeric_limits<To>::min();
  return x < kHigh ? static_cast<To>(x) : std::numeric_limits<To>::max();
}

struct Complex {
  float real, imaginary;
};

template <class To, class From>
To convert(From x) {
  if constexpr (std::is_same_v<From, Complex> && std::is_same_v<To, Complex>) {
    return x;
  } else if constexpr (std::is_same_v<From, Complex>) {
    return convert<To>(x.real);
  } else if constexpr (std::is_same_v<To, Complex>) {
    return {convert<float>(x), 0};
  } else if constexpr (std::is_same_v<From, Half> || std::is_same_v<From, BFloat16>) {
    return convert<To>(to_float(x));
  } else if constexpr (std::is_same_v<From, Bool>) {
    return convert<To>(static_cast<uint8_t>(x != Bool{0}));
  } else if constexpr (std::is_same_v<To, Half>) {
    return to_half(static_cast<float>(x));
  } else if constexpr (std::is_same_v<To, BFloat16>) {
    return to_bfloat16(static_cast<float>(x));
  } else if constexpr (std::is_same_v<To, Bool>) {
    return Bool{static_cast<uint8_t>(x != 0)};
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    return convert_real<To>(x);
  } else {
    return static_cast<To>(x);
  }
}

// Calls f with a value of the C++ type that holds elements of `type`; false where there is none.
template <class F>
bool with_type(DType type, F f) {
  switch (type) {
    case DType::kFloat32:
      return f(float{}), true;
    case DType::kFloat64:
      return f(double{}), true;
    case DType::kFloat16:
      return f(Half{}), true;
    case DType::kBFloat16:
      return f(BFloat16{}), true;
    case DType::kInt8:
      return f(int8_t{}), true;
    case DType::kInt16:
      return f(int16_t{}), true;
    case DType::kInt32:
      return f(int32_t{}), true;
    case DType::kInt64:
      return f(int64_t{}), true;
    case DType::kUInt8:
      return f(uint8_t{}), true;
    case DType::kUInt16:
      return f(uint16_t{}), true;
    case DType::kUInt32:
      return f(uint32_t{}), true;
    case DType::kBool:
      return f(Bool{}), true;
    case DType::kComplex64:
      return f(Complex{}), true;
    default:
      return false;
  }
}

}  // namespace

bool is_castable(DType type) {
  return with_type(type, [](auto) {});
}

void cast(const CastParams& p, const void* in, void* out) {
  with_type(p.in, [&](auto from) {
    with_type(p.out, [&](auto to) {
      const auto* source = static_cast<const decltype(from)*>(in);
      auto* target = static_cast<decltype(to)*>(out);
      for (int64_t i = 0; i < p.count; ++i) target[i] = convert<decltype(to)>(source[i]);
    });
  });
}

}  // namespace octavo::reference
