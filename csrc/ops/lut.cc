// LOGISTIC, TANH, and what other operators on 8 bits look up.
#include "ops/lut.h"

#include "base/math.h"
#include "ops/elementwise.h"
#include "reference/unary.h"

namespace octavo {
namespace {

struct LookupParams {
  const uint8_t* lut;
};

Status invoke_lookup_8(const Step& s, const Workspace& w) {
  const uint8_t* in = s.input(0);
  uint8_t* out = s.output(0);
  for_each_part(w, s.inputs[0]->shape.count(), /*bytes=*/1, [&](int64_t begin, int64_t count) {
    w.kernels.lookup_8(count, s.params<LookupParams>().lut, in + begin, out + begin);
  });
  return {};
}

struct Lookup16Params {
  const int16_t* lut;
};

Status invoke_lookup_16(const Step& s, const Workspace& w) {
  const int16_t* in = s.input(0);
  int16_t* out = s.output(0);
  for_each_part(w, s.inputs[0]->shape.count(), /*bytes=*/2, [&](int64_t begin, int64_t count) {
    reference::lookup_s16(count, s.params<Lookup16Params>().lut, in + begin, out + begin);
  });
  return {};
}

template <auto kKernel>
Status invoke_sigmoid_s16(const Step& s, const Workspace& w) {
  const int16_t* in = s.input(0);
  int16_t* out = s.output(0);
  for_each_part(w, s.inputs[0]->shape.count(), /*bytes=*/2, [&](int64_t begin, int64_t count) {
    (w.kernels.*kKernel)(s.params<reference::SigmoidParams>(), count, in + begin, out + begin);
  });
  return {};
}

// LOGISTIC and TANH.
struct Sigmoid {
  float (*function)(float);
  Step::Invoke invoke_f32, invoke_f16, invoke_bf16, invoke_s16;
  float out_scale_8;     // the only output scale of the 8-bit types; 0: any
  int32_t most_doubled;  // how often 2^-12 may be doubled to be an int16 scale of power of two
};

constexpr Sigmoid kLogistic = {&reference::logistic,
                               &invoke_elements<&Kernels::logistic_f32>,
                               &invoke_short<Half, &reference::logistic>,
                               &invoke_short<BFloat16, &reference::logistic>,
                               &invoke_sigmoid_s16<&Kernels::logistic_s16>,
                               1.0f / 256,
                               0};
constexpr Sigmoid kTanh = {&reference::tanh_real,
                           &invoke_elements<&Kernels::tanh_f32>,
                           &invoke_short<Half, &reference::tanh_real>,
                           &invoke_short<BFloat16, &reference::tanh_real>,
                           &invoke_sigmoid_s16<&Kernels::tanh_s16>,
                           0,
                           1};

Status prepare_8(PrepareContext& c, const Sigmoid& op) {
  const Tensor& out = c.output(0);
  if (op.out_scale_8 != 0 && out.scale() != op.out_scale_8) {
    return c.fail("output \"", out.info->name, "\" has scale ", out.scale(), ", should be ",
                  op.out_scale_8);
  }
  return tabulate(c, op.function);
}

// Whether |log2(scale / power)| < 0.001: what LiteRT takes for a power of two.
bool is_about(float scale, double power) {
  return scale > power * 0.9993071 && scale < power * 1.0006933;
}

// The input scale in units of 1 / 12288, as LiteRT forms it (TanhPrepare, SigmoidPrepare).
void find_multiplier(float scale, int32_t most_doubled, reference::SigmoidParams& p) {
  for (int32_t doubled = 0; doubled <= most_doubled; ++doubled) {
    if (is_about(scale, (1 << doubled) / 4096.0)) {
      p.multiplier = 3 << doubled;
      p.right = 0;
      return;
    }
  }
  double multiplier = scale * 12288.0;
  p.right = 0;
  while (multiplier <= 32767 / 2.0 && p.right <= 30) {
    multiplier *= 2;
    ++p.right;
  }
  p.multiplier = static_cast<int32_t>(min(multiplier, 2147483647.0));
}

Status prepare_s16(PrepareContext& c, const Sigmoid& op) {
  const Tensor& in = c.input(0);
  const Tensor& out = c.output(0);
  if (!is_about(out.scale(), 1.0 / 32768)) {
    return c.fail("output \"", out.info->name, "\" has scale ", out.scale(), ", should be ",
                  1.0 / 32768);
  }
  reference::SigmoidParams* p;
  OCTAVO_TRY(c.make_params(p));
  find_multiplier(in.scale(), op.most_doubled, *p);
  c.step.invoke = op.invoke_s16;
  return make_lut(c, reference::kSigmoidLutSize, &reference::build_sigmoid_lut, &p->lut);
}

Status prepare(PrepareContext& c, const Sigmoid& op) {
  OCTAVO_TRY(prepare_unary(c));
  const Tensor& in = c.input(0);
  OCTAVO_TRY(c.expect_type("input", in,
                           {DType::kFloat32, DType::kFloat16, DType::kBFloat16, DType::kInt8,
                            DType::kUInt8, DType::kInt16}));
  const TypedInvoke floats[] = {{DType::kFloat32, op.invoke_f32},
                                {DType::kFloat16, op.invoke_f16},
                                {DType::kBFloat16, op.invoke_bf16}};
  for (const TypedInvoke& choice : floats) {
    if (choice.type == in.type) return choose_invoke(c, floats);
  }
  OCTAVO_TRY(expect_quantized_operands(c));
  return in.type == DType::kInt16 ? prepare_s16(c, op) : prepare_8(c, op);
}

}  // namespace

Status use_lookup_8(PrepareContext& c, const uint8_t* lut) {
  LookupParams* p;
  OCTAVO_TRY(c.make_params(p));
  p->lut = lut;
  c.step.invoke = &invoke_lookup_8;
  return {};
}

Status make_lut_16(PrepareContext& c, float (*function)(float), const int16_t*& lut) {
  const Tensor& in = c.input(0);
  const Tensor& out = c.output(0);
  const auto fill = [&](int16_t* table) {
    reference::build_lut_16({in.scale(), out.scale(), in.zero_point(), out.zero_point()}, function,
                            table);
  };
  return make_lut(c, reference::kLut16Size, fill, &lut);
}

Status tabulate(PrepareContext& c, float (*function)(float)) {
  OCTAVO_TRY(expect_quantized_operands(c));
  const Tensor& in = c.input(0);
  const Tensor& out = c.output(0);
  if (in.type == DType::kInt16) {
    Lookup16Params p;
    OCTAVO_TRY(make_lut_16(c, function, p.lut));
    return c.set_invoke(&invoke_lookup_16, p);
  }
  const DTypeInfo& type = dtype_info(in.type);
  return make_lookup_8(c, [&](uint8_t* lut) {
    reference::build_lut_8(
        {in.scale(), out.scale(), in.zero_point(), out.zero_point(), type.min, type.max}, function,
        lut);
  });
}

Status prepare_logistic(PrepareContext& c) { return prepare(c, kLogistic); }
Status prepare_tanh(PrepareContext& c) { return prepare(c, kTanh); }

}  // namespace octavo
