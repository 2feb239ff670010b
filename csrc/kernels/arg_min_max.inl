// ARG_MAX and ARG_MIN of 8 bits and of float32 along contiguous rows over the traits B and F;
// reference/arg_min_max.h has their definition. The least byte is the greatest of what has all bits
// flipped, the least float of what has the other sign.

template <class T, class Index, auto kReference>
void arg_min_max(const reference::ArgMinMaxParams& p, const T* in, Index* out) {
  if (p.inner != 1 || p.axis < B::kSize) return kReference(p, in, out);
  const B::Vec flip = B::set8(static_cast<int32_t>(kFlipOf<T>) ^ (p.minimum ? 0xff : 0));
  for (int64_t row = 0; row < p.outer; ++row, in += p.axis) {
    const int32_t most = greatest_of_row(in, p.axis, flip);
    int32_t at = 0, within;
    while ((within = B::find8(B::bit_xor(B::load(in + at), flip), most)) == B::kSize) {
      at = min(at + B::kSize, p.axis - B::kSize);
    }
    out[row] = at + within;
  }
}

// Each lane keeps the first of its greatest numbers, and the place of that in a float.
template <class Index, auto kReference>
void arg_min_max_real(const reference::ArgMinMaxParams& p, const float* in, Index* out) {
  constexpr int32_t kMost = 1 << 24;
  if (p.inner != 1 || p.axis > kMost) return kReference(p, in, out);
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  const F::Vec lowest = F::set(kLowest), beyond = F::set(kMost), minus = F::set(-1);
  const F::Vec sign = F::set(p.minimum ? -1 : 1), step = F::set(F::kLanes);
  float lanes[F::kLanes];
  for (int i = 0; i < F::kLanes; ++i) lanes[i] = static_cast<float>(i);
  for (int64_t row = 0; row < p.outer; ++row, in += p.axis) {
    F::Vec most = lowest, at = beyond, place = F::load(lanes);
    for_each_part_of_row(p.axis, [&](int64_t i, auto count) {
      const F::Vec x = join_rest(F::mul(load_of_row(in + i, count), sign), lowest, count);
      at = F::select_above(x, most, place, at);
      most = F::select_above(x, most, x, most);
      place = F::add(place, step);
    });
    const float greatest = F::greatest(most);
    if (greatest > kLowest) {
      at = F::select_above(F::set(greatest), most, beyond, at);
      out[row] = static_cast<Index>(-F::greatest(F::mul(at, minus)));
    } else {  // NaN may be among them
      kReference({1, p.axis, 1, p.minimum}, in, out + row);
    }
  }
}
