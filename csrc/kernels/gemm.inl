// The matrix product of gemm.h over a vector trait V (see simd/). Included inside the namespace of
// one instruction set, so that no code compiled for it can be linked where it would not run.

// A panel is the packed form of `width` columns; all but the last have kPanelVectors vectors of
// them.
constexpr int kPanelVectors = V::kPanelVectors;
constexpr int kPanelWidth = kPanelVectors * V::kLanes;
constexpr int kColumnBytes = 12;  // bias, multiplier and shift; or bias and a double

constexpr int32_t round_up(int32_t x, int32_t multiple) {
  return (x + multiple - 1) / multiple * multiple;
}

int64_t panel_bytes(int32_t width, int32_t k) {
  constexpr int64_t kWeightBytes = sizeof(V::Weight);
  return width * (kColumnBytes + round_up(k, V::kDepth) * kWeightBytes);
}

int64_t packed_bytes(int32_t n, int32_t k) {
  const int32_t full = n / kPanelWidth, rest = n % kPanelWidth;
  const int64_t last = rest == 0 ? 0 : panel_bytes(round_up(rest, V::kLanes), k);
  return full * panel_bytes(kPanelWidth, k) + last;
}

// sum (x - in_zero) w + bias = sum (x + kOffset) w + (bias - (in_zero + kOffset) sum w), in 32 bits
// that wrap.
int32_t folded_bias(const GemmColumns& c, int32_t column) {
  uint32_t sum = 0;
  for (int32_t i = 0; i < c.k; ++i) {
    sum += static_cast<uint32_t>(c.weights[int64_t{column} * c.k + i]);
  }
  const uint32_t bias = c.bias != nullptr ? static_cast<uint32_t>(c.bias[column]) : 0;
  return static_cast<int32_t>(bias - static_cast<uint32_t>(c.in_zero + V::kOffset) * sum);
}

void pack_panel(Epilogue epilogue, const GemmColumns& c, int32_t first, int32_t width,
                uint8_t* panel) {
  auto* bias = reinterpret_cast<int32_t*>(panel);
  auto* multiplier = bias + width;
  auto* shift = multiplier + width;
  auto* scale = reinterpret_cast<double*>(multiplier);
  auto* weights = reinterpret_cast<V::Weight*>(panel + width * kColumnBytes);
  for (int32_t j = 0; j < width; ++j) {
    const int32_t column = first + j;
    const bool is_there = column < c.n;
    bias[j] = is_there ? folded_bias(c, column) : 0;
    if (epilogue == Epilogue::kFixedPoint) {
      multiplier[j] = is_there ? c.multiplier[column].m : 0;
      shift[j] = is_there ? c.multiplier[column].shift : 0;
    } else {
      scale[j] = is_there ? c.scale[column] : 0;
    }
    for (int32_t i = 0; i < round_up(c.k, V::kDepth); ++i) {
      const int64_t to = (int64_t{i} / V::kDepth * width + j) * V::kDepth + i % V::kDepth;
      weights[to] = is_there && i < c.k ? c.weights[int64_t{column} * c.k + i] : V::Weight{0};
    }
  }
}

void pack(Epilogue epilogue, const GemmColumns& c, void* packed) {
  auto* panel = static_cast<uint8_t*>(packed);
  for (int32_t first = 0; first < c.n; first += kPanelWidth) {
    const int32_t rest = c.n - first;
    const int32_t width = rest < kPanelWidth ? round_up(rest, V::kLanes) : kPanelWidth;
    pack_panel(epilogue, c, first, width, panel);
    panel += panel_bytes(width, c.k);
  }
}

// Rows of a tile begin a cache line apart, so that they can be read in whole vectors.
int64_t row_elements(int32_t k) { return round_up(k, 64); }

int64_t tile_bytes(int32_t k) {
  return V::kRows * row_elements(k) * static_cast<int64_t>(sizeof(V::Element));
}

V::Element* row_at(void* tile, int32_t k, int32_t row, int32_t at) {
  return static_cast<V::Element*>(tile) + row * row_elements(k) + at;
}

void pack_row(void* tile, int32_t k, int32_t row, int32_t at, const int8_t* in, int32_t count) {
  V::add_offset(in, count, row_at(tile, k, row, at));
}

void fill_row(void* tile, int32_t k, int32_t row, int32_t at, int8_t value, int32_t count) {
  V::Element* out = row_at(tile, k, row, at);
  for (int32_t i = 0; i < count; ++i) out[i] = static_cast<V::Element>(value + V::kOffset);
}

V::I32 requantize(V::I32 x, V::I32 multiplier, V::I32 shift) {
  const V::I32 zero = V::set(0);
  const V::I32 left = V::max(shift, zero), right = V::max(V::sub(zero, shift), zero);
  return V::rdbp(V::srdhm(V::shift_left(x, left), multiplier), right);
}

struct Panel {
  Epilogue epilogue;
  const uint8_t* data;
  int32_t width;  // as packed
  int32_t used;   // columns that are there
  int32_t steps;  // of kDepth
};

// kRows rows of the tile times kVectors vectors of columns, all sums in registers.
template <int kRows, int kVectors>
void multiply(const V::Element* tile, int64_t row_stride, const Panel& panel,
              const QuantizedOutput& output, int8_t* out, int64_t out_stride) {
  const auto* bias = reinterpret_cast<const int32_t*>(panel.data);
  V::I32 sum[kRows][kVectors];
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j) {
    const V::I32 start = V::load(bias + j * V::kLanes);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) sum[i][j] = start;
  }
  const auto* weights = reinterpret_cast<const V::Weight*>(panel.data + panel.width * kColumnBytes);
  for (int32_t step = 0; step < panel.steps; ++step) {
    V::Weights w[kVectors];
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) w[j] = V::load_weights(weights + j * V::kLanes * V::kDepth);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      const V::Weights x = V::broadcast(tile + i * row_stride);
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) V::dot(sum[i][j], x, w[j]);
    }
    weights += kVectors * V::kLanes * V::kDepth;
    tile += V::kDepth;
  }
  const int32_t* multiplier = bias + panel.width;
  const int32_t* shift = multiplier + panel.width;
  const auto* scale = reinterpret_cast<const double*>(multiplier);
  const V::I32 out_zero = V::set(output.out_zero);
  const V::I32 low = V::set(output.act_min), high = V::set(output.act_max);
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j) {
    const int32_t lanes = panel.used - j * V::kLanes;
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      V::I32 y;
      if (panel.epilogue == Epilogue::kFixedPoint) {
        y = requantize(sum[i][j], V::load(multiplier + j * V::kLanes),
                       V::load(shift + j * V::kLanes));
        y = V::min(V::max(V::add(y, out_zero), low), high);
      } else {
        y = V::scale_round(sum[i][j], scale + j * V::kLanes, output);
      }
      V::store_s8(y, out + i * out_stride + j * V::kLanes, lanes);
    }
  }
}

template <int kRows>
void multiply_rows(const V::Element* tile, int64_t row_stride, const Panel& panel,
                   const QuantizedOutput& output, int8_t* out, int64_t out_stride) {
  switch (panel.width / V::kLanes) {
#define VECTORS(count)                                                          \
  case count:                                                                   \
    if constexpr (count <= kPanelVectors) {                                     \
      multiply<kRows, count>(tile, row_stride, panel, output, out, out_stride); \
    }                                                                           \
    break;
    VECTORS(1)
    VECTORS(2)
    VECTORS(3)
    VECTORS(4)
#undef VECTORS
  }
}

using MultiplyRows = void (*)(const V::Element*, int64_t, const Panel&, const QuantizedOutput&,
                              int8_t*, int64_t);

void run(Epilogue epilogue, const void* tile, const void* packed, int32_t rows, int32_t n,
         int32_t k, const QuantizedOutput& output, int8_t* out, int64_t out_stride) {
  static constexpr MultiplyRows kByRows[] = {&multiply_rows<1>, &multiply_rows<2>,
                                             &multiply_rows<3>, &multiply_rows<4>,
                                             &multiply_rows<5>};
  static_assert(sizeof(kByRows) / sizeof(kByRows[0]) == V::kRows);
  const auto* data = static_cast<const uint8_t*>(packed);
  for (int32_t first = 0; first < n; first += kPanelWidth) {
    const int32_t used = n - first < kPanelWidth ? n - first : kPanelWidth;
    const Panel panel{epilogue, data, round_up(used, V::kLanes), used,
                      round_up(k, V::kDepth) / V::kDepth};
    kByRows[rows - 1](static_cast<const V::Element*>(tile), row_elements(k), panel, output,
                      out + first, out_stride);
    data += panel_bytes(panel.width, k);
  }
}

constexpr GemmS8 kGemmS8 = {V::kRows,  &packed_bytes, &pack, &tile_bytes,
                            &pack_row, &fill_row,     &run};
