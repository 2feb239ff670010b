// What the fast convolutions read: the rows of an image that a block of outputs sees, in whatever
// form the products of an instruction set want ("elements"), with what lies outside the image
// filled in. A window is then the same offsets everywhere, and nobody asks where an edge is.
#pragma once

#include <cstdint>

#include "reference/dynamic_range.h"

namespace octavo {

// uint8 tensors are int8 ones whose sign bit is flipped: kernels take them as such, with zero
// points 128 less, which is the flag's number, and flip on the way in and on the way out.
enum class Flip : uint8_t { kNo = 0, kSign = 0x80 };

// Of a converted image, each row has `left + middle + right` pixels of `channels` elements. Pixel x
// lies in plane x % planes of its row, so that the pixels which a strided window meets with one of
// its taps are neighbours. Where a form makes several elements of one, each is one of its own
// image: part i of all begins at i * part_stride.
struct ImageConversion {
  const void* in;               // the first row inside the image
  int64_t in_stride;            // elements from row to row
  int32_t above, rows, below;   // rows outside the image, inside, outside
  int32_t left, middle, right;  // pixels outside the image, inside, outside
  int32_t channels;
  int32_t repeat;  // each channel of the image gives so many of the converted one
  int32_t planes;
  Flip flip;
  int32_t fill;  // the value outside the image, in the file's form
  int64_t part_stride;

  // Forms that quantize floats, to `low` or more: all rows by *quantization, or `by_row`, each by
  // its own range, which the conversion finds, and leaves quantization[y] of row y.
  reference::RowQuantization* quantization = nullptr;
  bool by_row = false;
  int32_t low = 0;
};

// Columns of a plane, of which the last may have one pixel less.
constexpr int32_t plane_columns(int32_t columns, int32_t planes) {
  return (columns + planes - 1) / planes;
}

struct ImageKernel {
  bool is_identity;  // elements are those of the image
  int32_t element_bytes;
  int32_t parts;  // elements of one
  int32_t slack;  // elements behind each part of a converted image that may be read, whatever
                  // they are
  void (*convert)(const ImageConversion& conversion, void* converted);
};

}  // namespace octavo
