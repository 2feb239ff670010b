// CAST to float32 over the traits V, B and F; reference/cast.h has its definition. Other types, and
// ends, are the reference's.

template <class T, class Load>
int64_t cast_to_real(int64_t count, const void* in, float* out, Load load) {
  const auto* from = static_cast<const T*>(in);
  int64_t i = 0;
  for (; i + V::kLanes <= count; i += V::kLanes) F::store(F::from_int(load(from + i)), out + i);
  return i;
}

void cast(const reference::CastParams& p, const void* in, void* out) {
  const auto to_real = [&](auto element, auto load) {
    using T = decltype(element);
    auto* to = static_cast<float*>(out);
    const int64_t done = cast_to_real<T>(p.count, in, to, load);
    reference::cast({p.in, p.out, p.count - done}, static_cast<const T*>(in) + done, to + done);
  };
  if (p.out != DType::kFloat32) return reference::cast(p, in, out);
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
