#include "reference/fingerprint.h"

#include <cstring>

namespace octavo::reference {
namespace {

// Primes that the hash multiplies by.
constexpr uint64_t kA = 0xc3a5c85c97cb3127, kB = 0xb492b66fbe98f273, kC = 0x9ae16a3b2f90404f;

struct Pair {
  uint64_t first, second;
};

template <class Word>
uint64_t load(const uint8_t* bytes) {
  Word word;
  memcpy(&word, bytes, sizeof(word));
  return word;
}
uint64_t load(const uint8_t* bytes) { return load<uint64_t>(bytes); }

uint64_t rotate(uint64_t x, int32_t bits) { return x >> bits | x << (64 - bits); }
uint64_t fold(uint64_t x) { return x ^ x >> 47; }

uint64_t mix(uint64_t a, uint64_t b, uint64_t factor) {
  const uint64_t x = fold((a ^ b) * factor);
  return fold((b ^ x) * factor) * factor;
}

uint64_t hash_to_16(const uint8_t* s, int64_t n) {
  const auto length = static_cast<uint64_t>(n);
  const uint64_t factor = kC + 2 * length;
  if (n >= 8) {
    const uint64_t a = load(s) + kC, b = load(s + n - 8);
    return mix(rotate(b, 37) * factor + a, (rotate(a, 25) + b) * factor, factor);
  }
  if (n >= 4) {
    return mix(length + (load<uint32_t>(s) << 3), load<uint32_t>(s + n - 4), factor);
  }
  if (n == 0) return kC;
  const uint32_t y = s[0] + (uint32_t{s[n / 2]} << 8);
  const uint32_t z = static_cast<uint32_t>(n) + (uint32_t{s[n - 1]} << 2);
  return fold(y * kC ^ z * kA) * kC;
}

uint64_t hash_to_32(const uint8_t* s, int64_t n) {
  const uint64_t factor = kC + 2 * static_cast<uint64_t>(n);
  const uint64_t a = load(s) * kB, b = load(s + 8);
  const uint64_t c = load(s + n - 8) * factor, d = load(s + n - 16) * kC;
  return mix(rotate(a + b, 43) + rotate(c, 30) + d, a + rotate(b + kC, 18) + c, factor);
}

uint64_t hash_to_64(const uint8_t* s, int64_t n) {
  const uint64_t factor = kC + 2 * static_cast<uint64_t>(n);
  const uint64_t a = load(s) * kC, b = load(s + 8);
  const uint64_t c = load(s + n - 8) * factor, d = load(s + n - 16) * kC;
  const uint64_t y = rotate(a + b, 43) + rotate(c, 30) + d;
  const uint64_t z = mix(y, a + rotate(b + kC, 18) + c, factor);
  const uint64_t e = load(s + 16) * factor, f = load(s + 24);
  const uint64_t g = (y + load(s + n - 32)) * factor, h = (z + load(s + n - 24)) * factor;
  return mix(rotate(e + f, 43) + rotate(g, 30) + h, e + rotate(f + a, 18) + g, factor);
}

// 32 bytes, in a weaker way.
Pair mix_32(const uint8_t* s, uint64_t a, uint64_t b) {
  const uint64_t begin = a + load(s), last = load(s + 24);
  const uint64_t sum = begin + load(s + 8) + load(s + 16);
  return {sum + last, rotate(b + begin + last, 21) + rotate(sum, 44) + begin};
}

// What longer inputs are folded into, 64 bytes at a time.
struct State {
  uint64_t x, y, z;
  Pair v, w;

  void add(const uint8_t* s, uint64_t factor, uint64_t weight) {
    const uint64_t sum = rotate(x + y + v.first + load(s + 8), 37) * factor ^ w.second * weight;
    y = rotate(y + v.second + load(s + 48), 42) * factor + v.first * weight + load(s + 40);
    z = rotate(z + w.first, 33) * factor;
    v = mix_32(s, v.second * factor, sum + w.first);
    w = mix_32(s + 32, z + w.second, y + load(s + 16));
    x = z;
    z = sum;
  }
};

uint64_t hash_long(const uint8_t* s, int64_t n) {
  constexpr uint64_t kSeed = 81;
  constexpr uint64_t kY = kSeed * kB + 113;
  State state = {kSeed * kC + load(s), kY, fold(kY * kC + 113) * kC, {0, 0}, {0, 0}};
  const int64_t whole = (n - 1) / 64 * 64;
  for (int64_t i = 0; i < whole; i += 64) state.add(s + i, kB, 1);
  // The last 64 bytes, which may have been seen in part.
  const uint64_t factor = kB + ((state.z & 0xff) << 1);
  Pair &v = state.v, &w = state.w;
  w.first += static_cast<uint64_t>((n - 1) & 63);
  v.first += w.first;
  w.first += v.first;
  state.add(s + n - 64, factor, 9);
  return mix(mix(v.first, w.first, factor) + fold(state.y) * kA + state.z,
             mix(v.second, w.second, factor) + state.x, factor);
}

}  // namespace

uint64_t fingerprint(const uint8_t* bytes, int64_t count) {
  if (count <= 16) return hash_to_16(bytes, count);
  if (count <= 32) return hash_to_32(bytes, count);
  return count <= 64 ? hash_to_64(bytes, count) : hash_long(bytes, count);
}

}  // namespace octavo::reference
