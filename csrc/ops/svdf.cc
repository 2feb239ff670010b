// SVDF.
#include "reference/svdf.h"

#include "ops/recurrent.h"

namespace octavo {
namespace {

struct Params {
  reference::SvdfParams kernel;
  MatrixProduct features;
  Activation activation;      // of floats
  const float* time_weights;  // of int8 weights for floats; null: input 2
  int64_t sums, converted;    // in scratch memory
};

// Inputs: what is filtered, weights over features and over time, bias, state.
constexpr int32_t kFeatureWeights = 1, kTimeWeights = 2, kBias = 3, kState = 4;

void* find_features(const Step& s, const Workspace& w) {
  const auto& p = s.params<Params>();
  uint8_t* scratch = s.scratch(0);
  multiply(p.features, s, w, s.inputs[0]->data, p.kernel.batch, scratch + p.converted,
           scratch + p.sums, 0);
  return scratch + p.sums;
}

Status invoke_f32(const Step& s, const Workspace& w) {
  const auto& p = s.params<Params>();
  const auto* features = static_cast<const float*>(find_features(s, w));
  const float* weights = p.time_weights != nullptr ? p.time_weights : s.input(kTimeWeights);
  reference::svdf_remember_f32(p.kernel, features, s.input(kState));
  reference::svdf_f32(p.kernel, s.input(kState), weights, s.input(kBias), s.output(0));
  activate(p.activation, w, s.outputs[0]->shape.count(), s.output(0), s.output(0));
  return {};
}

template <class T>
Status invoke_integers(void (*remember)(const reference::SvdfParams&, const int32_t*, T*),
                       void (*sum)(const reference::SvdfParams&, const T*, const T*, const int32_t*,
                                   int8_t*),
                       const Step& s, const Workspace& w) {
  const auto& p = s.params<Params>();
  remember(p.kernel, static_cast<const int32_t*>(find_features(s, w)), s.input(kState));
  sum(p.kernel, s.input(kState), s.input(kTimeWeights), s.input(kBias), s.output(0));
  return {};
}

Status invoke_s8(const Step& s, const Workspace& w) {
  return invoke_integers(&reference::svdf_remember_s8, &reference::svdf_s8, s, w);
}
Status invoke_s16(const Step& s, const Workspace& w) {
  return invoke_integers(&reference::svdf_remember_s16, &reference::svdf_s16, s, w);
}

using T = DType;

constexpr struct {
  DType input, features, time, bias, state;
  Step::Invoke invoke;
} kVariants[] = {
    {T::kFloat32, T::kFloat32, T::kFloat32, T::kFloat32, T::kFloat32, &invoke_f32},
    {T::kFloat32, T::kInt8, T::kInt8, T::kFloat32, T::kFloat32, &invoke_f32},
    {T::kFloat32, T::kUInt8, T::kUInt8, T::kFloat32, T::kFloat32, &invoke_f32},
    {T::kInt8, T::kInt8, T::kInt16, T::kInt32, T::kInt16, &invoke_s16},
    {T::kInt8, T::kInt8, T::kInt8, T::kInt32, T::kInt8, &invoke_s8},
};

Status choose_variant(PrepareContext& c) {
  const DType bias = c.has_input(kBias) ? c.input(kBias).type : T::kUnknown;
  for (const auto& v : kVariants) {
    if (v.input == c.input(0).type && v.features == c.input(kFeatureWeights).type &&
        v.time == c.input(kTimeWeights).type && v.state == c.input(kState).type &&
        (bias == T::kUnknown || bias == v.bias) && v.input == c.output(0).type) {
      c.step.invoke = v.invoke;
      return {};
    }
  }
  return c.fail_types();
}

Status set_sizes(const PrepareContext& c, Params* p) {
  const Tensor &in = c.input(0), &features = c.input(kFeatureWeights);
  const Tensor& time = c.input(kTimeWeights);
  OCTAVO_TRY(c.expect_rank("input", in, 2, 2));
  OCTAVO_TRY(c.expect_rank("feature weights", features, 2, 2));
  OCTAVO_TRY(c.expect_rank("time weights", time, 2, 2));
  const int32_t rank = c.options<SvdfOptions>().rank;
  reference::SvdfParams& k = p->kernel;
  k.batch = in.shape[0];
  k.filters = features.shape[0];
  k.memory = time.shape[1];
  k.rank = rank;
  if (rank < 1 || k.filters % rank != 0) {
    return c.fail("rank ", rank, " does not divide the ", k.filters, " filters");
  }
  if (time.shape[0] != k.filters) {
    return c.fail("time weights \"", time.info->name, "\" have shape ", time.shape,
                  ", but there are ", k.filters, " filters");
  }
  if (k.memory < 1) return c.fail("time weights \"", time.info->name, "\" remember nothing");
  const int32_t units = k.filters / rank;
  if (c.has_input(kBias))
    OCTAVO_TRY(expect_vector(c, "bias", c.input(kBias), c.input(kBias).type, units));
  const Tensor& state = c.input(kState);
  const Shape remembered = make_shape(k.batch, k.filters, k.memory);
  if (!is_valid(remembered)) {
    return c.fail("state \"", state.info->name, "\" would have ", remembered, " elements");
  }
  OCTAVO_TRY(expect_state(c, "state", state, state.type, remembered.count()));
  return c.set_shape(0, make_shape(k.batch, units));
}

// Of int8 that float activations are multiplied by.
Status widen_time_weights(const PrepareContext& c, Params* p) {
  const Tensor& time = c.input(kTimeWeights);
  OCTAVO_TRY(expect_symmetric(c, "time weights", time));
  OCTAVO_TRY(c.expect_known("time weights", time));
  Span<float> weights;
  OCTAVO_TRY(c.make_array(time.shape.count(), weights));
  const int8_t* from = Data{time.data};
  for (size_t i = 0; i < weights.size; ++i) {
    weights[i] = static_cast<float>(from[i]) * time.scale();
  }
  p->time_weights = weights.data;
  return {};
}

Status prepare_integers(const PrepareContext& c, Params* p) {
  const Tensor &in = c.input(0), &features = c.input(kFeatureWeights);
  const Tensor &time = c.input(kTimeWeights), &state = c.input(kState), &out = c.output(0);
  OCTAVO_TRY(c.expect_per_tensor("input", in));
  OCTAVO_TRY(expect_symmetric(c, "feature weights", features));
  OCTAVO_TRY(expect_symmetric(c, "time weights", time));
  OCTAVO_TRY(c.expect_per_tensor("state", state));
  OCTAVO_TRY(c.expect_symmetric_int16("state", state));
  OCTAVO_TRY(c.expect_per_tensor("output", out));
  if (c.options<SvdfOptions>().activation != Activation::kRelu) {
    return c.fail("on int8 exists with the fused activation RELU only");
  }
  reference::SvdfParams& k = p->kernel;
  const auto multiplier = [](const Tensor& a, const Tensor& b, const Tensor& to) {
    return quantize_multiplier(double{a.scale()} * double{b.scale()} / double{to.scale()});
  };
  k.feature_scale = multiplier(in, features, state);
  k.output_scale = multiplier(state, time, out);
  k.state_zero = state.zero_point();
  k.output_zero = out.zero_point();
  return {};
}

}  // namespace

Status prepare_svdf(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(3, 5, 1));
  OCTAVO_TRY(require(c, kState, "state"));
  OCTAVO_TRY(choose_variant(c));
  Params* p;
  OCTAVO_TRY(c.make_params(p));
  OCTAVO_TRY(set_sizes(c, p));
  const Tensor& in = c.input(0);
  const bool is_float = in.type == DType::kFloat32;
  p->activation = c.options<SvdfOptions>().activation;
  if (!is_float) OCTAVO_TRY(prepare_integers(c, p));
  if (is_float && c.input(kTimeWeights).type != in.type) OCTAVO_TRY(widen_time_weights(c, p));

  MatrixProduct& f = p->features;
  f.count = 1;
  f.weights[0] = kFeatureWeights;
  f.biases[0] = kNoTensor;
  f.depth = in.shape[1];
  f.columns = p->kernel.filters;
  f.rows_type = in.type;
  f.weights_type = c.input(kFeatureWeights).type;
  f.rows_zero = is_float ? 0 : in.zero_point();
  f.asymmetric = c.options<SvdfOptions>().asymmetric_quantize_inputs;
  OCTAVO_TRY(prepare_product(c, 0, &f));
  ScratchLayout layout;
  p->sums = layout.add(int64_t{p->kernel.batch} * f.columns * 4);
  p->converted = layout.add(scratch_bytes(f, p->kernel.batch));
  return c.add_scratch(layout.bytes());
}

}  // namespace octavo
