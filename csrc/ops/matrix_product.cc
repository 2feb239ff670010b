#include "ops/matrix_product.h"

#include <limits>

#include "base/math.h"
#include "ops/elementwise.h"
#include "ops/recurrent.h"
#include "ops/weights.h"

namespace octavo {
namespace {

constexpr int64_t kLine = 64;  // bytes, of the cache

// uint8 weights of float rows are int8 under an older name.
bool is_byte(DType type) { return type == DType::kInt8 || type == DType::kUInt8; }
bool is_hybrid(const MatrixProduct& p) {
  return p.rows_type == DType::kFloat32 && is_byte(p.weights_type);
}

const Tensor& weights_of(const PrepareContext& c, const MatrixProduct& p, int32_t m) {
  return c.input(p.weights[m]);
}

const Tensor* bias_of(const PrepareContext& c, const MatrixProduct& p, int32_t m) {
  return p.biases[m] == kNoTensor ? nullptr : &c.input(p.biases[m]);
}

Status check_matrix(const PrepareContext& c, const MatrixProduct& p, const Tensor& weights) {
  OCTAVO_TRY(c.expect_rank("weights", weights, 2, 2));
  if (weights.shape[0] != p.columns || weights.shape[1] != p.depth) {
    return c.fail("weights \"", weights.info->name, "\" have shape ", weights.shape,
                  ", should have (", p.columns, ", ", p.depth, ")");
  }
  if (weights.type != p.weights_type) {
    return c.fail("weights \"", weights.info->name, "\" have type ", weights.type, ", others ",
                  p.weights_type);
  }
  if (weights.type == DType::kFloat32) return {};
  return expect_symmetric(c, "weights", weights);
}

Status check_bias(const PrepareContext& c, const MatrixProduct& p, const Tensor& bias) {
  OCTAVO_TRY(c.expect_type("bias", bias,
                           {p.rows_type == DType::kFloat32 ? DType::kFloat32 : DType::kInt32}));
  if (bias.shape.count() == p.columns) return {};
  return c.fail("bias \"", bias.info->name, "\" has ", bias.shape.count(),
                " elements, should have ", p.columns);
}

// The form of products that the table has, where all of the operands can be packed.
const Product* find_form(const PrepareContext& c, const MatrixProduct& p) {
  for (int32_t m = 0; m < p.count; ++m) {
    const Tensor* bias = bias_of(c, p, m);
    if (!weights_of(c, p, m).is_known || (bias != nullptr && !bias->is_known)) return nullptr;
  }
  const Product* product = nullptr;
  if (p.weights_type == DType::kFloat32) product = c.kernels.product_f32;
  if (is_hybrid(p)) product = c.kernels.product_hybrid_s8;
  if (p.rows_type == DType::kInt8) product = c.kernels.product_sums_s8;
  if (product == nullptr || p.depth < 1 || p.columns < 1) return nullptr;
  if (p.depth > product->gemm.most_terms || p.columns > kMostPacked) return nullptr;
  return product;
}

Epilogue epilogue_of(const PrepareContext& c, const MatrixProduct& p, int32_t m) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  Epilogue e = {};
  const Tensor* bias = bias_of(c, p, m);
  if (bias != nullptr) e.bias = bias->data;
  e.in_zero = p.rows_zero;
  e.float_output = {-kInfinity, kInfinity};
  if (p.scales != nullptr) e.weight_scale = p.scales_of(m);
  return e;
}

Status pack(PrepareContext& c, int32_t variant, MatrixProduct* p) {
  const GemmKernel& gemm = p->product->gemm;
  Span<int32_t> offsets;  // a row has one tap, which begins where the row does
  OCTAVO_TRY(c.make_array(1, offsets));
  p->tap_offsets = offsets.data;
  p->packed_bytes = (gemm.packed_bytes(p->columns, 1, p->depth) + kLine - 1) / kLine * kLine;
  bool is_shareable = true;
  for (int32_t m = 0; m < p->count; ++m) {
    const Tensor* bias = bias_of(c, *p, m);
    is_shareable = is_shareable && weights_of(c, *p, m).is_from_file &&
                   (bias == nullptr || bias->is_from_file);
  }
  const auto fill = [&](void* memory) {
    for (int32_t m = 0; m < p->count; ++m) {
      GemmColumns columns = {};
      columns.n = p->columns;
      columns.taps = 1;
      columns.depth = p->depth;
      columns.weights = {weights_of(c, *p, m).data, Flip::kNo, 0, false};
      columns.column_stride = p->depth;
      columns.row_stride = 1;
      columns.epilogue = epilogue_of(c, *p, m);
      gemm.pack(columns, static_cast<uint8_t*>(memory) + m * p->packed_bytes);
    }
    return Status();
  };
  return c.make_derived(Derived::kMatrices, {{variant}}, is_shareable, p->count * p->packed_bytes,
                        fill, &p->packed);
}

// Where in scratch memory rows and their quantization lie.
struct Converted {
  int64_t rows, scales, zeros, bytes;
};

Converted layout_of(const MatrixProduct& p, int64_t rows) {
  ScratchLayout layout;
  Converted at = {};
  if (p.product == nullptr) {
    if (!is_hybrid(p)) return at;
    at.rows = layout.add(rows * p.depth);
    at.scales = layout.add(rows * int64_t{sizeof(float)});
    at.zeros = layout.add(rows * int64_t{sizeof(int32_t)});
  } else if (!p.product->gemm.image.is_identity) {
    const ImageKernel& image = p.product->gemm.image;
    at.rows = layout.add((rows * p.depth + image.slack) * image.element_bytes);
    at.scales = layout.add(rows * int64_t{sizeof(reference::RowQuantization)});
  }
  at.bytes = layout.bytes();
  return at;
}

template <class Rows, class Weights, class Bias, class Out>
void multiply_plainly(const MatrixProduct& p, const Step& s,
                      void (*kernel)(const reference::FullyConnectedParams&, const Rows*,
                                     const Weights*, const Bias*, Out*),
                      const reference::FullyConnectedParams& params, const void* rows, Out* out,
                      int64_t matrix_stride) {
  for (int32_t m = 0; m < p.count; ++m) {
    const Bias* bias = nullptr;
    if (p.biases[m] != kNoTensor) bias = s.input(static_cast<size_t>(p.biases[m]));
    kernel(params, static_cast<const Rows*>(rows), s.input(static_cast<size_t>(p.weights[m])), bias,
           out + m * matrix_stride);
  }
}

void multiply_by_reference(const MatrixProduct& p, const Step& s, const Workspace& w,
                           const void* rows, int64_t count, uint8_t* scratch, void* out,
                           int64_t matrix_stride) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  reference::FullyConnectedParams params = {};
  params.rows = count;
  params.depth = p.depth;
  params.units = p.columns;
  params.in_zero = p.rows_zero;
  params.float_min = -kInfinity;
  params.float_max = kInfinity;
  if (p.rows_type == DType::kInt8) {
    return multiply_plainly(p, s, &reference::fully_connected_sums_s8, params, rows,
                            static_cast<int32_t*>(out), matrix_stride);
  }
  if (!is_hybrid(p)) {
    return multiply_plainly(p, s, w.kernels.fully_connected_f32, params, rows,
                            static_cast<float*>(out), matrix_stride);
  }
  const Converted at = layout_of(p, count);
  auto* bytes = reinterpret_cast<int8_t*>(scratch + at.rows);
  auto* scales = reinterpret_cast<float*>(scratch + at.scales);
  auto* zeros = reinterpret_cast<int32_t*>(scratch + at.zeros);
  w.kernels.quantize_rows_s8(count, p.depth, p.asymmetric, static_cast<const float*>(rows), bytes,
                             scales, zeros);
  for (int32_t m = 0; m < p.count; ++m) {
    params.filter_scale = p.scales_of(m);
    const float* bias = nullptr;
    if (p.biases[m] != kNoTensor) bias = s.input(static_cast<size_t>(p.biases[m]));
    w.kernels.fully_connected_hybrid(params, bytes, scales, zeros,
                                     s.input(static_cast<size_t>(p.weights[m])), bias,
                                     static_cast<float*>(out) + m * matrix_stride);
  }
}

}  // namespace

void convert_rows(const Workspace& w, const Product& product, const RowConversion& c,
                  const void* rows, uint8_t* converted) {
  const ImageKernel& image = product.gemm.image;
  const int64_t row_bytes = int64_t{c.depth} * product.in_bytes;
  for_each_part(w, c.count, row_bytes, [&](int64_t first, int64_t part) {
    ImageConversion conversion = {};
    conversion.in = static_cast<const uint8_t*>(rows) + first * row_bytes;
    conversion.in_stride = c.depth;
    conversion.rows = static_cast<int32_t>(part);
    conversion.middle = conversion.repeat = conversion.planes = 1;
    conversion.channels = c.depth;
    conversion.part_stride = c.part_stride;
    conversion.by_row = c.quantization != nullptr;
    if (conversion.by_row) conversion.quantization = c.quantization + first;
    conversion.low = c.asymmetric ? -128 : -127;
    image.convert(conversion, converted + first * c.depth * image.element_bytes);
  });
}

Status prepare_product(PrepareContext& c, int32_t variant, MatrixProduct* p) {
  for (int32_t m = 0; m < p->count; ++m) {
    OCTAVO_TRY(check_matrix(c, *p, weights_of(c, *p, m)));
    const Tensor* bias = bias_of(c, *p, m);
    if (bias != nullptr) OCTAVO_TRY(check_bias(c, *p, *bias));
  }
  if (p->count == 0) return {};
  const bool types_fit = p->rows_type == DType::kFloat32
                             ? p->weights_type == DType::kFloat32 || is_byte(p->weights_type)
                             : p->rows_type == DType::kInt8 && p->weights_type == DType::kInt8;
  if (!types_fit) return c.fail_types();
  if (is_hybrid(*p)) {
    Span<float> scales;
    OCTAVO_TRY(c.make_array(int64_t{p->count} * p->columns, scales));
    for (size_t i = 0; i < scales.size; ++i) {
      scales[i] =
          weights_of(c, *p, static_cast<int32_t>(i / static_cast<size_t>(p->columns))).scale();
    }
    p->scales = scales.data;
  }
  p->product = find_form(c, *p);
  return p->product != nullptr ? pack(c, variant, p) : Status();
}

int64_t scratch_bytes(const MatrixProduct& p, int64_t rows) {
  return p.count == 0 ? 0 : layout_of(p, rows).bytes;
}

void multiply(const MatrixProduct& p, const Step& s, const Workspace& w, const void* rows,
              int64_t count, uint8_t* scratch, void* out, int64_t matrix_stride) {
  if (p.product == nullptr) {
    return multiply_by_reference(p, s, w, rows, count, scratch, out, matrix_stride);
  }
  const GemmKernel& gemm = p.product->gemm;
  const Converted at = layout_of(p, count);
  auto* quantization = reinterpret_cast<reference::RowQuantization*>(scratch + at.scales);
  const auto* image = static_cast<const uint8_t*>(rows);
  if (!gemm.image.is_identity) {
    image = scratch + at.rows;
    convert_rows(w, *p.product, {count, /*part_stride=*/0, p.depth, p.asymmetric, quantization},
                 rows, scratch + at.rows);
  }
  // Parts are matrices, and of those so many rows that weights are worth reading.
  constexpr int64_t kLeastRows = 32;
  const auto blocks = static_cast<int32_t>((count + kLeastRows - 1) / kLeastRows);
  const int64_t macs = count * p.count * p.columns * p.depth;
  const int32_t wanted = w.workers.parts_for(macs, kLeastMacs, p.count * blocks);
  const int32_t chunks = (wanted + p.count - 1) / p.count;
  (wanted == 1 ? Workers() : w.workers).for_each(p.count * chunks, [&](int32_t part, int32_t) {
    const int64_t first = count * (part / p.count) / chunks;
    const int64_t end = count * (part / p.count + 1) / chunks;
    const int32_t m = part % p.count;
    GemmArgs args = {};
    args.image = image + first * p.depth * gemm.image.element_bytes;
    args.columns = INT32_MAX;
    args.row_step = args.pixel_step = p.depth;
    args.tap_offsets = p.tap_offsets;
    args.rows = static_cast<int32_t>(end - first);
    args.taps = 1;
    args.depth = p.depth;
    args.n = p.columns;
    args.panels = (p.columns + gemm.panel_width - 1) / gemm.panel_width;
    args.packed = p.packed + m * p.packed_bytes;
    args.out =
        static_cast<uint8_t*>(out) + (m * matrix_stride + first * p.columns) * p.product->out_bytes;
    args.out_stride = p.columns;
    args.quantization = quantization + first;
    args.by_row = true;
    if (args.rows > 0) gemm.run(args);
  });
}

}  // namespace octavo
