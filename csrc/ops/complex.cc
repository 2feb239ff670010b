// REAL, IMAG, COMPLEX_ABS, RFFT2D: complex numbers out of real ones and back.
#include "reference/complex.h"

#include "ops/axis.h"
#include "ops/elementwise.h"
#include "reference/fft.h"

namespace octavo {
namespace {

using reference::Complex;
using reference::Rfft2dParams;

template <auto kKernel>
Status invoke_parts(const Step& s, const Workspace&) {
  kKernel(s.inputs[0]->shape.count(), s.input(0), s.output(0));
  return {};
}

// A kernel for each of the two types.
Status prepare_parts(PrepareContext& c, Step::Invoke c64, Step::Invoke c128) {
  OCTAVO_TRY(c.expect_operands(1, 1, 1));
  OCTAVO_TRY(c.expect_type("input", c.input(0), {DType::kComplex64, DType::kComplex128}));
  const bool is_double = c.input(0).type == DType::kComplex128;
  OCTAVO_TRY(c.expect_type("output", c.output(0), {is_double ? DType::kFloat64 : DType::kFloat32}));
  c.step.invoke = is_double ? c128 : c64;
  return c.set_shape(0, c.input(0).shape);
}

Status invoke_rfft2d(const Step& s, const Workspace&) {
  reference::rfft2d_f32(s.params<Rfft2dParams>(), s.input(0), s.scratch(0), s.output(0));
  return {};
}

}  // namespace

Status prepare_real(PrepareContext& c) {
  return prepare_parts(c, &invoke_parts<&reference::real_c64>,
                       &invoke_parts<&reference::real_c128>);
}

Status prepare_imag(PrepareContext& c) {
  return prepare_parts(c, &invoke_parts<&reference::imag_c64>,
                       &invoke_parts<&reference::imag_c128>);
}

Status prepare_complex_abs(PrepareContext& c) {
  return prepare_parts(c, &invoke_parts<&reference::abs_c64>, &invoke_parts<&reference::abs_c128>);
}

Status prepare_rfft2d(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  const Tensor &in = c.input(0), &lengths = c.input(1);
  OCTAVO_TRY(c.expect_type("input", in, {DType::kFloat32}));
  OCTAVO_TRY(c.expect_type("output", c.output(0), {DType::kComplex64}));
  OCTAVO_TRY(c.expect_rank("input", in, 2, kMaxRank));
  OCTAVO_TRY(c.expect_type("fft_length", lengths, {DType::kInt32}));
  OCTAVO_TRY(c.expect_rank("fft_length", lengths, 1, 1));
  OCTAVO_TRY(expect_integers(c, "fft_length", lengths, 2));
  const int32_t rank = in.shape.rank;
  int64_t size[2];
  for (int32_t i = 0; i < 2; ++i) {
    size[i] = integer_at(lengths, i);
    if (size[i] > 0 && (size[i] & (size[i] - 1)) == 0) continue;
    return c.fail("fft_length ", size[i], " is no power of two");
  }
  Shape out = in.shape;
  out[rank - 2] = static_cast<int32_t>(size[0]);
  out[rank - 1] = static_cast<int32_t>(size[1] / 2 + 1);
  OCTAVO_TRY(c.set_shape(0, out));

  constexpr auto kBytes = static_cast<int64_t>(sizeof(Complex<double>));
  OCTAVO_TRY(c.add_scratch(min(size[0] * size[1], kMaxElements) * kBytes));
  Rfft2dParams* p;
  OCTAVO_TRY(c.make_params(p));
  Span<Complex<double>> turns;
  OCTAVO_TRY(c.make_array(max(size[0], size[1]) / 2, turns));
  reference::fill_turns(max(size[0], size[1]), turns.data);
  *p = {in.shape.count(0, rank - 2),
        in.shape[rank - 2],
        in.shape[rank - 1],
        size[0],
        size[1],
        turns.data};
  c.step.invoke = &invoke_rfft2d;
  return {};
}

}  // namespace octavo
