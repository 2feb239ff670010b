// The conversion of image.h for a form F of products, which has
//   In, Element: of the image and of the converted one; kParts elements of one
//   kIsIdentity: whether both are the same
//   Conversion(conversion, y): what it takes to convert row y
//   element(conversion, x, part): one of them
//   convert(conversion, in, count, out, part_stride): all parts of `count` in a row

// What forms have of this whose elements are those of the image.
template <class T>
struct SameElements {
  using In = T;
  using Element = T;
  static constexpr bool kIsIdentity = true;
  static constexpr int kParts = 1;

  struct Conversion {
    Conversion(const ImageConversion&, int32_t) {}
  };
  static T element(const Conversion&, T x, int) { return x; }
  static void convert(const Conversion&, const T* in, int64_t count, T* out, int64_t) {
    memcpy(out, in, static_cast<size_t>(count) * sizeof(T));
  }
};

template <class F>
void fill_elements(const typename F::Conversion& conversion, typename F::In value, int64_t count,
                   typename F::Element* out, int64_t part_stride) {
  for (int part = 0; part < F::kParts; ++part) {
    const typename F::Element x = F::element(conversion, value, part);
    for (int64_t i = 0; i < count; ++i) out[part * part_stride + i] = x;
  }
}

// A row pixel by pixel, plane after plane.
template <class F>
void convert_pixels(const ImageConversion& c, const typename F::Conversion& conversion,
                    const typename F::In* in, typename F::Element* out) {
  const int32_t columns = c.left + c.middle + c.right, pixel = c.channels * c.repeat;
  const int32_t in_plane = plane_columns(columns, c.planes);
  const auto fill = static_cast<typename F::In>(c.fill);
  for (int32_t p = 0; p < c.planes; ++p) {
    for (int32_t i = 0; i < in_plane; ++i, out += pixel) {
      const int32_t x = i * c.planes + p - c.left;
      const typename F::In* from = in + int64_t{x} * c.channels;
      if (x < 0 || x >= c.middle) {
        fill_elements<F>(conversion, fill, pixel, out, c.part_stride);
      } else if (c.repeat == 1) {
        F::convert(conversion, from, pixel, out, c.part_stride);
      } else {
        for (int32_t k = 0; k < pixel; ++k) {
          fill_elements<F>(conversion, from[k / c.repeat], 1, out + k, c.part_stride);
        }
      }
    }
  }
}

template <class F>
void convert_image(const ImageConversion& c, void* converted) {
  const int64_t pixel = int64_t{c.channels} * c.repeat;
  const int32_t columns = c.left + c.middle + c.right;
  const int64_t row_elements = c.planes * plane_columns(columns, c.planes) * pixel;
  const bool is_line = c.planes == 1 && c.repeat == 1;
  auto* row = static_cast<typename F::Element*>(converted);
  const auto* in = static_cast<const typename F::In*>(c.in);
  const auto fill = [&](int64_t count, typename F::Element* out) {
    if (count == 0) return;
    fill_elements<F>(typename F::Conversion(c, 0), static_cast<typename F::In>(c.fill), count, out,
                     c.part_stride);
  };
  fill(c.above * row_elements, row);
  row += c.above * row_elements;
  // Rows with nothing between them are as one: those of 1x1 filters are single pixels.
  const bool is_whole = is_line && c.left == 0 && c.right == 0 && c.in_stride == row_elements;
  const int32_t rows = is_whole ? max(c.rows, 1) : 1;
  for (int32_t y = 0; y < c.rows; y += rows, in += rows * c.in_stride, row += rows * row_elements) {
    const typename F::Conversion conversion(c, y);
    if (is_line) {
      fill(c.left * pixel, row);
      F::convert(conversion, in, int64_t{rows} * c.middle * pixel, row + c.left * pixel,
                 c.part_stride);
      fill(c.right * pixel, row + (c.left + c.middle) * pixel);
    } else {
      convert_pixels<F>(c, conversion, in, row);
    }
  }
  fill(c.below * row_elements, row);
}

template <class F>
constexpr ImageKernel kImage = {F::kIsIdentity, sizeof(typename F::Element), F::kParts, 64,
                                &convert_image<F>};
