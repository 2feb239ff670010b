// RESIZE_BILINEAR, RESIZE_NEAREST_NEIGHBOR. As in LiteRT, the output's quantization is not held
// against the input's: integers are blended as they are.
#include "graph/options.h"
#include "ops/op.h"

namespace octavo {
namespace {

using reference::ResizeParams;

struct NearestNeighborParams {
  ResizeParams resize;
  int64_t pixel_bytes;
};

struct BilinearKernel {
  DType type;
  Step::Invoke invoke;
};

constexpr BilinearKernel kBilinear[] = {
    {DType::kFloat32, &invoke_kernel<&Kernels::resize_bilinear_f32>},
    {DType::kInt8, &invoke_kernel<&Kernels::resize_bilinear_s8>},
    {DType::kUInt8, &invoke_kernel<&Kernels::resize_bilinear_u8>},
    {DType::kInt16, &invoke_kernel<&Kernels::resize_bilinear_s16>},
};

Status invoke_nearest_neighbor(const Step& s, const Workspace& w) {
  const auto& p = s.params<NearestNeighborParams>();
  w.kernels.resize_nearest_neighbor(p.resize, p.pixel_bytes, s.inputs[0]->data, s.outputs[0]->data);
  return {};
}

// What both operators check and compute; the caller has checked the input's type.
Status prepare_resize(PrepareContext& c, ResizeParams* p) {
  const Tensor& in = c.input(0);
  const Tensor& size = c.input(1);
  OCTAVO_TRY(c.expect_same_type("input", in, "output", c.output(0)));
  OCTAVO_TRY(c.expect_rank("input", in, 4, 4));
  OCTAVO_TRY(c.expect_type("size", size, {DType::kInt32}));
  if (size.shape != make_shape(2)) {
    return c.fail("size \"", size.info->name, "\" has shape ", size.shape, ", should be (2)");
  }
  OCTAVO_TRY(c.expect_known("size", size));
  const auto* out = static_cast<const int32_t*>(size.data);
  if (out[0] < 1 || out[1] < 1) {
    return c.fail("size is ", out[0], " by ", out[1], ", should be at least 1 by 1");
  }
  if (in.shape[1] < 1 || in.shape[2] < 1) {
    return c.fail("input \"", in.info->name, "\" has shape ", in.shape, ", an image of no pixels");
  }
  OCTAVO_TRY(c.set_shape(0, make_shape(in.shape[0], out[0], out[1], in.shape[3])));
  const auto& options = c.options<ResizeOptions>();
  *p = {in.shape[0], in.shape[1], in.shape[2],           in.shape[3],
        out[0],      out[1],      options.align_corners, options.half_pixel_centers};
  return {};
}

}  // namespace

Status prepare_resize_bilinear(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  const DType type = c.input(0).type;
  OCTAVO_TRY(c.expect_type("input", c.input(0),
                           {DType::kFloat32, DType::kInt8, DType::kUInt8, DType::kInt16}));
  ResizeParams* p;
  OCTAVO_TRY(c.make_params(p));
  OCTAVO_TRY(prepare_resize(c, p));
  if (p->align_corners && p->half_pixel_centers) {
    return c.fail("align_corners and half_pixel_centers are both set, at most one can be");
  }
  for (const BilinearKernel& kernel : kBilinear) {
    if (kernel.type == type) c.step.invoke = kernel.invoke;
  }
  return {};
}

Status prepare_resize_nearest_neighbor(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  OCTAVO_TRY(
      c.expect_type("input", c.input(0),
                    {DType::kFloat32, DType::kFloat16, DType::kBFloat16, DType::kFloat8E4M3FN,
                     DType::kFloat8E5M2, DType::kInt8, DType::kUInt8, DType::kInt16, DType::kUInt16,
                     DType::kInt32, DType::kUInt32, DType::kInt64, DType::kBool}));
  NearestNeighborParams* p;
  OCTAVO_TRY(c.make_params(p));
  OCTAVO_TRY(prepare_resize(c, &p->resize));
  p->pixel_bytes = dtype_bytes(c.input(0).type, p->resize.channels);
  c.step.invoke = &invoke_nearest_neighbor;
  return {};
}

}  // namespace octavo
