#include "reference/complex.h"

#include <limits>

#include "base/math.h"

namespace octavo::reference {
namespace {

double absolute(double x) { return x < 0 ? -x : x; }

// Scaled by the greater part, whose square may be out of reach. An infinite part is the magnitude
// even where the other is NaN.
double magnitude(double re, double im) {
  const double a = absolute(re), b = absolute(im);
  const double high = a > b ? a : b, low = a > b ? b : a;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (a == kInfinity || b == kInfinity) return kInfinity;
  if (high == 0) return high + low;
  const double ratio = low / high;
  return high * sqrt(1 + ratio * ratio);
}

// Squares of floats are exact and within reach.
double magnitude(float re, float im) {
  const double a = absolute(re), b = absolute(im);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return a == kInfinity || b == kInfinity ? kInfinity : sqrt(a * a + b * b);
}

template <class Real>
void real_parts(int64_t count, const Complex<Real>* in, Real* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = in[i].re;
}

template <class Real>
void imaginary_parts(int64_t count, const Complex<Real>* in, Real* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = in[i].im;
}

template <class Real>
void magnitudes(int64_t count, const Complex<Real>* in, Real* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = static_cast<Real>(magnitude(in[i].re, in[i].im));
}

}  // namespace

void real_c64(int64_t n, const Complex<float>* in, float* out) { real_parts(n, in, out); }
void real_c128(int64_t n, const Complex<double>* in, double* out) { real_parts(n, in, out); }
void imag_c64(int64_t n, const Complex<float>* in, float* out) { imaginary_parts(n, in, out); }
void imag_c128(int64_t n, const Complex<double>* in, double* out) { imaginary_parts(n, in, out); }
void abs_c64(int64_t n, const Complex<float>* in, float* out) { magnitudes(n, in, out); }
void abs_c128(int64_t n, const Complex<double>* in, double* out) { magnitudes(n, in, out); }

}  // namespace octavo::reference
