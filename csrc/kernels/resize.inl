// RESIZE_BILINEAR of int8 over the traits V and B, channels across lanes; reference/resize.h has
// its definition. Its sums are exact, so that they may be made column by column, and a column of
// the input serves all outputs beside it.

// kSize channels of two pixels, one above the other, blended by the weights of their rows.
struct Column {
  V::I32 v[4];
};
Column blend_rows(B::Vec upper, B::Vec lower, B::Vec weights) {
  const B::Vec zero = B::set8(0);
  const V::I32 eight = V::set(8);  // the int16 are 256 times the elements
  const auto sum = [&](B::Vec pairs) { return V::shift_right(B::dot16(pairs, weights), eight); };
  const B::Vec upper_low = B::low8(zero, upper), upper_high = B::high8(zero, upper);
  const B::Vec lower_low = B::low8(zero, lower), lower_high = B::high8(zero, lower);
  return {{sum(B::low16(upper_low, lower_low)), sum(B::high16(upper_low, lower_low)),
           sum(B::low16(upper_high, lower_high)), sum(B::high16(upper_high, lower_high))}};
}

// round(s / 2^20), half away from zero, is (s + 2^19 - (s < 0)) >> 20.
B::Vec blend_columns(const Column& left, const Column& right, int32_t offset) {
  const V::I32 to_right = V::set(offset), half = V::set(1 << 19), sign = V::set(31);
  const auto mean = [&](int i) {
    const V::I32 step = V::mul(V::sub(right.v[i], left.v[i]), to_right);
    const V::I32 sum = V::add(V::shift_left(left.v[i], V::set(10)), step);
    return V::shift_right(V::add(V::add(sum, half), V::shift_right(sum, sign)), V::set(20));
  };
  return B::narrow16(B::narrow32(mean(0), mean(1)), B::narrow32(mean(2), mean(3)));
}

void resize_bilinear_s8(const reference::ResizeParams& p, const int8_t* in, int8_t* out) {
  const reference::ResizeAxis y_axis(p.in_h, p.out_h, p), x_axis(p.in_w, p.out_w, p);
  const int64_t pixel = p.channels, row = p.in_w * pixel, image = p.in_h * row;
  const int8_t* in_end = in + p.batch * image;
  auto* to = reinterpret_cast<uint8_t*>(out);
  const uint8_t* out_end = to + int64_t{p.batch} * p.out_h * p.out_w * pixel;
  // A vector may be longer than a pixel. What it writes of the next one comes before that, since
  // the last channels are the first to be written.
  const int32_t last = (p.channels - 1) / B::kSize * B::kSize;
  for (int32_t b = 0; b < p.batch; ++b, in += image) {
    for (int32_t out_y = 0; out_y < p.out_h; ++out_y, to += p.out_w * pixel) {
      const reference::ResizePosition y = y_axis.at(out_y);
      const B::Vec weights = pair_of(reference::kResizeOne - y.offset, y.offset);
      for (int32_t c = last; c >= 0; c -= B::kSize) {
        const auto column_at = [&](int32_t x) {
          const int8_t* upper = in + y.low * row + x * pixel + c;
          const int8_t* lower = in + y.high * row + x * pixel + c;
          return blend_rows(load_channels(upper, in_end), load_channels(lower, in_end), weights);
        };
        int32_t low = 0, high = 0;
        Column left = column_at(0), right = left;
        for (int32_t out_x = 0; out_x < p.out_w; ++out_x) {
          const reference::ResizePosition x = x_axis.at(out_x);
          if (x.low != low || x.high != high) {
            left = x.low == high ? right : column_at(x.low);
            right = x.high == x.low ? left : column_at(x.high);
            low = x.low;
            high = x.high;
          }
          store_channels(blend_columns(left, right, x.offset), to + out_x * pixel + c, out_end);
        }
      }
    }
  }
}
