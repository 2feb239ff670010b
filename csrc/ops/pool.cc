// AVERAGE_POOL_2D, L2_POOL_2D, MAX_POOL_2D. As in LiteRT, the output's quantization is not held
// against the input's: integers are pooled as they are.
#include "graph/options.h"
#include "ops/activation.h"
#include "ops/op.h"
#include "ops/window.h"

namespace octavo {
namespace {

using reference::Pool2DParams;

// Threads take rows of an image's output.
template <class T>
void run_pool(void (*kernel)(const Pool2DParams&, const T*, T*), const Step& s,
              const Workspace& w) {
  const auto& p = s.params<Pool2DParams>();
  const T* in = s.input(0);
  T* out = s.output(0);
  if (p.batch != 1) return kernel(p, in, out);
  const int64_t row = int64_t{p.out_w} * p.channels;
  // Bytes read, but for a hostile file's filter.
  const int64_t taps = min<int64_t>(int64_t{p.filter_h} * p.filter_w, 1 << 12);
  const int64_t read = p.out_h * row * taps * static_cast<int64_t>(sizeof(T));
  const int32_t parts = w.workers.parts_for(read, 8 * kLeastBytes, max(p.out_h, 1));
  w.workers.for_each(parts, [&](int32_t part, int32_t) {
    const auto first = static_cast<int32_t>(int64_t{part} * p.out_h / parts);
    const auto end = static_cast<int32_t>(int64_t{part + 1} * p.out_h / parts);
    Pool2DParams q = p;
    q.out_h = end - first;
    q.pad_top = p.pad_top - first * p.stride_h;  // where the part's first window begins
    kernel(q, in, out + first * row);
  });
}

template <auto kKernel>
Status invoke_pool(const Step& s, const Workspace& w) {
  run_pool(w.kernels.*kKernel, s, w);
  return {};
}

// The squares of the image, their means, and the roots of these: each in vectors.
Status invoke_l2_pool(const Step& s, const Workspace& w) {
  const auto& p = s.params<Pool2DParams>();
  const int64_t count = s.inputs[0]->shape.count(), outputs = s.outputs[0]->shape.count();
  const reference::Broadcast line = {1, {count}, {1}, {1}};
  const float* in = s.input(0);
  float *squares = s.scratch(0), *out = s.output(0);
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  w.kernels.mul_f32({line, -kInfinity, kInfinity}, in, in, squares);
  Pool2DParams open = p;
  open.act_min_f32 = -kInfinity;
  open.act_max_f32 = kInfinity;
  w.kernels.average_pool_2d_f32(open, squares, out);
  w.kernels.sqrt_f32(outputs, out, out);
  w.kernels.relu_f32({outputs, p.act_min_f32, p.act_max_f32}, out, out);
  return {};
}

struct Pool2DKernel {
  DType type;
  Step::Invoke average, max, l2;  // null: not of this type
};

constexpr Pool2DKernel kKernels[] = {
    {DType::kFloat32, &invoke_pool<&Kernels::average_pool_2d_f32>,
     &invoke_pool<&Kernels::max_pool_2d_f32>, &invoke_l2_pool},
    {DType::kInt8, &invoke_pool<&Kernels::average_pool_2d_s8>,
     &invoke_pool<&Kernels::max_pool_2d_s8>, nullptr},
    {DType::kUInt8, &invoke_pool<&Kernels::average_pool_2d_u8>,
     &invoke_pool<&Kernels::max_pool_2d_u8>, nullptr},
    {DType::kInt16, &invoke_pool<&Kernels::average_pool_2d_s16>,
     &invoke_pool<&Kernels::max_pool_2d_s16>, nullptr},
};

Status find_range(const PrepareContext& c, Pool2DParams* p) {
  const Activation activation = c.options<Pool2DOptions>().activation;
  const Tensor& out = c.output(0);
  if (out.type == DType::kFloat32) {
    return activation_range(c, activation, &p->act_min_f32, &p->act_max_f32);
  }
  if (activation != Activation::kNone) OCTAVO_TRY(c.expect_per_tensor("output", out));
  return quantized_activation_range(c, activation, out, &p->act_min, &p->act_max);
}

Status prepare_pool_2d(PrepareContext& c, Step::Invoke Pool2DKernel::* invoke) {
  OCTAVO_TRY(c.expect_operands(1, 1, 1));
  const Tensor& in = c.input(0);
  OCTAVO_TRY(
      c.expect_type("input", in, {DType::kFloat32, DType::kInt8, DType::kUInt8, DType::kInt16}));
  OCTAVO_TRY(c.expect_same_type("input", in, "output", c.output(0)));
  OCTAVO_TRY(c.expect_rank("input", in, 4, 4));

  const auto& o = c.options<Pool2DOptions>();
  Window rows, columns;
  OCTAVO_TRY(
      find_window(c, "height", o.padding, in.shape[1], o.filter_height, o.stride_h, 1, &rows));
  OCTAVO_TRY(
      find_window(c, "width", o.padding, in.shape[2], o.filter_width, o.stride_w, 1, &columns));
  OCTAVO_TRY(c.set_shape(0, make_shape(in.shape[0], rows.out, columns.out, in.shape[3])));

  Pool2DParams* p;
  OCTAVO_TRY(c.make_params(p));
  p->batch = in.shape[0];
  p->in_h = in.shape[1];
  p->in_w = in.shape[2];
  p->channels = in.shape[3];
  p->out_h = rows.out;
  p->out_w = columns.out;
  p->filter_h = o.filter_height;
  p->filter_w = o.filter_width;
  p->stride_h = o.stride_h;
  p->stride_w = o.stride_w;
  p->pad_top = rows.pad;
  p->pad_left = columns.pad;
  OCTAVO_TRY(find_range(c, p));
  for (const Pool2DKernel& kernel : kKernels) {
    if (kernel.type == in.type) c.step.invoke = kernel.*invoke;
  }
  return c.step.invoke != nullptr ? Status() : c.fail_types();
}

}  // namespace

Status prepare_average_pool_2d(PrepareContext& c) {
  return prepare_pool_2d(c, &Pool2DKernel::average);
}

Status prepare_l2_pool_2d(PrepareContext& c) {
  OCTAVO_TRY(prepare_pool_2d(c, &Pool2DKernel::l2));
  return c.add_scratch(c.input(0).bytes());
}

Status prepare_max_pool_2d(PrepareContext& c) { return prepare_pool_2d(c, &Pool2DKernel::max); }

}  // namespace octavo
