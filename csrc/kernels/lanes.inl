// What kernels share, over the traits V, B and F: vectors by element type, int32 from elements of 8
// and 16 bits and back. int8 and int16 are computed with; uint8 has its sign bit flipped first.

template <class T>
constexpr Flip kFlipOf = std::is_signed_v<T> ? Flip::kNo : Flip::kSign;

// A zero point or a bound of T, as that of the signed type.
template <class T>
constexpr int32_t as_signed(int32_t value) {
  return value - static_cast<int32_t>(kFlipOf<T>);
}

// Vectors of elements of so many bytes. Wide has those of twice the size: low and high of x and 0
// are x's elements so widened, as unsigned ones, and narrow, which saturates, puts them back.
// finish makes a vector of int32 to which the zero point is still to be added; in_order puts its
// elements in the order of those.
template <size_t kBytes>
struct LanesOf;

template <>
struct LanesOf<8> {
  static B::Vec low(B::Vec a, B::Vec b) { return B::low64(a, b); }
  static B::Vec high(B::Vec a, B::Vec b) { return B::high64(a, b); }
};

template <>
struct LanesOf<4> {
  static B::Vec low(B::Vec a, B::Vec b) { return B::low32(a, b); }
  static B::Vec high(B::Vec a, B::Vec b) { return B::high32(a, b); }
  static B::Vec set(int32_t x) { return V::set(x); }
  static B::Vec add(B::Vec a, B::Vec b) { return V::add(a, b); }
  static B::Vec sub(B::Vec a, B::Vec b) { return V::sub(a, b); }
  static B::Vec abs(B::Vec x) { return V::max(x, V::sub(V::set(0), x)); }
  static B::Vec sign(B::Vec x) { return V::shift_right(x, V::set(31)); }  // -1 or 0
  static B::Vec mul_high_unsigned(B::Vec a, B::Vec b) { return V::mul_high_unsigned(a, b); }
  static B::Vec shift_right_unsigned(B::Vec x, int32_t n) {
    return V::shift_right_logical(x, V::set(n));
  }

  struct Output {
    V::I32 zero, low, high;
  };
  static Output make_output(const QuantizedOutput& to) {
    return {V::set(to.out_zero), V::set(to.act_min), V::set(to.act_max)};
  }
  static V::I32 finish(const V::I32 (&y)[1], const Output& to) {
    return V::min(V::max(V::add(y[0], to.zero), to.low), to.high);
  }
  static V::I32 in_order(V::I32 x) { return x; }
};

template <>
struct LanesOf<2> {
  using Wide = LanesOf<4>;
  static B::Vec set(int32_t x) { return B::set16(x); }
  static B::Vec add(B::Vec a, B::Vec b) { return B::add16(a, b); }
  static B::Vec sub(B::Vec a, B::Vec b) { return B::sub16(a, b); }
  static B::Vec min(B::Vec a, B::Vec b) { return B::min16(a, b); }
  static B::Vec max(B::Vec a, B::Vec b) { return B::max16(a, b); }
  static B::Vec abs(B::Vec x) { return B::abs16(x); }
  static B::Vec sign(B::Vec x) { return B::sign16(x); }
  static B::Vec mul_high_unsigned(B::Vec a, B::Vec b) { return B::mul_high_u16(a, b); }
  static B::Vec shift_right_unsigned(B::Vec x, int32_t n) { return B::shift_right_u16(x, n); }
  static B::Vec low(B::Vec a, B::Vec b) { return B::low16(a, b); }
  static B::Vec high(B::Vec a, B::Vec b) { return B::high16(a, b); }
  static B::Vec narrow(B::Vec low, B::Vec high) { return B::narrow32(low, high); }
  static int32_t greatest(B::Vec x) { return B::greatest16(x); }

  struct Output {
    V::I32 zero;
    B::Vec low, high;
  };
  static Output make_output(const QuantizedOutput& to) {
    return {V::set(to.out_zero), set(to.act_min), set(to.act_max)};
  }
  static B::Vec finish(const V::I32 (&y)[2], const Output& to) {
    const B::Vec x = narrow(V::add(y[0], to.zero), V::add(y[1], to.zero));
    return min(max(x, to.low), to.high);
  }
  static B::Vec in_order(B::Vec x) { return B::in_order16(x); }
};

template <>
struct LanesOf<1> {
  using Wide = LanesOf<2>;
  static B::Vec set(int32_t x) { return B::set8(x); }
  static B::Vec min(B::Vec a, B::Vec b) { return B::min8(a, b); }
  static B::Vec max(B::Vec a, B::Vec b) { return B::max8(a, b); }
  static B::Vec low(B::Vec a, B::Vec b) { return B::low8(a, b); }
  static B::Vec high(B::Vec a, B::Vec b) { return B::high8(a, b); }
  static B::Vec narrow(B::Vec low, B::Vec high) { return B::narrow16(low, high); }
  static int32_t greatest(B::Vec x) { return B::greatest8(x); }

  using Output = V::Output;
  static Output make_output(const QuantizedOutput& to) { return V::make_output(to); }
  static B::Vec finish(const V::I32 (&y)[4], const Output& to) {
    return V::finish(y[0], y[1], y[2], y[3], to);
  }
  static B::Vec in_order(B::Vec x) { return B::in_order(x); }
};

// The same of elements of T, with what walking them takes.
template <class T>
struct Lanes : LanesOf<sizeof(T)> {
  using Element = T;
  using Vec = B::Vec;
  static constexpr int kLanes = B::kSize / static_cast<int>(sizeof(T));
  static constexpr int kParts = kLanes / V::kLanes;  // vectors of int32
  static constexpr int kRoom = 32 - 8 * static_cast<int>(sizeof(T));

  static Vec load(const T* p) { return B::load(p); }
  static void store(Vec x, T* p) { B::store(x, p); }
  // The first `count`, at least 1 and less than kLanes.
  static Vec load_part(const T* p, int64_t count) {
    return B::load_part(p, count * static_cast<int64_t>(sizeof(T)));
  }
  static void store_part(Vec x, T* p, int64_t count) {
    B::store_part(x, p, count * static_cast<int64_t>(sizeof(T)));
  }
  static Vec flip() { return Lanes::set(static_cast<int32_t>(kFlipOf<T>)); }
};

template <>
struct Lanes<float> : F {};

// What a tensor of T asks of finish().
template <class T>
typename Lanes<T>::Output output_of(int32_t zero, int32_t low, int32_t high) {
  return Lanes<T>::make_output(
      {as_signed<T>(zero), as_signed<T>(low), as_signed<T>(high), kFlipOf<T>});
}
template <class T>
typename Lanes<T>::Output output_of(int32_t zero) {
  return output_of<T>(zero, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
}

// base/math.h's clamp: NaN stays.
F::Vec clamp_real(F::Vec x, F::Vec low, F::Vec high) { return F::min(high, F::max(low, x)); }

// Two int16 in each int32, as dot16 takes them.
B::Vec pair_of(int32_t low, int32_t high) {
  return V::set(static_cast<int32_t>((static_cast<uint32_t>(low) & 0xffff) |
                                     static_cast<uint32_t>(high) << 16));
}

// As many elements as there are up to the end of the tensor, a vector's at most.
template <class T>
typename Lanes<T>::Vec load_channels(const T* in, const T* end) {
  using L = Lanes<T>;
  return end - in >= L::kLanes ? L::load(in) : L::load_part(in, end - in);
}
template <class T>
void store_channels(typename Lanes<T>::Vec x, T* out, const T* end) {
  using L = Lanes<T>;
  if (end - out >= L::kLanes) {
    L::store(x, out);
  } else {
    L::store_part(x, out, end - out);
  }
}

// out = compute(a, b) by vectors of the operands' elements.
template <class T, class Compute>
void for_each_vector(const reference::Broadcast& broadcast, const T* a, const T* b, T* out,
                     const Compute& compute) {
  compute_broadcast<Lanes<T>>(broadcast, a, b, out, compute);
}

// out = compute(in) by vectors of elements. In is T, or float16 where that is float.
template <class In, class T, class Compute>
void for_each_vector(int64_t count, const In* in, T* out, const Compute& given) {
  using L = Lanes<T>;
  const Compute compute = given;  // which no output changes
  int64_t i = 0;
  for (; i + L::kLanes <= count; i += L::kLanes) L::store(compute(L::load(in + i)), out + i);
  if (i == count) return;
  L::store_part(compute(L::load_part(in + i, count - i)), out + i, count - i);
}

// The elements of a vector as int32, in the order in which finish() takes them.
template <class T>
struct Parts {
  V::I32 v[Lanes<T>::kParts];
};

// As signed numbers, times 2^kRoom.
template <class T>
Parts<T> widen(B::Vec x) {
  const B::Vec zero = B::set8(0), y = B::bit_xor(x, Lanes<T>::flip());
  if constexpr (sizeof(T) == 2) {
    return {{B::low16(zero, y), B::high16(zero, y)}};
  } else {
    const B::Vec low = B::low8(zero, y), high = B::high8(zero, y);
    return {
        {B::low16(zero, low), B::high16(zero, low), B::low16(zero, high), B::high16(zero, high)}};
  }
}

// finish(compute(x...)) for each part of widened vectors.
template <class T, class Compute, class... Vectors>
B::Vec by_parts(const typename Lanes<T>::Output& to, Compute compute, Vectors... vectors) {
  const auto finish = [&](const auto&... x) {
    Parts<T> y;
#pragma GCC unroll 4
    for (int i = 0; i < Lanes<T>::kParts; ++i) y.v[i] = compute(x.v[i]...);
    return Lanes<T>::finish(y.v, to);
  };
  return finish(widen<T>(vectors)...);
}

// The greatest element of a row of at least kLanes, each combined with `flip` first.
template <class T>
int32_t greatest_of_row(const T* row, int64_t size, B::Vec flip) {
  using L = Lanes<T>;
  // The last vector has some for a second time.
  B::Vec most = B::bit_xor(L::load(row + size - L::kLanes), flip);
  for (int64_t i = 0; i + L::kLanes <= size; i += L::kLanes) {
    most = L::max(most, B::bit_xor(L::load(row + i), flip));
  }
  return L::greatest(most);
}
