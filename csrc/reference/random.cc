#include "reference/random.h"

#include <cstring>

#include "base/math.h"

namespace octavo::reference {
namespace {

uint32_t high_of(uint64_t x) { return static_cast<uint32_t>(x >> 32); }
uint32_t low_of(uint64_t x) { return static_cast<uint32_t>(x); }

uint32_t rotate(uint32_t x, int32_t bits) { return x << bits | x >> (32 - bits); }

void skip(RandomStream& stream, uint64_t count) {
  const uint64_t low = stream.counter[0] | uint64_t{stream.counter[1]} << 32;
  const uint64_t sum = low + count;
  stream.counter[0] = low_of(sum);
  stream.counter[1] = high_of(sum);
  if (sum < low && ++stream.counter[2] == 0) ++stream.counter[3];
}

Words4 next(RandomStream& stream) {
  const uint32_t* c = stream.counter;
  const Words4 words = philox(stream.key[0], stream.key[1], {{c[0], c[1], c[2], c[3]}});
  skip(stream, 1);
  return words;
}

// The lowest 23 bits, as the digits behind the point.
float uniform(uint32_t bits) {
  const uint32_t one_and_more = (bits & 0x7fffff) | 0x3f800000;
  float f;
  memcpy(&f, &one_and_more, sizeof(f));
  return f - 1;
}

// 52 bits, likewise.
double uniform(uint32_t high, uint32_t low) {
  const uint64_t bits = uint64_t{(high & 0xfffff) | 0x3ff00000} << 32 | low;
  double d;
  memcpy(&d, &bits, sizeof(d));
  return d - 1;
}

// Box and Muller's pair.
void normal_pair(uint32_t a, uint32_t b, float* out) {
  constexpr float kLeast = 1e-7f;
  constexpr double kPi = 3.14159265358979323846;
  const auto radius = static_cast<float>(sqrt(-2 * log(max(uniform(a), kLeast))));
  const auto angle = static_cast<float>(2 * kPi * double{uniform(b)});
  out[0] = static_cast<float>(sin(angle)) * radius;
  out[1] = static_cast<float>(cos(angle)) * radius;
}

double cumulate(int64_t classes, const float* logits, double* sums) {
  float greatest = -3.40282347e38f;
  for (int64_t i = 0; i < classes; ++i) {
    if (is_finite(logits[i])) greatest = max(greatest, logits[i]);
  }
  double sum = 0;
  for (int64_t i = 0; i < classes; ++i) {
    if (is_finite(logits[i])) sum += exp(double{logits[i]} - double{greatest});
    sums[i] = sum;
  }
  return sum;
}

// The first of which the sum is above x.
int64_t find_above(int64_t classes, const double* sums, double x) {
  int64_t begin = 0, count = classes;
  while (count > 0) {
    const int64_t half = count / 2;
    if (x < sums[begin + half]) {
      count = half;
    } else {
      begin += half + 1;
      count -= half + 1;
    }
  }
  return begin;
}

template <class Index>
void multinomial(const MultinomialParams& p, RandomStream& stream, const float* logits,
                 double* sums, Index* out) {
  RandomStream drawn = stream;
  // TensorFlow's operator may draw more than this one, and both go on at the same place.
  constexpr uint64_t kDraws = 2 * 256;
  skip(stream,
       static_cast<uint64_t>(p.rows) * ((static_cast<uint64_t>(p.samples) + 3) / 4 * 4) * kDraws);
  Words4 words = {};
  int32_t used = 4;
  for (int64_t row = 0; row < p.rows; ++row) {
    const double sum = cumulate(p.classes, logits + row * p.classes, sums);
    for (int64_t i = 0; i < p.samples; ++i) {
      if (used == 4) {
        words = next(drawn);
        used = 0;
      }
      const double x = uniform(words.word[used], words.word[used + 1]) * sum;
      used += 2;
      *out++ = static_cast<Index>(find_above(p.classes, sums, x));
    }
  }
}

}  // namespace

Words4 philox(uint32_t key0, uint32_t key1, Words4 c) {
  constexpr uint64_t kFactorA = 0xD2511F53, kFactorB = 0xCD9E8D57;
  constexpr uint32_t kWeylA = 0x9E3779B9, kWeylB = 0xBB67AE85;
  for (int32_t round = 0; round < 10; ++round) {
    const uint64_t a = kFactorA * c.word[0], b = kFactorB * c.word[2];
    c = {{high_of(b) ^ c.word[1] ^ key0, low_of(b), high_of(a) ^ c.word[3] ^ key1, low_of(a)}};
    key0 += kWeylA;
    key1 += kWeylB;
  }
  return c;
}

Words2 threefry(uint32_t key0, uint32_t key1, Words2 c) {
  constexpr uint32_t kParity = 0x1BD11BDA;
  constexpr int32_t kRotations[] = {13, 15, 26, 6, 17, 29, 16, 24};
  const uint32_t keys[] = {key0, key1, key0 ^ key1 ^ kParity};
  c.word[0] += keys[0];
  c.word[1] += keys[1];
  for (uint32_t round = 0; round < 20; ++round) {
    c.word[0] += c.word[1];
    c.word[1] = rotate(c.word[1], kRotations[round % 8]) ^ c.word[0];
    if (round % 4 != 3) continue;
    const uint32_t injected = round / 4 + 1;  // another key every four rounds
    c.word[0] += keys[injected % 3];
    c.word[1] += keys[(injected + 1) % 3] + injected;
  }
  return c;
}

RandomStream random_stream(int64_t seed, int64_t seed2) {
  const auto key = static_cast<uint64_t>(seed), high = static_cast<uint64_t>(seed2);
  return {{low_of(key), high_of(key)}, {0, 0, low_of(high), high_of(high)}};
}

void random_uniform(RandomStream& stream, int64_t count, float* out) {
  for (int64_t i = 0; i < count; i += 4) {
    const Words4 words = next(stream);
    for (int64_t j = 0; j < min<int64_t>(4, count - i); ++j) out[i + j] = uniform(words.word[j]);
  }
}

void random_normal(RandomStream& stream, int64_t count, float* out) {
  for (int64_t i = 0; i < count; i += 4) {
    const Words4 words = next(stream);
    float drawn[4];
    normal_pair(words.word[0], words.word[1], drawn);
    normal_pair(words.word[2], words.word[3], drawn + 2);
    for (int64_t j = 0; j < min<int64_t>(4, count - i); ++j) out[i + j] = drawn[j];
  }
}

void multinomial_s32(const MultinomialParams& p, RandomStream& stream, const float* logits,
                     double* sums, int32_t* out) {
  multinomial(p, stream, logits, sums, out);
}
void multinomial_s64(const MultinomialParams& p, RandomStream& stream, const float* logits,
                     double* sums, int64_t* out) {
  multinomial(p, stream, logits, sums, out);
}

void random_bits(const RandomBitsParams& p, const uint32_t* state, uint32_t* state_out,
                 uint32_t* out) {
  const int32_t rest = p.state_words == 6 ? 4 : 0;  // where the counter's upper half lies
  uint32_t counter[] = {state[2], state[3]};
  const int64_t step = p.is_philox ? 4 : 2;
  for (int64_t i = 0; i < p.words; i += step) {
    Words4 words = {};
    if (p.is_philox) {
      words = philox(state[0], state[1], {{counter[0], counter[1], state[rest], state[rest + 1]}});
    } else {
      const Words2 pair = threefry(state[0], state[1], {{counter[0], counter[1]}});
      words = {{pair.word[0], pair.word[1], 0, 0}};
    }
    for (int64_t j = 0; j < min(step, p.words - i); ++j) out[i + j] = words.word[j];
    if (++counter[0] == 0) ++counter[1];
  }
  for (int32_t i = 0; i < p.state_words; ++i) state_out[i] = state[i];
  state_out[2] = counter[0];
  state_out[3] = counter[1];
}

}  // namespace octavo::reference
