#pragma once

#include <cstdint>

namespace octavo::reference {

// Mel-frequency cepstral coefficients: the cosine transform of the logarithms of a spectrum's
// magnitudes, summed in bands that are triangles side by side on the mel scale.

// What an element of the spectrum has to do with the bands.
struct MelBin {
  int32_t band;   // that falls where the element is; the next one rises; -1: none falls
  double weight;  // in that band; in the next one 1 - weight
};

// The elements first to end - 1 are those within the bands.
struct MelRange {
  int64_t first, end;
};

// mel(f) = 1127 log(1 + f / 700); the bands' peaks are at equal distances between mel(low) and
// mel(high). Element i of the spectrum is at i * step Hz, and element 0 in no band, as in HTK.
void fill_mel_bins(double low, double high, double step, int64_t bands, const MelRange& range,
                   MelBin* out);

// out[k] = sqrt(2 / n) cos(2 pi k / (4 n)) for k < 4 n, of which the transform of n takes every
// other one.
void fill_cosines(int64_t n, double* out);

struct MfccParams {
  int64_t frames, bins;  // of the spectrum
  MelRange range;
  const MelBin* mel;  // of the elements in `range`
  int64_t bands, coefficients;
  const double* cosines;  // fill_cosines(bands)
};

// Spectrum: squares of magnitudes, [frames][bins]; out [frames][coefficients]; `energies` is
// [bands]. A band has 1e-12 or more.
void mfcc_f32(const MfccParams& p, const float* spectrum, double* energies, float* out);

}  // namespace octavo::reference
