#include "reference/mfcc.h"

#include "base/math.h"

namespace octavo::reference {
namespace {

double mel(double frequency) { return 1127 * log(1 + frequency / 700); }

void sum_bands(const MfccParams& p, const float* spectrum, double* energies) {
  for (int64_t b = 0; b < p.bands; ++b) energies[b] = 0;
  for (int64_t i = p.range.first; i < p.range.end; ++i) {
    const MelBin& bin = p.mel[i - p.range.first];
    const double magnitude = sqrt(double{spectrum[i]}), falling = magnitude * bin.weight;
    if (bin.band >= 0) energies[bin.band] += falling;
    if (bin.band + 1 < p.bands) energies[bin.band + 1] += magnitude - falling;
  }
}

}  // namespace

void fill_mel_bins(double low, double high, double step, int64_t bands, const MelRange& range,
                   MelBin* out) {
  const double begin = mel(low);
  const double spacing = (mel(high) - begin) / static_cast<double>(bands + 1);
  // Of band -1 that of the lower limit.
  const auto peak = [&](int64_t band) { return begin + spacing * static_cast<double>(band + 1); };
  int64_t band = -1;
  for (int64_t i = range.first; i < range.end; ++i) {
    const double place = mel(static_cast<double>(i) * step);
    while (band + 1 < bands && peak(band + 1) < place) ++band;
    const double next = peak(band + 1);
    *out++ = {static_cast<int32_t>(band), (next - place) / (next - peak(band))};
  }
}

void fill_cosines(int64_t n, double* out) {
  const double norm = sqrt(2 / static_cast<double>(n));
  for (int64_t k = 0; k < 4 * n; ++k) out[k] = norm * cos_turn(k, 4 * n);
}

void mfcc_f32(const MfccParams& p, const float* spectrum, double* energies, float* out) {
  constexpr double kLeast = 1e-12;
  for (int64_t frame = 0; frame < p.frames; ++frame, spectrum += p.bins) {
    sum_bands(p, spectrum, energies);
    for (int64_t b = 0; b < p.bands; ++b) {
      energies[b] = log(energies[b] < kLeast ? kLeast : energies[b]);
    }
    for (int64_t i = 0; i < p.coefficients; ++i) {
      double sum = 0;
      for (int64_t b = 0, turn = i; b < p.bands; ++b) {
        sum += p.cosines[turn] * energies[b];
        turn += 2 * i;  // i is less than n
        if (turn >= 4 * p.bands) turn -= 4 * p.bands;
      }
      *out++ = static_cast<float>(sum);
    }
  }
}

}  // namespace octavo::reference
