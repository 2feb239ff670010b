/* Reads one handwritten digit as firmware would: the network is an array in read-only memory, the
 * memory it runs in is an array of this program, and there is no heap. To port octavo, begin here:
 * README.md beside this file says what to compile. */
#include <stdio.h>
#include <stdlib.h>

#include "capi/octavo.h"

static const _Alignas(16) unsigned char kModel[] = {
#include "digits_int8.inc"
};
static _Alignas(64) unsigned char memory[16 * 1024];

enum { kPixels = 64, kClasses = 10, kInk = 16 };

/* An image of the UCI handwritten digits: ink from 0 to 16. */
static const unsigned char kTwo[kPixels] = {
    0, 0, 0,  0,  11, 15, 4,  0, /**/
    0, 0, 0,  3,  16, 16, 12, 0, /**/
    0, 0, 0,  8,  14, 16, 12, 0, /**/
    0, 0, 0,  5,  10, 16, 6,  0, /**/
    0, 1, 7,  11, 16, 13, 0,  0, /**/
    0, 9, 16, 16, 14, 1,  0,  0, /**/
    0, 3, 8,  14, 16, 9,  0,  0, /**/
    0, 0, 0,  1,  11, 16, 12, 0,
};

/* No heap: whoever asks for memory ends the program. C++'s new has no trap because it has no
 * definition: the program is linked without the C++ library. */
static void trap(const char* function) {
  fputs(function, stderr);
  fputs(" was called: this program has no heap\n", stderr);
  abort();
}
void* malloc(size_t size) {
  (void)size;
  trap("malloc");
  return NULL;
}
void* calloc(size_t count, size_t size) {
  (void)count, (void)size;
  trap("calloc");
  return NULL;
}
void* realloc(void* old, size_t size) {
  (void)old, (void)size;
  trap("realloc");
  return NULL;
}
void free(void* old) {
  if (old != NULL) trap("free");
}

/* The network's input is ink from 0 to 1: quantizes one pixel, to the nearest. */
static signed char quantize(int ink, const octavo_tensor* t) {
  const float steps = (float)ink / kInk / t->scale;
  return (signed char)((int)(steps + 0.5f) + t->zero_point);
}

static int fail(octavo_network* network) {
  puts(octavo_message(network));
  return EXIT_FAILURE;
}

int main(void) {
  static char line[256]; /* else stdio takes its buffer from the heap */
  setvbuf(stdout, line, _IOLBF, sizeof(line));

  octavo_network* network;
  octavo_tensor in, out;
  /* As on a microcontroller, wherever this is built: elsewhere null takes faster kernels. */
  const octavo_options options = {.isa = "portable"};
  if (octavo_create(kModel, sizeof(kModel), memory, sizeof(memory), &options, &network) !=
          OCTAVO_OK ||
      octavo_prepare(network) != OCTAVO_OK || octavo_input(network, 0, &in) != OCTAVO_OK ||
      octavo_output(network, 0, &out) != OCTAVO_OK) {
    return fail(network);
  }
  if (in.type != OCTAVO_INT8 || in.bytes != kPixels || out.bytes != kClasses) {
    puts("this is not the digits network");
    return EXIT_FAILURE;
  }

  signed char* pixels = in.data;
  for (int i = 0; i < kPixels; ++i) pixels[i] = quantize(kTwo[i], &in);
  if (octavo_invoke(network) != OCTAVO_OK) return fail(network);

  const signed char* probabilities = out.data;
  int digit = 0;
  printf("probabilities");
  for (int i = 0; i < kClasses; ++i) {
    if (probabilities[i] > probabilities[digit]) digit = i;
    printf(" %d/256", probabilities[i] - (int)out.zero_point);
  }
  printf("\ndigit %d\n", digit);
  printf("memory %d of %d bytes, model %d bytes\n", (int)octavo_memory_used(network),
         (int)sizeof(memory), (int)sizeof(kModel));
  return digit == 2 ? EXIT_SUCCESS : EXIT_FAILURE;
}
