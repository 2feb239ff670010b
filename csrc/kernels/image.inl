// The conversion of image.h over a vector trait V.

using Element = V::Element;

void fill_elements(int8_t value, Flip flip, int64_t count, Element* out) {
  const auto x = static_cast<int8_t>(static_cast<uint8_t>(value) ^ static_cast<uint8_t>(flip));
  for (int64_t i = 0; i < count; ++i) out[i] = static_cast<Element>(x + V::kOffset);
}

void convert_pixels(const ImageConversion& c, const int8_t* in, int64_t plane, Element* row) {
  const auto flip = static_cast<uint8_t>(c.flip);
  for (int32_t i = 0; i < c.middle; ++i, in += c.channels) {
    const int32_t x = c.left + i;
    Element* out = row + x % c.planes * plane + int64_t{x / c.planes} * c.channels * c.repeat;
    if (c.repeat == 1) {
      V::convert(in, c.channels, flip, out);
      continue;
    }
    for (int32_t k = 0; k < c.channels; ++k, out += c.repeat) {
      fill_elements(in[k], c.flip, c.repeat, out);
    }
  }
}

void convert_image(const ImageConversion& c, void* converted) {
  const int64_t pixel = int64_t{c.channels} * c.repeat;
  const int32_t columns = c.left + c.middle + c.right;
  const int64_t plane = plane_columns(columns, c.planes) * pixel, row_elements = c.planes * plane;
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
      if (c.left + c.right > 0) fill_elements(c.fill, c.flip, row_elements, row);
      convert_pixels(c, in, plane, row);
    }
  }
  fill_elements(c.fill, c.flip, c.below * row_elements, row);
}

constexpr ImageS8 kImageS8 = {sizeof(Element), 64, &convert_image};
