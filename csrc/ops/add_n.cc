// ADD_N.
#include "ops/elementwise.h"

namespace octavo {
namespace {

// Kernel params without an activation, of all inputs side by side.
template <class T, auto kAdd>
Status invoke_add_n(const Step& s, const Workspace& w) {
  reference::PlainBinaryParams<T> p = {{1, {s.outputs[0]->shape.count()}, {1}, {1}},
                                       std::numeric_limits<T>::lowest(),
                                       std::numeric_limits<T>::max()};
  (w.kernels.*kAdd)(p, s.input(0), s.input(1), s.output(0));
  for (size_t i = 2; i < s.inputs.size; ++i) {
    (w.kernels.*kAdd)(p, s.output(0), s.input(i), s.output(0));
  }
  return {};
}

constexpr TypedInvoke kAddN[] = {
    {DType::kFloat32, &invoke_add_n<float, &Kernels::add_f32>},
    {DType::kInt32, &invoke_add_n<int32_t, &Kernels::add_s32>},
};

}  // namespace

Status prepare_add_n(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, INT32_MAX, 1));
  const Tensor& first = c.input(0);
  for (int32_t i = 0; i < c.input_count(); ++i) {
    if (!c.has_input(i)) return c.fail("input ", i, " is left out, but it is not optional");
    OCTAVO_TRY(c.expect_same_type("input 0", first, "input", c.input(i)));
    if (c.input(i).shape == first.shape) continue;
    return c.fail("input 0 has shape ", first.shape, ", input ", i, " has ", c.input(i).shape);
  }
  OCTAVO_TRY(c.expect_same_type("input 0", first, "output", c.output(0)));
  OCTAVO_TRY(c.set_shape(0, first.shape));
  return choose_invoke(c, kAddN);
}

}  // namespace octavo
