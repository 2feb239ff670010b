// RESIZE_BILINEAR over the traits V, B and F; reference/resize.h has its definition. A vector holds
// channels of one pixel or, where those are few, elements of several pixels. A Column is what a
// vector of the upper row and one of the lower row make, Offsets how far each output is on its way
// from the left column to the right one.

// Elements of an int32 vector in the order of one of the parts that widening makes.
V::I32 load_fours(const int32_t* p, int parts) {
  return B::load_16s(reinterpret_cast<const uint8_t*>(p), 16 * parts);
}

// int8: sums are exact integers, so that columns may be added up first.
struct IntegerBlend {
  using Element = int8_t;
  using Axis = reference::ResizeAxis;
  struct Column {
    V::I32 v[4];
  };
  struct Offsets {
    V::I32 v[4];
  };

  static Offsets same_offsets(int32_t offset) {
    const V::I32 x = V::set(offset);
    return {{x, x, x, x}};
  }
  // Of elements in a row, in the order of a column.
  static Offsets load_offsets(const int32_t* p) {
    const auto part = [&](int i) { return load_fours(p + 4 * i, 4); };
    return {{part(0), part(1), part(2), part(3)}};
  }

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
  static B::Vec blend_columns(const Column& left, const Column& right, const Offsets& offset) {
    const V::I32 half = V::set(1 << 19), sign = V::set(31);
    const auto mean = [&](int i) {
      const V::I32 step = V::mul(V::sub(right.v[i], left.v[i]), offset.v[i]);
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
  struct Offsets {
    V::I32 v[2];
  };

  static Offsets same_offsets(int32_t offset) { return {{V::set(offset), V::set(offset)}}; }
  static Offsets load_offsets(const int32_t* p) {
    return {{load_fours(p, 2), load_fours(p + 4, 2)}};
  }

  static Column blend_rows(B::Vec upper, B::Vec lower, int32_t offset) {
    const B::Vec weights = pair_of(reference::kResizeOne - offset, offset);
    return {
        {B::dot16(B::low16(upper, lower), weights), B::dot16(B::high16(upper, lower), weights)}};
  }

  // s = 2^10 left + (right - left) offset is 2^10 upper + lower, with 0 <= lower < 2^10.
  static B::Vec blend_columns(const Column& left, const Column& right, const Offsets& offset) {
    const V::I32 ten = V::set(10), low_bits = V::set(1023), half = V::set(512), sign = V::set(31);
    const auto mean = [&](int i) {
      const V::I32 way = V::sub(right.v[i], left.v[i]);
      const V::I32 low = B::dot16(B::bit_and(way, low_bits), offset.v[i]);
      const V::I32 high = V::mul(V::shift_right(way, ten), offset.v[i]);
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
  using Offsets = F::Vec;

  static Offsets same_offsets(float offset) { return F::set(offset); }
  static Offsets load_offsets(const float* p) { return F::load(p); }

  static Column blend_rows(F::Vec upper, F::Vec lower, float offset) {
    return {F::mul(upper, F::set(1 - offset)), F::mul(lower, F::set(offset))};
  }
  static F::Vec blend_columns(const Column& left, const Column& right, Offsets from_right) {
    const F::Vec from_left = F::sub(F::set(1), from_right);
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
  struct Offsets {
    F::Vec v[4];
  };

  static Offsets same_offsets(float offset) {
    const F::Vec x = F::set(offset);
    return {{x, x, x, x}};
  }
  static Offsets load_offsets(const float* p) {
    return {{F::load(p), F::load(p + F::kLanes), F::load(p + 2 * F::kLanes),
             F::load(p + 3 * F::kLanes)}};
  }

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

  static B::Vec blend_columns(const Column& left, const Column& right, const Offsets& offset) {
    const F::Vec half = F::set(0.5f);
    const auto mean = [&](int i) {
      return F::truncate(
          F::add(RealBlend::blend_columns(left.v[i], right.v[i], offset.v[i]), half));
    };
    const V::Output to = V::make_output({-128, -128, 127, Flip::kSign});
    return B::in_order(V::finish(mean(0), mean(1), mean(2), mean(3), to));
  }
};

// Some columns of one row of the output, whose positions are given: channels across lanes. A column
// of the input, two pixels one above the other, is blended once for all outputs beside it.
template <class Blend, class Element = typename Blend::Element, class Position>
void resize_pixels(const Element* upper, const Element* lower, decltype(Position::offset) offset,
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
      store_channels(Blend::blend_columns(left, right, Blend::same_offsets(x[i].offset)),
                     out + i * pixel + c, out_end);
    }
  }
}

// Some columns of the output where pixels have few channels. The pixels to the left of all outputs
// are put side by side, and those to the right, once for each row of the input; then elements are
// blended as they lie.
template <class Blend, class Position>
class FewChannels {
 public:
  using Element = typename Blend::Element;
  using Offset = decltype(Position::offset);
  static constexpr int32_t kLanes = Lanes<Element>::kLanes;
  static constexpr int32_t kMost = 1024;  // elements
  static constexpr int32_t kMostChannels =
      min(kLanes / 2, 32 / static_cast<int32_t>(sizeof(Element)));

  FewChannels(const Position* x, int32_t columns, int32_t channels, const Element* in_end)
      : x_(x), columns_(columns), channels_(channels), in_end_(in_end) {
    Offset offsets[kMost + kLanes] = {};
    for (int32_t i = 0; i < columns; ++i) {
      for (int32_t c = 0; c < channels; ++c) offsets[i * channels + c] = x[i].offset;
    }
    for (int32_t i = 0; i < columns * channels; i += kLanes) {
      offsets_[i / kLanes] = Blend::load_offsets(offsets + i);
    }
  }

  void resize_row(const Element* upper, const Element* lower, Offset offset, Element* out) {
    if (upper_->row != upper && lower_->row == upper) {
      Lines* const other = upper_;
      upper_ = lower_;
      lower_ = other;
    }
    fill(*upper_, upper);
    if (lower != upper) fill(*lower_, lower);
    const Lines& below = lower == upper ? *upper_ : *lower_;
    const int32_t count = columns_ * channels_;
    for (int32_t i = 0; i < count; i += kLanes) {
      const auto column = [&](const Element* top, const Element* bottom) {
        return Blend::blend_rows(Lanes<Element>::load(top + i), Lanes<Element>::load(bottom + i),
                                 offset);
      };
      store_channels(Blend::blend_columns(column(upper_->left, below.left),
                                          column(upper_->right, below.right), offsets_[i / kLanes]),
                     out + i, out + count);
    }
  }

 private:
  struct Lines {
    const Element* row = nullptr;  // of the input
    Element left[kMost + kLanes], right[kMost + kLanes];
  };

  void fill(Lines& lines, const Element* row) {
    if (lines.row == row) return;
    lines.row = row;
    const int32_t pixel_bytes = channels_ * static_cast<int32_t>(sizeof(Element));
    if (pixel_bytes <= 4) {
      take_pixels<4>(lines);
    } else if (pixel_bytes <= 8) {
      take_pixels<8>(lines);
    } else if (pixel_bytes <= 16) {
      take_pixels<16>(lines);
    } else {
      take_pixels<32>(lines);
    }
  }

  // As many bytes are moved at a time as one instruction can: the next pixel comes over those that
  // are too many.
  template <int32_t kBytes>
  void take_pixels(Lines& lines) const {
    constexpr int32_t kUnit = kBytes / static_cast<int32_t>(sizeof(Element));
    const auto take = [&](const Element* pixel, Element* to) {
      if (in_end_ - pixel >= kUnit) {
        memcpy(to, pixel, kBytes);
      } else {
        memcpy(to, pixel, static_cast<size_t>(channels_) * sizeof(Element));
      }
    };
    for (int64_t i = 0; i < columns_; ++i) {
      take(lines.row + int64_t{x_[i].low} * channels_, lines.left + i * channels_);
      take(lines.row + int64_t{x_[i].high} * channels_, lines.right + i * channels_);
    }
  }

  const Position* x_;
  int32_t columns_, channels_;
  const Element* in_end_;
  typename Blend::Offsets offsets_[kMost / kLanes];
  Lines lines_[2];
  Lines *upper_ = lines_, *lower_ = lines_ + 1;
};

// Calls resize_row(upper, lower, offset, out) for some columns of all rows of the output.
template <class Element, class Axis, class ResizeRow>
void for_each_row(const reference::ResizeParams& p, const Element* in, Element* out,
                  const Axis& y_axis, ResizeRow resize_row) {
  const int64_t row = int64_t{p.in_w} * p.channels;
  for (int64_t i = 0; i < int64_t{p.batch} * p.out_h; ++i) {
    const auto y = y_axis.at(static_cast<int32_t>(i % p.out_h));
    const auto* image = in + i / p.out_h * p.in_h * row;
    resize_row(image + y.low * row, image + y.high * row, y.offset, out + i * p.out_w * p.channels);
  }
}

template <class Blend>
void resize_bilinear(const reference::ResizeParams& p, const typename Blend::Element* in,
                     typename Blend::Element* out) {
  constexpr int32_t kTile = 256;  // columns of the output, whose positions are found once
  const typename Blend::Axis y_axis(p.in_h, p.out_h, p), x_axis(p.in_w, p.out_w, p);
  decltype(x_axis.at(0)) x[kTile];
  using Few = FewChannels<Blend, std::remove_reference_t<decltype(x[0])>>;
  const bool has_few = p.channels <= Few::kMostChannels;
  const int32_t tile = has_few ? min(kTile, Few::kMost / max(p.channels, 1)) : kTile;
  const auto* in_end = in + int64_t{p.batch} * p.in_h * p.in_w * p.channels;
  for (int32_t first = 0; first < p.out_w; first += tile) {
    const int32_t columns = min(tile, p.out_w - first);
    for (int32_t i = 0; i < columns; ++i) x[i] = x_axis.at(first + i);
    auto* const corner = out + int64_t{first} * p.channels;
    if (has_few) {
      Few few(x, columns, p.channels, in_end);
      for_each_row(p, in, corner, y_axis, [&](auto* upper, auto* lower, auto offset, auto* to) {
        few.resize_row(upper, lower, offset, to);
      });
    } else {
      for_each_row(p, in, corner, y_axis, [&](auto* upper, auto* lower, auto offset, auto* to) {
        resize_pixels<Blend>(upper, lower, offset, in_end, x, columns, p.channels, to);
      });
    }
  }
}
