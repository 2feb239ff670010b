// What tests of products of matrices share (kernels/product.h), for an input of In's.
#pragma once

#include "kernels/table.h"
#include "selftest/kernel_inputs.h"

namespace octavo::selftest {

// A converted line of elements.
template <class In>
struct ConvertedLine {
  ConvertedLine(const ImageKernel& image, Buffer<In>& in, Flip flip)
      : part_stride(static_cast<int64_t>(in.size()) + image.slack),
        elements(part_stride * image.parts * image.element_bytes) {
    ImageConversion c = {};
    c.in = in.data();
    c.rows = c.channels = c.repeat = c.planes = 1;
    c.middle = static_cast<int32_t>(in.size());
    c.flip = flip;
    c.part_stride = part_stride;
    image.convert(c, elements.data());
  }

  int64_t part_stride;
  Buffer<uint8_t> elements;  // with what may be read behind them
};

struct ProductSize {
  Scaling scaling;
  int32_t rows, n, taps, depth;
  int32_t k() const { return taps * depth; }
};

// A left matrix whose rows are windows of a line of elements, with taps anywhere in it.
template <class In>
struct Left {
  Left(const ProductSize& size, Random& random)
      : columns(static_cast<int32_t>(random.integer(1, size.rows))),
        row_step(random.integer(0, 40)),
        pixel_step(random.integer(0, 10)),
        line(size.k() + place(size.rows - 1) + columns * pixel_step + random.integer(0, 200)),
        matrix(int64_t{size.rows} * size.k()),
        tap_offsets(2 * size.taps) {
    fill(any_content(random), random, line);
    const int64_t beyond = static_cast<int64_t>(line.size()) - size.depth - columns * pixel_step -
                           place(size.rows - 1);
    for (int32_t t = 0; t < size.taps; ++t) {
      tap_offsets[t] = tap_offsets[size.taps + t] = static_cast<int32_t>(random.integer(0, beyond));
    }
    for (int32_t r = 0; r < size.rows; ++r) {
      for (int32_t i = 0; i < size.k(); ++i) {
        matrix[int64_t{r} * size.k() + i] =
            line[place(r) + tap_offsets[i / size.depth] + i % size.depth];
      }
    }
  }

  int64_t place(int32_t r) const { return r / columns * row_step + r % columns * pixel_step; }

  int32_t columns;
  int64_t row_step, pixel_step;
  Buffer<In> line, matrix;
  Buffer<int32_t> tap_offsets;
};

// Runs packed columns, a few panels at a time, and compares with `expected`, [rows][n].
template <class In, class Out>
void check_outputs(const GemmKernel& g, const ProductSize& size, int32_t packed_taps, Flip flip,
                   Left<In>& left, Buffer<uint8_t>& packed, Buffer<Out>& expected, Random& random,
                   Check& check) {
  const int32_t rows = size.rows, n = size.n;
  ConvertedLine<In> line(g.image, left.line, flip);
  const int64_t stride = n + random.integer(0, 3);
  Buffer<Out> out((rows - 1) * stride + n + kGuard), untouched(1);
  run_panels(g,
             {line.elements.data(), line.part_stride, left.columns, left.row_step, left.pixel_step,
              left.tap_offsets.data(), rows, packed_taps, size.depth, n, 0, 0, packed.data(),
              out.data(), stride},
             random);
  for (int64_t i = 0; i < static_cast<int64_t>(out.size()); ++i) {
    const int64_t row = i / stride, column = i % stride;
    const bool is_output = row < rows && column < n;
    const Out wanted = is_output ? expected[row * n + column] : untouched[0];
    check.expect(out[i] == wanted, rows, "x", size.taps, "x", size.depth, " by ", n, ": row ", row,
                 ", column ", column, " is ", out[i], ", should be ", wanted);
  }
}

// Compares each pixel of a converted image; found(i) is element i of it.
template <class In, class Found>
void check_pixels(const ImageConversion& c, const Found& found, Check& check) {
  const auto* in = static_cast<const In*>(c.in);
  const int32_t columns = c.left + c.middle + c.right, rows = c.above + c.rows + c.below;
  const int64_t pixel = int64_t{c.channels} * c.repeat;
  const int64_t plane = plane_columns(columns, c.planes) * pixel;
  for (int32_t y = 0; y < rows; ++y) {
    for (int32_t x = 0; x < columns; ++x) {
      for (int32_t k = 0; k < pixel; ++k) {
        const int32_t in_y = y - c.above, in_x = x - c.left;
        const bool is_inside = in_y >= 0 && in_y < c.rows && in_x >= 0 && in_x < c.middle;
        const In wanted = is_inside ? in[in_y * c.in_stride + in_x * c.channels + k / c.repeat]
                                    : static_cast<In>(c.fill);
        const In value = found((y * c.planes + x % c.planes) * plane + x / c.planes * pixel + k);
        check.expect(value == wanted, c.rows, "x", c.middle, "x", c.channels, ": (", y, ", ", x,
                     ", ", k, ") is ", value, ", should be ", wanted);
      }
    }
  }
}

// A converted image is read back by a product with the matrix of one weight, 1, which `epilogue`
// does not scale.
template <class In>
void check_image(const GemmKernel& g, ImageConversion c, const Epilogue& epilogue, Check& check) {
  const int64_t columns = c.left + c.middle + c.right, rows = c.above + c.rows + c.below;
  const int64_t pixel = int64_t{c.channels} * c.repeat;
  const auto count = static_cast<int32_t>(
      rows * c.planes * plane_columns(static_cast<int32_t>(columns), c.planes) * pixel);
  c.part_stride = count + g.image.slack;
  Buffer<uint8_t> converted(c.part_stride * g.image.parts * g.image.element_bytes);
  g.image.convert(c, converted.data());

  const int8_t one = 1;
  Buffer<uint8_t> packed(g.packed_bytes(1, 1, 1));
  g.pack({1, 1, 1, {&one, Flip::kNo, 0, false}, 1, 1, nullptr, epilogue}, packed.data());
  const int32_t tap = 0;
  Buffer<In> out(count);
  g.run({converted.data(), c.part_stride, count, 0, 1, &tap, count, 1, 1, 1, 0, 1, packed.data(),
         out.data(), 1});
  check_pixels<In>(c, [&](int64_t i) { return out[i]; }, check);
}

// Images of every number of channels, by run(conversion).
template <class In, class Run>
void for_each_image(Random& random, const Run& run) {
  auto any = [&](int64_t low, int64_t high) {
    return static_cast<int32_t>(random.integer(low, high));
  };
  for (int32_t channels = 1; channels <= 130; ++channels) {
    for (int i = 0; i < 8; ++i) {
      const int32_t rows = any(1, 3), middle = any(1, 9);
      Buffer<In> in(int64_t{rows} * middle * channels);
      fill(any_content(random), random, in);
      const bool is_line = i % 4 == 0;
      run(ImageConversion{in.data(), int64_t{middle} * channels, any(0, 2), rows, any(0, 2),
                          any(0, 2), middle, any(0, 2), channels, is_line ? 1 : any(1, 3),
                          is_line ? 1 : any(1, 4), Flip::kNo, any_zero_point(random), 0});
    }
  }
}

struct DepthwiseSize {
  int32_t channels, filter_h, filter_w, stride_h, rows, columns;

  int32_t taps() const { return filter_h * filter_w; }
  int64_t outputs() const { return int64_t{rows} * columns * channels; }
  // Of the image that these outputs see, exactly.
  int32_t height() const { return filter_h + (rows - 1) * stride_h; }
  int32_t width() const { return filter_w + columns - 1; }
  int64_t inputs() const { return int64_t{height()} * width() * channels; }
};

// Filters of `taps` and fewer, that have one row, one column or several of both.
inline DepthwiseSize any_depthwise_size(int32_t channels, int32_t taps, Random& random) {
  const auto any = [&](int64_t low, int64_t high) {
    return static_cast<int32_t>(random.integer(low, high));
  };
  const int32_t height = any(0, 3) > 0 ? any(1, min(taps, 7)) : any(0, 1) > 0 ? taps : 1;
  return {channels, height, max(taps / height, 1), any(1, 2), any(1, 5), any(1, 9)};
}

inline void set_sizes(const DepthwiseSize& size, reference::ConvParams* p) {
  p->in_h = size.height();
  p->in_w = size.width();
  p->out_h = size.rows;
  p->out_w = size.columns;
  p->filter_h = size.filter_h;
  p->filter_w = size.filter_w;
  p->stride_h = size.stride_h;
  p->in_c = p->out_c = size.channels;
  p->filter_c = 1;
}

// Packs a filter and runs it over a converted image, all of whose sizes `p` has.
template <class Out>
void run_depthwise(const DepthwiseKernel& d, const reference::ConvParams& p,
                   const GemmColumns& columns, const void* image, Out* out) {
  const DepthwiseTaps taps = d.choose_taps(p, columns.weights.is_split);
  Buffer<int32_t> offsets(taps.count());
  for (int32_t t = 0; t < taps.count(); ++t) {
    offsets[t] = (t / p.filter_w * p.in_w + t % p.filter_w) * p.out_c;
  }
  Buffer<uint8_t> packed(d.packed_bytes(p.out_c, taps));
  d.pack(columns, taps, packed.data());
  DepthwiseArgs args = {image,
                        offsets.data(),
                        taps,
                        p.out_c,
                        p.out_h,
                        p.out_w,
                        int64_t{p.stride_h} * p.in_w * p.out_c,
                        packed.data(),
                        out,
                        nullptr};
  Buffer<uint8_t> workspace(d.workspace_bytes(args));
  args.workspace = workspace.data();
  d.run(args);
}

// Runs a filter over an image and compares with `expected`, a guard behind it.
template <class In>
void check_depthwise_outputs(const DepthwiseKernel& d, const reference::ConvParams& p,
                             const GemmColumns& columns, Flip flip, Buffer<In>& image,
                             Buffer<In>& expected, Check& check) {
  ConvertedLine<In> line(d.image, image, flip);
  Buffer<In> out(static_cast<int64_t>(expected.size()));
  run_depthwise(d, p, columns, line.elements.data(), out.data());
  for (int64_t i = 0; i < static_cast<int64_t>(out.size()); ++i) {
    check.expect(out[i] == expected[i], p.out_h, "x", p.out_w, "x", p.out_c, " by ", p.filter_h,
                 "x", p.filter_w, ": element ", i, " is ", out[i], ", should be ", expected[i]);
  }
}

}  // namespace octavo::selftest
