#pragma once

#include <cstdint>

#include "reference/complex.h"

namespace octavo::reference {

// turns[k] = exp(-2 pi i k / n) for k < n / 2. n is a power of two.
void fill_turns(int64_t n, Complex<double>* turns);

// Replaces x by its spectrum: the sums of x[t] * exp(-2 pi i k t / n).
void fft(int64_t n, const Complex<double>* turns, Complex<double>* x);

struct Rfft2dParams {
  int64_t images;
  int64_t in_height, in_width;
  int64_t height, width;         // powers of two; the image is cut to them, or filled with zeros
  const Complex<double>* turns;  // of the greater one
};

// The spectrum of each image: out[u][v] = sum of in[y][x] * exp(-2 pi i (u y / height + v x /
// width)), for v up to width / 2: those behind are the conjugates of these. `work` is
// [height][width].
void rfft2d_f32(const Rfft2dParams& p, const float* in, Complex<double>* work, Complex<float>* out);

}  // namespace octavo::reference
