// REDUCE_WINDOW, STABLEHLO_REDUCE_WINDOW: what a moving window sees, as one element. Defined in
// https://github.com/openxla/stablehlo/blob/main/docs/spec.md#reduce_window
#include "reference/reduce_window.h"

#include "graph/options.h"
#include "ops/axis.h"
#include "ops/region.h"

namespace octavo {
namespace {

using reference::Combine;
using reference::ReduceWindowParams;
using reference::Truth;

template <class T>
Status invoke_reduce(const Step& s, const Workspace&) {
  const T *in = s.input(0), *init = s.input(1);
  reference::reduce_window<T>(s.params<ReduceWindowParams>(), in, init, s.output(0));
  return {};
}

Step::Invoke find_invoke(DType type) {
  switch (type) {
    case DType::kFloat32:
      return &invoke_reduce<float>;
    case DType::kFloat64:
      return &invoke_reduce<double>;
    case DType::kInt8:
      return &invoke_reduce<int8_t>;
    case DType::kInt16:
      return &invoke_reduce<int16_t>;
    case DType::kInt32:
      return &invoke_reduce<int32_t>;
    case DType::kInt64:
      return &invoke_reduce<int64_t>;
    case DType::kUInt8:
      return &invoke_reduce<uint8_t>;
    case DType::kBool:
      return &invoke_reduce<Truth>;
    default:
      return nullptr;
  }
}

// Along one dimension; `after` is how far the last window may reach behind the last element.
struct Extent {
  int64_t spread, before, after, window, stride, dilation;
};

Status set_extent(const PrepareContext& c, int32_t d, const Extent& e, ReduceWindowParams& p) {
  for (int64_t step : {e.spread, e.window, e.stride, e.dilation}) {
    if (step < 1 || step > INT32_MAX) {
      return c.fail("along dimension ", d, " of shape ", p.image, " it has a window of ", e.window,
                    " by strides of ", e.stride, ", dilated by ", e.dilation, ", the image by ",
                    e.spread);
    }
  }
  const int64_t size = p.image[d] == 0 ? 0 : (p.image[d] - 1) * e.spread + 1;
  const auto is_near = [](int64_t x) { return x >= -INT32_MAX && x <= INT32_MAX; };
  const bool are_near = is_near(e.before) && is_near(e.after);
  const int64_t padded = are_near ? e.before + size + e.after : -1;
  if (padded < 0 || padded > INT32_MAX) {
    return c.fail("padding of ", e.before, " and ", e.after, " for dimension ", d, " of shape ",
                  p.image, ", of ", size, " with its dilation");
  }
  const int64_t reach = (e.window - 1) * e.dilation + 1;
  p.out[d] = reach > padded ? 0 : static_cast<int32_t>((padded - reach) / e.stride + 1);
  p.spread[d] = e.spread;
  p.before[d] = e.before;
  p.window[d] = e.window;
  p.stride[d] = e.stride;
  p.dilation[d] = e.dilation;
  return {};
}

Status check_operands(const PrepareContext& c, ReduceWindowParams& p) {
  const Tensor &in = c.input(0), &init = c.input(1);
  OCTAVO_TRY(c.expect_same_type("input", in, "init_value", init));
  OCTAVO_TRY(c.expect_same_type("input", in, "output", c.output(0)));
  OCTAVO_TRY(c.expect_rank("input", in, 1, kMaxRank));
  if (init.shape.count() != 1) {
    return c.fail("init_value \"", init.info->name, "\" has shape ", init.shape,
                  ", should have 1 element");
  }
  p.image = p.out = in.shape;
  row_major_strides(p.image, p.image_strides);
  return {};
}

Status finish(PrepareContext& c, const ReduceWindowParams& p) {
  OCTAVO_TRY(c.set_shape(0, p.out));
  // Each is looked at, be it in the padding: there is no other bound on the time an output takes.
  constexpr int64_t kMostPlaces = 1 << 26;
  int64_t places = 1;
  for (int32_t d = 0; d < p.image.rank && p.out.count() > 0; ++d) {
    if (p.window[d] > kMostPlaces / places) {
      return c.fail("its window has more than ", kMostPlaces, " places");
    }
    places *= p.window[d];
  }
  const Step::Invoke invoke = find_invoke(c.input(0).type);
  return invoke != nullptr ? c.set_invoke(invoke, p) : c.fail_types();
}

}  // namespace

Status prepare_reduce_window(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(5, 5, 1));
  ReduceWindowParams p = {};
  OCTAVO_TRY(check_operands(c, p));
  const Tensor &window = c.input(2), &strides = c.input(3), &dilations = c.input(4);
  OCTAVO_TRY(expect_integers(c, "window_shape", window, p.image.rank));
  OCTAVO_TRY(expect_integers(c, "window_strides", strides, p.image.rank));
  OCTAVO_TRY(expect_integers(c, "window_dilations", dilations, p.image.rank));
  for (int32_t d = 0; d < p.image.rank; ++d) {
    const Extent e = {
        1, 0, 0, integer_at(window, d), integer_at(strides, d), integer_at(dilations, d)};
    OCTAVO_TRY(set_extent(c, d, e, p));
  }
  constexpr Combine kFunctions[] = {Combine::kReplace, Combine::kAdd,     Combine::kMultiply,
                                    Combine::kMinimum, Combine::kMaximum, Combine::kAll,
                                    Combine::kAny};
  p.how = kFunctions[static_cast<int32_t>(c.options<ReduceWindowOptions>().function)];
  if (p.how == Combine::kReplace) return c.fail("option reduce_function is UNSUPPORTED");
  return finish(c, p);
}

Status prepare_stablehlo_reduce_window(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  ReduceWindowParams p = {};
  OCTAVO_TRY(check_operands(c, p));
  const auto& o = c.options<StablehloReduceWindowOptions>();
  const int32_t rank = p.image.rank;
  const int32_t counts[] = {o.base_dilations.count, o.window_dimensions.count,
                            o.window_strides.count, o.window_dilations.count};
  for (int32_t count : counts) {
    if (count != rank || o.padding.count != 2 * rank) {
      return c.fail("options have ", o.window_dimensions.count, " window_dimensions, ",
                    o.window_strides.count, " window_strides, ", o.base_dilations.count,
                    " base_dilations, ", o.window_dilations.count, " window_dilations and ",
                    o.padding.count, " paddings for input shape ", p.image);
    }
  }
  for (int32_t d = 0; d < rank; ++d) {
    const Extent e = {o.base_dilations.values[d],  o.padding.values[2 * d],
                      o.padding.values[2 * d + 1], o.window_dimensions.values[d],
                      o.window_strides.values[d],  o.window_dilations.values[d]};
    OCTAVO_TRY(set_extent(c, d, e, p));
  }
  OCTAVO_TRY(read_region(c, o.body, p.how));
  if (p.how == Combine::kReplace) return c.fail("its body, subgraph ", o.body, ", is empty");
  return finish(c, p);
}

}  // namespace octavo
