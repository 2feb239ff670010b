#include "reference/spectrogram.h"

#include "base/math.h"
#include "reference/fft.h"

namespace octavo::reference {

void fill_hann(int64_t n, double* out) {
  for (int64_t i = 0; i < n; ++i) out[i] = 0.5 - 0.5 * cos_turn(i, n);
}

void spectrogram_f32(const SpectrogramParams& p, const float* sound, Complex<double>* work,
                     float* out) {
  for (int64_t channel = 0; channel < p.channels; ++channel) {
    for (int64_t frame = 0; frame < p.frames; ++frame) {
      const float* first = sound + frame * p.stride * p.channels + channel;
      for (int64_t i = 0; i < p.length; ++i) {
        work[i] = {i < p.window ? double{first[i * p.channels]} * p.taper[i] : 0, 0};
      }
      fft(p.length, p.turns, work);
      for (int64_t i = 0; i <= p.length / 2; ++i) {
        const auto square = static_cast<float>(work[i].re * work[i].re + work[i].im * work[i].im);
        *out++ = p.is_squared ? square : static_cast<float>(sqrt(double{square}));
      }
    }
  }
}

}  // namespace octavo::reference
