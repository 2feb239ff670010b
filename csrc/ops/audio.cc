// AudioSpectrogram, Mfcc: what keyword-spotting networks hear of a sound. Options and operands are
// those of TensorFlow's audio_spectrogram and mfcc.
#include "base/math.h"
#include "ops/axis.h"
#include "ops/custom_options.h"
#include "reference/fft.h"
#include "reference/mfcc.h"
#include "reference/spectrogram.h"

namespace octavo {
namespace {

using reference::Complex;
using reference::MelBin;
using reference::MelRange;
using reference::MfccParams;
using reference::SpectrogramParams;

Status invoke_spectrogram(const Step& s, const Workspace&) {
  reference::spectrogram_f32(s.params<SpectrogramParams>(), s.input(0), s.scratch(0), s.output(0));
  return {};
}

Status invoke_mfcc(const Step& s, const Workspace&) {
  reference::mfcc_f32(s.params<MfccParams>(), s.input(0), s.scratch(0), s.output(0));
  return {};
}

struct SpectrogramOptions {
  int32_t window_size = 0, stride = 0;
  bool magnitude_squared = false;
};

Status read_options(const PrepareContext& c, SpectrogramOptions& o) {
  OCTAVO_TRY(read_custom_options(c, [&](const FlexMap& options) -> Status {
    OCTAVO_TRY(options.get("window_size", o.window_size));
    OCTAVO_TRY(options.get("stride", o.stride));
    return options.get("magnitude_squared", o.magnitude_squared);
  }));
  constexpr int32_t kMostSamples = 1 << 24;  // which take half a gigabyte
  if (o.window_size < 2 || o.window_size > kMostSamples || o.stride < 1) {
    return c.fail("options window_size and stride are ", o.window_size, " and ", o.stride,
                  ", should be 2 to ", kMostSamples, " and at least 1");
  }
  return {};
}

struct MfccOptions {
  // LiteRT reads integers.
  int32_t upper_frequency_limit = 0, lower_frequency_limit = 0;
  int32_t filterbank_channel_count = 0, dct_coefficient_count = 0;
};

Status read_options(const PrepareContext& c, MfccOptions& o) {
  OCTAVO_TRY(read_custom_options(c, [&](const FlexMap& options) -> Status {
    OCTAVO_TRY(options.get("upper_frequency_limit", o.upper_frequency_limit));
    OCTAVO_TRY(options.get("lower_frequency_limit", o.lower_frequency_limit));
    OCTAVO_TRY(options.get("filterbank_channel_count", o.filterbank_channel_count));
    return options.get("dct_coefficient_count", o.dct_coefficient_count);
  }));
  if (o.lower_frequency_limit < 0 || o.upper_frequency_limit <= o.lower_frequency_limit) {
    return c.fail("options lower_frequency_limit and upper_frequency_limit are ",
                  o.lower_frequency_limit, " and ", o.upper_frequency_limit);
  }
  if (o.dct_coefficient_count < 1 || o.dct_coefficient_count > o.filterbank_channel_count) {
    return c.fail("option dct_coefficient_count is ", o.dct_coefficient_count,
                  ", should be 1 to filterbank_channel_count, ", o.filterbank_channel_count);
  }
  constexpr int32_t kMostBands = 1 << 16;
  if (o.filterbank_channel_count > kMostBands) {
    return c.fail("option filterbank_channel_count is ", o.filterbank_channel_count, ", at most ",
                  kMostBands);
  }
  return {};
}

// Computes the bands, which follow from the sample rate.
Status make_bands(const PrepareContext& c, const MfccOptions& o, int64_t rate, MfccParams& p) {
  if (rate <= 0) return c.fail("sample rate is ", rate, ", should be above 0");
  const double step = 0.5 * static_cast<double>(rate) / static_cast<double>(p.bins - 1);
  const double last = o.upper_frequency_limit / step;
  if (!(last < static_cast<double>(p.bins))) {
    return c.fail("option upper_frequency_limit is ", o.upper_frequency_limit,
                  ", the spectrum of a sample rate of ", rate, " ends at half of that");
  }
  p.range = {static_cast<int64_t>(1.5 + o.lower_frequency_limit / step),
             static_cast<int64_t>(last) + 1};
  Span<MelBin> mel;
  Span<double> cosines;
  OCTAVO_TRY(c.make_array(max<int64_t>(p.range.end - p.range.first, 0), mel));
  OCTAVO_TRY(c.make_array(4 * p.bands, cosines));
  reference::fill_mel_bins(o.lower_frequency_limit, o.upper_frequency_limit, step, p.bands, p.range,
                           mel.data);
  reference::fill_cosines(p.bands, cosines.data);
  p.mel = mel.data;
  p.cosines = cosines.data;
  return {};
}

}  // namespace

Status prepare_audio_spectrogram(PrepareContext& c, void*) {
  OCTAVO_TRY(c.expect_operands(1, 1, 1));
  const Tensor& in = c.input(0);
  OCTAVO_TRY(c.expect_type("input", in, {DType::kFloat32}));
  OCTAVO_TRY(c.expect_type("output", c.output(0), {DType::kFloat32}));
  OCTAVO_TRY(c.expect_rank("input", in, 2, 2));
  SpectrogramOptions o;
  OCTAVO_TRY(read_options(c, o));
  SpectrogramParams p = {in.shape[1], o.window_size, o.stride, 0,
                         2,           nullptr,       nullptr,  o.magnitude_squared};
  const int64_t samples = in.shape[0];
  if (samples >= p.window) p.frames = 1 + (samples - p.window) / p.stride;
  while (p.length < p.window) p.length *= 2;
  OCTAVO_TRY(c.set_shape(0, make_shape(p.channels, p.frames, p.length / 2 + 1)));
  Span<double> taper;
  Span<Complex<double>> turns;
  if (p.frames > 0) {
    OCTAVO_TRY(c.make_array(p.window, taper));
    OCTAVO_TRY(c.make_array(p.length / 2, turns));
    reference::fill_hann(p.window, taper.data);
    reference::fill_turns(p.length, turns.data);
  }
  p.taper = taper.data;
  p.turns = turns.data;
  OCTAVO_TRY(c.set_invoke(&invoke_spectrogram, p));
  return c.add_scratch(p.frames == 0 ? 0 : p.length * static_cast<int64_t>(sizeof(*p.turns)));
}

Status prepare_mfcc(PrepareContext& c, void*) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  const Tensor &in = c.input(0), &rate = c.input(1);
  OCTAVO_TRY(c.expect_type("spectrogram", in, {DType::kFloat32}));
  OCTAVO_TRY(c.expect_type("output", c.output(0), {DType::kFloat32}));
  OCTAVO_TRY(c.expect_rank("spectrogram", in, 3, 3));
  OCTAVO_TRY(c.expect_type("sample_rate", rate, {DType::kInt32}));
  MfccOptions o;
  OCTAVO_TRY(read_options(c, o));
  if (in.shape[2] < 2) {
    return c.fail("spectrogram \"", in.info->name, "\" has shape ", in.shape,
                  ", should have 2 elements a frame or more");
  }
  OCTAVO_TRY(c.set_shape(0, make_shape(in.shape[0], in.shape[1], o.dct_coefficient_count)));
  OCTAVO_TRY(expect_integers(c, "sample_rate", rate, 1));
  MfccParams p = {};
  p.frames = in.shape.count(0, 2);
  p.bins = in.shape[2];
  p.bands = o.filterbank_channel_count;
  p.coefficients = o.dct_coefficient_count;
  OCTAVO_TRY(make_bands(c, o, integer_at(rate, 0), p));
  OCTAVO_TRY(c.set_invoke(&invoke_mfcc, p));
  return c.add_scratch(p.bands * static_cast<int64_t>(sizeof(double)));
}

}  // namespace octavo
