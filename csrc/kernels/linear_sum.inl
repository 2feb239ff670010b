// The kernel of linear_sum.h over the traits V and B.

template <bool kAway>
void add_weighted(const LinearSumParams& p, const uint8_t* a, const uint8_t* b, uint8_t* out) {
  const B::Vec high = pair_of(p.a.high, p.b.high), low = pair_of(p.a.low, p.b.low);
  const B::Vec zero = B::set8(0), flip = B::set8(static_cast<int32_t>(p.flip));
  const B::Vec least = B::set8(p.act_min), most = B::set8(p.act_max);
  const V::I32 low_bits = V::set(15), right = V::set(p.right), sign = V::set(31);
  const V::I32 zeros = V::set(p.zeros), away = V::set(p.away);
  const V::I32 constant = V::set(kAway ? p.constant : p.constant + p.zeros);
  const auto sum = [=](B::Vec pairs) {
    V::I32 s = V::add(B::dot16(pairs, high), V::shift_right(B::dot16(pairs, low), low_bits));
    if (kAway) {
      s = V::add(s, zeros);
      s = V::sub(s, B::bit_and(V::shift_right(s, sign), away));
    }
    return V::shift_right(V::add(s, constant), right);
  };
  // int16 from bytes: 256 times their values.
  const auto half = [=](B::Vec x, B::Vec y) {
    return B::narrow32(sum(B::low16(x, y)), sum(B::high16(x, y)));
  };
  for_each_vector(p.broadcast, a, b, out, [=](B::Vec x, B::Vec y) {
    x = B::bit_xor(x, flip);
    y = B::bit_xor(y, flip);
    const B::Vec z = B::narrow16(half(B::low8(zero, x), B::low8(zero, y)),
                                 half(B::high8(zero, x), B::high8(zero, y)));
    return B::bit_xor(B::min8(B::max8(z, least), most), flip);
  });
}

void linear_sum_8(const LinearSumParams& p, const uint8_t* a, const uint8_t* b, uint8_t* out) {
  if (p.away == 0) return add_weighted<false>(p, a, b, out);
  add_weighted<true>(p, a, b, out);
}
