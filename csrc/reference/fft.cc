#include "reference/fft.h"

#include "base/math.h"

namespace octavo::reference {
namespace {

using Number = Complex<double>;

// Elements `stride` apart, each to the place whose number has its own's bits in reverse.
void reverse_bits(int64_t n, int64_t stride, Number* x) {
  for (int64_t i = 1, j = 0; i < n; ++i) {
    int64_t bit = n / 2;
    for (; (j & bit) != 0; bit /= 2) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    const Number other = x[j * stride];
    x[j * stride] = x[i * stride];
    x[i * stride] = other;
  }
}

// Cooley and Tukey's transform of n elements, `stride` apart. `turns` are those of n * every.
void transform(int64_t n, int64_t stride, const Number* turns, int64_t every, Number* x) {
  reverse_bits(n, stride, x);
  for (int64_t half = 1; half < n; half *= 2) {
    const int64_t step = n / (2 * half) * every;
    for (int64_t begin = 0; begin < n; begin += 2 * half) {
      for (int64_t k = 0; k < half; ++k) {
        Number& a = x[(begin + k) * stride];
        Number& b = x[(begin + k + half) * stride];
        const Number turned = turns[k * step] * b;
        b = a - turned;
        a = a + turned;
      }
    }
  }
}

}  // namespace

void fill_turns(int64_t n, Complex<double>* turns) {
  if (n < 2) return;
  turns[0] = {1, 0};
  // The turns of 1 / n, 2 / n, 4 / n, ... by halving the angle of a quarter turn.
  Number part[64];
  int32_t count = 0;
  for (int64_t m = n; m > 2; m /= 2) ++count;
  for (int32_t i = count; i-- > 0;) {
    if (i == count - 1) {
      part[i] = {0, -1};
      continue;
    }
    const double re = sqrt((1 + part[i + 1].re) / 2);
    part[i] = {re, part[i + 1].im / (2 * re)};
  }
  for (int32_t i = 0; i < count; ++i) {
    const int64_t known = int64_t{1} << i;
    for (int64_t k = 0; k < known; ++k) turns[known + k] = turns[k] * part[i];
  }
}

void fft(int64_t n, const Complex<double>* turns, Complex<double>* x) {
  transform(n, 1, turns, 1, x);
}

void rfft2d_f32(const Rfft2dParams& p, const float* in, Complex<double>* work,
                Complex<float>* out) {
  const int64_t longest = max(p.height, p.width), kept = p.width / 2 + 1;
  for (int64_t image = 0; image < p.images; ++image) {
    for (int64_t y = 0; y < p.height; ++y) {
      for (int64_t x = 0; x < p.width; ++x) {
        const bool is_inside = y < p.in_height && x < p.in_width;
        work[y * p.width + x] = {is_inside ? in[y * p.in_width + x] : 0.0, 0};
      }
      transform(p.width, 1, p.turns, longest / p.width, work + y * p.width);
    }
    for (int64_t v = 0; v < kept; ++v) {
      transform(p.height, p.width, p.turns, longest / p.height, work + v);
      for (int64_t u = 0; u < p.height; ++u) {
        const Number z = work[u * p.width + v];
        out[u * kept + v] = {static_cast<float>(z.re), static_cast<float>(z.im)};
      }
    }
    in += p.in_height * p.in_width;
    out += p.height * kept;
  }
}

}  // namespace octavo::reference
