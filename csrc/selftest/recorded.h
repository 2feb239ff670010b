// Networks of one operator, with inputs and what LiteRT's reference kernels made of them, in
// base64. tests/record_cases.py writes recorded.inc.
#pragma once

#include "selftest/selftest.h"

namespace octavo::selftest {

struct Recorded {
  const char* name;
  const char* model;             // a .tflite file
  const char *inputs, *outputs;  // every tensor's bytes, one after the other, little-endian
};

// The first is FLOOR on six floats of shape (1, 6).
extern const Span<const Recorded> kRecorded;

struct Bytes {
  const uint8_t* data;
  size_t size;
};

// What these recorded characters stand for, for which `to` has room.
Bytes decode_base64(const char* base64, Span<uint8_t> to, Check& check);

// Through the C interface: portable, then the best kernels among three workers and alone.
void run_recorded(const Recorded& r, Check& check);
// On one thread, then with every step split as if among three.
void run_recorded(const Recorded& r, const Kernels& kernels, Check& check);

}  // namespace octavo::selftest
