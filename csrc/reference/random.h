#pragma once

#include <cstdint>

namespace octavo::reference {

// Generators that compute their n-th numbers of n: Salmon et al., Parallel Random Numbers: As Easy
// as 1, 2, 3, https://doi.org/10.1145/2063384.2063405.
struct Words4 {
  uint32_t word[4];
};
struct Words2 {
  uint32_t word[2];
};
Words4 philox(uint32_t key0, uint32_t key1, Words4 counter);    // Philox 4x32, 10 rounds
Words2 threefry(uint32_t key0, uint32_t key1, Words2 counter);  // Threefry 2x32, 20 rounds

// A stream of Philox's numbers, as TensorFlow's operators draw them.
struct RandomStream {
  uint32_t key[2];
  uint32_t counter[4];
};
RandomStream random_stream(int64_t seed, int64_t seed2);

// Fills `out` from the stream, four numbers at a time: the rest of the last four is lost.
void random_uniform(RandomStream& stream, int64_t count, float* out);  // in [0, 1)
void random_normal(RandomStream& stream, int64_t count, float* out);   // mean 0, deviation 1

struct MultinomialParams {
  int64_t rows, classes, samples;
};
// Draws for each row of logits [rows][classes] classes with the probabilities exp(logit) / sum:
// [rows][samples]. Logits that are not finite have none; a row of these alone gives `classes`.
// `sums` is [classes].
void multinomial_s32(const MultinomialParams& p, RandomStream& stream, const float* logits,
                     double* sums, int32_t* out);
void multinomial_s64(const MultinomialParams& p, RandomStream& stream, const float* logits,
                     double* sums, int64_t* out);

struct RandomBitsParams {
  int64_t words;        // of the output, 32 bits each
  bool is_philox;       // else Threefry
  int32_t state_words;  // Philox: 4 or 6, of which the last two count on; Threefry: 4
};
// Fills `out` and counts on: state_out is the state behind it. STABLEHLO_RNG_BIT_GENERATOR.
void random_bits(const RandomBitsParams& p, const uint32_t* state, uint32_t* state_out,
                 uint32_t* out);

}  // namespace octavo::reference
