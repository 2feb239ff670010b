#pragma once

#include <cstdint>

#include "reference/complex.h"

namespace octavo::reference {

// Hann's window of n samples, such that it goes on with the next one: (1 - cos(2 pi i / n)) / 2.
void fill_hann(int64_t n, double* out);

struct SpectrogramParams {
  int64_t channels;  // of the sound
  int64_t window, stride, frames;
  int64_t length;                // of the transform: a power of two, not less than the window
  const double* taper;           // what the window's samples are multiplied by
  const Complex<double>* turns;  // fill_turns(length)
  bool is_squared;
};

// The magnitudes, or their squares, of the spectra of windows that begin `stride` samples apart,
// zeros behind them. Sound [samples][channels], out [channels][frames][length / 2 + 1]; `work` is
// [length].
void spectrogram_f32(const SpectrogramParams& p, const float* sound, Complex<double>* work,
                     float* out);

}  // namespace octavo::reference
