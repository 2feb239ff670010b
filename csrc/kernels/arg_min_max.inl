// ARG_MAX and ARG_MIN of 8 bits along contiguous rows over the trait B; reference/arg_min_max.h has
// their definition. The least is the greatest of what has all bits flipped.

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
