// The conversion of image.h over a vector trait V.

using Element = V::Element;

void fill_elements(int8_t value, Flip flip, int64_t count, Element* out) {
  const auto x = static_cast<int8_t>(static_cast<uint8_t>(value) ^ static_cast<uint8_t>(flip));
  for (int64_t i = 0; i < count; ++i) out[i] = static_cast<Element>(x + V::kOffset);
}

// A row pixel by pixel, plane after plane.
void convert_pixels(const ImageConversion& c, const int8_t* in, Element* out) {
  const int32_t columns = c.left + c.middle + c.right, pixel = c.channels * c.repeat;
  const int32_t in_plane = plane_columns(columns, c.planes);
  for (int32_t p = 0; p < c.planes; ++p) {
    for (int32_t i = 0; i < in_plane; ++i, out += pixel) {
      const int32_t x = i * c.planes + p - c.left;
      const int8_t* from = in + int64_t{x} * c.channels;
      if (x < 0 || x >= c.middle) {
        fill_elements(c.fill, c.flip, pixel, out);
      } else if (c.repeat == 1) {
        V::convert(from, pixel, static_cast<uint8_t>(c.flip), out);
      } else {
        for (int32_t k = 0; k < pixel; ++k) fill_elements(from[k / c.repeat], c.flip, 1, out + k);
      }
    }
  }
}

void convert_image(const ImageConversion& c, void* converted) {
  const int64_t pixel = int64_t{c.channels} * c.repeat;
  const int32_t columns = c.left + c.middle + c.right;
  const int64_t row_elements = c.planes * plane_columns(columns, c.planes) * pixel;
  const bool is_line = c.planes == 1 && c.repeat == 1;
  auto* row = static_cast<Element*>(converted);
  const int8_t* in = c.in;
  fill_elements(c.fill, c.flip, c.above * row_elements, row);
  row += c.above * row_elements;
  for (int32_t y = 0; y < c.rows; ++y, in += c.in_stride, row += row_elements) {
    if (is_line) {
      fill_elements(c.fill, c.flip, c.left * pixel, row);
      V::convert(in, c.middle * pixel, static_cast<uint8_t>(c.flip), row + c.left * pixel);
      fill_elements(c.fill, c.flip, c.right * pixel, row + (c.left + c.middle) * pixel);
    } else {
      convert_pixels(c, in, row);
    }
  }
  fill_elements(c.fill, c.flip, c.below * row_elements, row);
}

constexpr ImageS8 kImageS8 = {sizeof(Element), 64, &convert_image};
