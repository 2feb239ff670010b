// CAST to and from float32, and of int32 to int64, over the traits V, B and F; reference/cast.h has
// its definition. Other types, and ends, are the reference's.

// Those that return how many they have done are followed by the reference for the rest.
template <class T, class Load>
int64_t cast_to_real(int64_t count, const T* in, float* out, Load load) {
  int64_t i = 0;
  for (; i + V::kLanes <= count; i += V::kLanes) F::store(F::from_int(load(in + i)), out + i);
  return i;
}

// To integers of 8 and 16 bits. Where x is NaN min() gives the greatest.
template <class T>
int64_t cast_from_real(int64_t count, const float* in, T* out) {
  using L = Lanes<T>;
  using Limits = std::numeric_limits<T>;
  const F::Vec low = F::set(Limits::min()), high = F::set(Limits::max());
  const auto to = output_of<T>(0);
  int64_t i = 0;
  for (; i + L::kLanes <= count; i += L::kLanes) {
    Parts<T> y;
#pragma GCC unroll 4
    for (int j = 0; j < L::kParts; ++j) {
      y.v[j] = F::truncate(F::max(F::min(F::load(in + i + j * V::kLanes), high), low));
    }
    L::store(L::in_order(L::finish(y.v, to)), out + i);
  }
  return i;
}

int64_t cast_to_half(int64_t count, const float* in, Half* out) {
  int64_t i = 0;
  for (; i + F::kLanes <= count; i += F::kLanes) F::store(F::load(in + i), out + i);
  return i;
}

// Compilers see the vectors.
int64_t cast_to_s64(int64_t count, const int32_t* in, int64_t* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = in[i];
  return count;
}

void cast(const reference::CastParams& p, const void* in, void* out) {
  // run(count, in, out), from and to elements of the types that those have.
  const auto by = [&](auto from, auto to, auto run) {
    const auto* source = static_cast<const decltype(from)*>(in);
    auto* target = static_cast<decltype(to)*>(out);
    const int64_t done = run(p.count, source, target);
    reference::cast({p.in, p.out, p.count - done}, source + done, target + done);
  };
  const auto to_real = [&](auto element, auto load) {
    by(element, float{}, [=](int64_t count, const auto* source, float* target) {
      return cast_to_real(count, source, target, load);
    });
  };
  const auto is = [&](DType from, DType to) { return p.in == from && p.out == to; };
  if (p.out == DType::kFloat32) {
    switch (p.in) {
      case DType::kBool:  // which may be any number
        return to_real(uint8_t{}, [](const uint8_t* x) { return V::min(B::widen(x), V::set(1)); });
      case DType::kUInt8:
        return to_real(uint8_t{}, [](const uint8_t* x) { return B::widen(x); });
      case DType::kInt8:
        return to_real(int8_t{}, [](const int8_t* x) { return B::widen(x); });
      case DType::kInt16:
        return to_real(int16_t{}, [](const int16_t* x) { return B::widen(x); });
      case DType::kInt32:
        return to_real(int32_t{}, [](const int32_t* x) { return V::load(x); });
      default:
        return reference::cast(p, in, out);
    }
  }
  if (is(DType::kFloat32, DType::kUInt8)) return by(float{}, uint8_t{}, &cast_from_real<uint8_t>);
  if (is(DType::kFloat32, DType::kInt8)) return by(float{}, int8_t{}, &cast_from_real<int8_t>);
  if (is(DType::kFloat32, DType::kInt16)) return by(float{}, int16_t{}, &cast_from_real<int16_t>);
  if (is(DType::kFloat32, DType::kFloat16)) return by(float{}, Half{}, &cast_to_half);
  if (is(DType::kInt32, DType::kInt64)) return by(int32_t{}, int64_t{}, &cast_to_s64);
  reference::cast(p, in, out);
}
