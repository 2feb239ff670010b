// What the kernels of 8-bit elements share, over the traits V and B: int32 from bytes and back.
// int8 is computed with; uint8 has its sign bit flipped first.

template <class T>
constexpr Flip kFlipOf = std::is_signed_v<T> ? Flip::kNo : Flip::kSign;

// A zero point or a bound of T, as that of int8.
template <class T>
constexpr int32_t as_s8(int32_t value) {
  return value - static_cast<int32_t>(kFlipOf<T>);
}

// Two int16 in each int32, as dot16 takes them.
B::Vec pair_of(int32_t low, int32_t high) {
  return V::set(static_cast<int32_t>((static_cast<uint32_t>(low) & 0xffff) |
                                     static_cast<uint32_t>(high) << 16));
}

// As many elements as there are up to the end of the tensor, kSize at most.
template <class T>
B::Vec load_channels(const T* in, const T* end) {
  return end - in >= B::kSize ? B::load(in) : B::load_part(in, end - in);
}
template <class T>
void store_channels(B::Vec x, T* out, const T* end) {
  if (end - out >= B::kSize) {
    B::store(x, out);
  } else {
    B::store_part(x, out, end - out);
  }
}

// B for whoever walks vectors of any elements.
struct Bytes {
  using Element = uint8_t;
  using Vec = B::Vec;
  static constexpr int kLanes = B::kSize;

  static Vec set(uint8_t x) { return B::set8(x); }
  static Vec load(const uint8_t* p) { return B::load(p); }
  static void store(Vec x, uint8_t* p) { B::store(x, p); }
  static Vec load_part(const uint8_t* p, int64_t count) { return B::load_part(p, count); }
  static void store_part(Vec x, uint8_t* p, int64_t count) { B::store_part(x, p, count); }
};

// out = compute(a, b) by vectors of the operands' elements.
template <class T, class Compute>
void for_each_vector(const reference::Broadcast& broadcast, const T* a, const T* b, T* out,
                     Compute compute) {
  compute_broadcast<Bytes>(broadcast, reinterpret_cast<const uint8_t*>(a),
                           reinterpret_cast<const uint8_t*>(b), reinterpret_cast<uint8_t*>(out),
                           compute);
}

// The int8 of a vector as int32 times 2^24, in the order in which V::finish takes them.
struct Quarters {
  V::I32 v[4];
};
Quarters widen(B::Vec x) {
  const B::Vec zero = B::set8(0), low = B::low8(zero, x), high = B::high8(zero, x);
  return {{B::low16(zero, low), B::high16(zero, low), B::low16(zero, high), B::high16(zero, high)}};
}

// finish(compute(a, b)) for each quarter.
template <class Compute>
B::Vec by_quarters(B::Vec a, B::Vec b, const V::Output& to, Compute compute) {
  const Quarters x = widen(a), y = widen(b);
  return V::finish(compute(x.v[0], y.v[0]), compute(x.v[1], y.v[1]), compute(x.v[2], y.v[2]),
                   compute(x.v[3], y.v[3]), to);
}

// The greatest int8 of a row of at least kSize bytes, each combined with `flip` first.
template <class T>
int32_t greatest_of_row(const T* row, int64_t size, B::Vec flip) {
  // The last vector has some for a second time.
  B::Vec most = B::bit_xor(B::load(row + size - B::kSize), flip);
  for (int64_t i = 0; i + B::kSize <= size; i += B::kSize) {
    most = B::max8(most, B::bit_xor(B::load(row + i), flip));
  }
  return B::greatest8(most);
}
