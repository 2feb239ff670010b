#pragma once

#include <cstdint>

namespace octavo::reference {

template <class Real>
struct Complex {
  Real re, im;
};

template <class Real>
Complex<Real> operator+(Complex<Real> a, Complex<Real> b) {
  return {a.re + b.re, a.im + b.im};
}
template <class Real>
Complex<Real> operator-(Complex<Real> a, Complex<Real> b) {
  return {a.re - b.re, a.im - b.im};
}
template <class Real>
Complex<Real> operator*(Complex<Real> a, Complex<Real> b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

// out[i] = the real part, the imaginary part or the magnitude of in[i].
void real_c64(int64_t count, const Complex<float>* in, float* out);
void real_c128(int64_t count, const Complex<double>* in, double* out);
void imag_c64(int64_t count, const Complex<float>* in, float* out);
void imag_c128(int64_t count, const Complex<double>* in, double* out);
void abs_c64(int64_t count, const Complex<float>* in, float* out);
void abs_c128(int64_t count, const Complex<double>* in, double* out);

}  // namespace octavo::reference
