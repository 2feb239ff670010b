// RANDOM_UNIFORM, RANDOM_STANDARD_NORMAL, MULTINOMIAL, STABLEHLO_RNG_BIT_GENERATOR.
#include "reference/random.h"

#include "graph/options.h"
#include "ops/axis.h"

namespace octavo {
namespace {

using reference::MultinomialParams;
using reference::RandomBitsParams;
using reference::RandomStream;

struct Params {
  RandomStream* stream;  // goes on from invoke to invoke
  MultinomialParams multinomial;
};

template <auto kKernel>
Status invoke_fill(const Step& s, const Workspace&) {
  kKernel(*s.params<Params>().stream, s.outputs[0]->shape.count(), s.output(0));
  return {};
}

template <auto kKernel>
Status invoke_multinomial(const Step& s, const Workspace&) {
  const auto& p = s.params<Params>();
  kKernel(p.multinomial, *p.stream, s.input(0), s.scratch(0), s.output(0));
  return {};
}

Status invoke_bits(const Step& s, const Workspace&) {
  reference::random_bits(s.params<RandomBitsParams>(), s.input(0), s.output(0), s.output(1));
  return {};
}

// Seeds of 0 and 0 ask for any numbers: each node has others, every interpreter the same.
Status make_stream(PrepareContext& c, Params*& p) {
  const auto& options = c.options<RandomOptions>();
  Span<RandomStream> stream;
  OCTAVO_TRY(c.make_params(p));
  OCTAVO_TRY(c.make_array(1, stream));
  const bool is_any = options.seed == 0 && options.seed2 == 0;
  stream[0] = is_any ? reference::random_stream(c.step.index + 1, INT64_MAX)
                     : reference::random_stream(options.seed, options.seed2);
  p->stream = stream.data;
  c.step.is_pure = false;
  return {};
}

Status prepare_fill(PrepareContext& c, Step::Invoke invoke) {
  OCTAVO_TRY(c.expect_operands(1, 1, 1));
  const Tensor& dims = c.input(0);
  OCTAVO_TRY(c.expect_type("shape", dims, {DType::kInt32}));
  OCTAVO_TRY(c.expect_rank("shape", dims, 1, 1));
  OCTAVO_TRY(c.expect_type("output", c.output(0), {DType::kFloat32}));
  OCTAVO_TRY(expect_integers(c, "shape", dims, dims.shape.count()));
  if (dims.shape[0] > kMaxRank) {
    return c.fail("shape has ", dims.shape[0], " dimensions, at most ", kMaxRank, " are possible");
  }
  Shape shape;
  shape.rank = dims.shape[0];
  for (int32_t d = 0; d < shape.rank; ++d) shape[d] = static_cast<int32_t>(integer_at(dims, d));
  OCTAVO_TRY(c.set_shape(0, shape));
  Params* p;
  OCTAVO_TRY(make_stream(c, p));
  c.step.invoke = invoke;
  return {};
}

}  // namespace

Status prepare_random_standard_normal(PrepareContext& c) {
  return prepare_fill(c, &invoke_fill<&reference::random_normal>);
}

Status prepare_random_uniform(PrepareContext& c) {
  return prepare_fill(c, &invoke_fill<&reference::random_uniform>);
}

Status prepare_multinomial(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  const Tensor &logits = c.input(0), &samples = c.input(1);
  OCTAVO_TRY(c.expect_type("logits", logits, {DType::kFloat32}));
  OCTAVO_TRY(c.expect_rank("logits", logits, 2, 2));
  OCTAVO_TRY(c.expect_type("num_samples", samples, {DType::kInt32}));
  OCTAVO_TRY(c.expect_rank("num_samples", samples, 0, 0));
  OCTAVO_TRY(c.expect_type("output", c.output(0), {DType::kInt32, DType::kInt64}));
  OCTAVO_TRY(expect_integers(c, "num_samples", samples, 1));
  const auto count = static_cast<int32_t>(integer_at(samples, 0));
  if (count < 0) return c.fail("num_samples is ", count, ", should not be below 0");
  if (logits.shape[1] == 0) return c.fail("logits have shape ", logits.shape, ", without a class");
  OCTAVO_TRY(c.set_shape(0, make_shape(logits.shape[0], count)));
  Params* p;
  OCTAVO_TRY(make_stream(c, p));
  p->multinomial = {logits.shape[0], logits.shape[1], count};
  const bool is_wide = c.output(0).type == DType::kInt64;
  c.step.invoke = is_wide ? &invoke_multinomial<&reference::multinomial_s64>
                          : &invoke_multinomial<&reference::multinomial_s32>;
  return c.add_scratch(int64_t{logits.shape[1]} * static_cast<int64_t>(sizeof(double)));
}

Status prepare_stablehlo_rng_bit_generator(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(1, 1, 2));
  const Tensor& state = c.input(0);
  const Tensor& out = c.output(1);
  OCTAVO_TRY(c.expect_type("initial_state", state, {DType::kUInt64}));
  OCTAVO_TRY(c.expect_rank("initial_state", state, 1, 1));
  OCTAVO_TRY(c.expect_type("output state", c.output(0), {DType::kUInt64}));
  OCTAVO_TRY(
      c.expect_type("output", out, {DType::kInt32, DType::kUInt32, DType::kInt64, DType::kUInt64}));
  const bool is_philox = c.options<RngOptions>().algorithm != RngAlgorithm::kThreefry;
  const int32_t length = state.shape[0];
  if (length != 2 && !(is_philox && length == 3)) {
    return c.fail("initial_state has ", length, " elements, should have 2",
                  is_philox ? " or 3" : "");
  }
  OCTAVO_TRY(c.set_shape(0, state.shape));
  const int64_t words = out.bytes() / static_cast<int64_t>(sizeof(uint32_t));
  return c.set_invoke(&invoke_bits, RandomBitsParams{words, is_philox, 2 * length});
}

}  // namespace octavo
