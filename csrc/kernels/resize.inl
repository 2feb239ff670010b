// RESIZE_BILINEAR over the traits V, B and F, channels across lanes;
// reference/resize.h has its definition. A column of the input, two pixels one above the other, is
// blended once for all outputs beside it.

// int8: sums are exact integers, so that columns may be added up first.
struct IntegerBlend {
  using Element = int8_t;
  using Axis = reference::ResizeAxis;
  struct Column {
    V::I32 v[4];
  };

  static Column blend_rows(B::Vec upper, B::Vec lower, int32_t offset) {
    const B::Vec zero = B::set8(0), weights = pair_of(reference::kResizeOne - offset, offset);
    const V::I32 eight = V::set(8);  // the int16 are 256 times the elements
    const auto sum = [&](B::Vec pairs) { return V::shift_right(B::dot16(pairs, weights), eight); };
    const B::Vec upper_low = B::low8(zero, upper), upper_high = B::high8(zero, upper);
    const B::Vec lower_low = B::low8(zero, lower), lower_high = B::high8(zero, lower);
    return {{sum(B::low16(upper_low, lower_low)), sum(B::high16(upper_low, lower_low)),
             sum(B::low16(upper_high, lower_high)), sum(B::high16(upper_high, lower_high))}};
  }

  // round(s / 2^20), half away from zero, is (s + 2^19 - (s < 0)) >> 20.
  static B::Vec blend_columns(const Column& left, const Column& right, int32_t offset) {
    const V::I32 to_right = V::set(offset), half = V::set(1 << 19), sign = V::set(31);
    const auto mean = [&](int i) {
      const V::I32 step = V::mul(V::sub(right.v[i], left.v[i]), to_right);
      const V::I32 sum = V::add(V::shift_left(left.v[i], V::set(10)), step);
      return V::shift_right(V::add(V::add(sum, half), V::shift_right(sum, sign)), V::set(20));
    };
    return B::narrow16(B::narrow32(mean(0), mean(1)), B::narrow32(mean(2), mean(3)));
  }
};

// int16: the same, but a weighted column needs more than 32 bits, which are split.
struct WideBlend {
  using Element = int16_t;
  using Axis = reference::ResizeAxis;
  struct Column {
    V::I32 v[2];
  };

  static Column blend_rows(B::Vec upper, B::Vec lower, int32_t offset) {
    const B::Vec weights = pair_of(reference::kResizeOne - offset, offset);
    return {
        {B::dot16(B::low16(upper, lower), weights), B::dot16(B::high16(upper, lower), weights)}};
  }

  // s = 2^10 left + (right - left) offset is 2^10 upper + lower, with 0 <= lower < 2^10.
  static B::Vec blend_columns(const Column& left, const Column& right, int32_t offset) {
    const V::I32 ten = V::set(10), low_bits = V::set(1023), half = V::set(512), sign = V::set(31);
    const V::I32 to_right = V::set(offset);
    const auto mean = [&](int i) {
      const V::I32 way = V::sub(right.v[i], left.v[i]);
      const V::I32 low = B::dot16(B::bit_and(way, low_bits), to_right);
      const V::I32 high = V::mul(V::shift_right(way, ten), to_right);
      const V::I32 upper = V::add(V::add(left.v[i], high), V::shift_right(low, ten));
      const V::I32 lower = B::bit_and(low, low_bits);
      const V::I32 away = V::shift_right(V::add(lower, V::shift_right(upper, sign)), ten);
      return V::shift_right(V::add(V::add(upper, half), away), ten);
    };
    return B::narrow32(mean(0), mean(1));
  }
};

// Products and sums of floats, in the order of the definition.
struct RealBlend {
  using Element = float;
  using Axis = reference::RealResizeAxis;
  struct Column {
    F::Vec upper, lower;
  };

  static Column blend_rows(F::Vec upper, F::Vec lower, float offset) {
    return {F::mul(upper, F::set(1 - offset)), F::mul(lower, F::set(offset))};
  }
  static F::Vec blend_columns(const Column& left, const Column& right, float offset) {
    const F::Vec from_left = F::set(1 - offset), from_right = F::set(offset);
    const F::Vec upper_left = F::mul(left.upper, from_left);
    const F::Vec lower_left = F::mul(left.lower, from_left);
    const F::Vec upper_right = F::mul(right.upper, from_right);
    const F::Vec lower_right = F::mul(right.lower, from_right);
    return F::add(F::add(F::add(upper_left, lower_left), upper_right), lower_right);
  }
};

// uint8: the same, rounded.
struct RoundedBlend {
  using Element = uint8_t;
  using Axis = reference::RealResizeAxis;
  struct Column {
    RealBlend::Column v[4];
  };

  static Column blend_rows(B::Vec upper, B::Vec lower, float offset) {
    uint8_t upper_bytes[B::kSize], lower_bytes[B::kSize];
    B::store(upper, upper_bytes);
    B::store(lower, lower_bytes);
    const auto part = [&](int i) {
      const int at = i * V::kLanes;
      return RealBlend::blend_rows(F::from_int(B::widen(upper_bytes + at)),
                                   F::from_int(B::widen(lower_bytes + at)), offset);
    };
    return {{part(0), part(1), part(2), part(3)}};
  }

  static B::Vec blend_columns(const Column& left, const Column& right, float offset) {
    const F::Vec half = F::set(0.5f);
    const auto mean = [&](int i) {
      return F::truncate(F::add(RealBlend::blend_columns(left.v[i], right.v[i], offset), half));
    };
    const V::Output to = V::make_output({-128, -128, 127, Flip::kSign});
    return B::in_order(V::finish(mean(0), mean(1), mean(2), mean(3), to));
  }
};

// Some columns of one row of the output, whose positions are given.
template <class Blend, class Element = typename Blend::Element, class Position>
void resize_row(const Element* upper, const Element* lower, decltype(Position::offset) offset,
                const Element* in_end, const Position* x, int32_t columns, int32_t channels,
                Element* out) {
  using Column = typename Blend::Column;
  constexpr int32_t kLanes = Lanes<Element>::kLanes;
  const int64_t pixel = channels;
  const Element* out_end = out + columns * pixel;
  // A vector may be longer than a pixel. What it writes of the next one comes before that, since
  // the last channels are the first to be written.
  for (int32_t c = (channels - 1) / kLanes * kLanes; c >= 0; c -= kLanes) {
    const auto column_at = [&](int32_t i) {
      return Blend::blend_rows(load_channels(upper + i * pixel + c, in_end),
                               load_channels(lower + i * pixel + c, in_end), offset);
    };
    int32_t low = x->low, high = x->low;
    Column left = column_at(low), right = left;
    for (int32_t i = 0; i < columns; ++i) {
      if (x[i].low != low || x[i].high != high) {
        left = x[i].low == high ? right : column_at(x[i].low);
        right = x[i].high == x[i].low ? left : column_at(x[i].high);
        low = x[i].low;
        high = x[i].high;
      }
      store_channels(Blend::blend_columns(left, right, x[i].offset), out + i * pixel + c, out_end);
    }
  }
}

template <class Blend>
void resize_bilinear(const reference::ResizeParams& p, const typename Blend::Element* in,
                     typename Blend::Element* out) {
  constexpr int32_t kTile = 128;  // columns of the output, whose positions are found once
  const typename Blend::Axis y_axis(p.in_h, p.out_h, p), x_axis(p.in_w, p.out_w, p);
  const int64_t pixel = p.channels, row = p.in_w * pixel;
  const auto* in_end = in + p.batch * p.in_h * row;
  for (int32_t first = 0; first < p.out_w; first += kTile) {
    const int32_t columns = min(kTile, p.out_w - first);
    decltype(x_axis.at(0)) x[kTile];
    for (int32_t i = 0; i < columns; ++i) x[i] = x_axis.at(first + i);
    for (int64_t i = 0; i < int64_t{p.batch} * p.out_h; ++i) {
      const auto y = y_axis.at(static_cast<int32_t>(i % p.out_h));
      const auto* image = in + i / p.out_h * p.in_h * row;
      resize_row<Blend>(image + y.low * row, image + y.high * row, y.offset, in_end, x, columns,
                        p.channels, out + (i * p.out_w + first) * pixel);
    }
  }
}
