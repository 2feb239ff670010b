// Flexbuffers, in which converters keep the options of custom operators: the numbers in a map.
// https://flatbuffers.dev/flexbuffers says how they are laid out.
#pragma once

#include <cstdint>

#include "base/span.h"
#include "base/status.h"

namespace octavo {

class FlexMap {
 public:
  // The map that `bytes` hold. Nothing in them is trusted, now or later.
  static Status open(Span<const uint8_t> bytes, FlexMap& out);

  // Sets `value` to the number or bool under `key`, converted; leaves it where there is none. Fails
  // where there is something else, or a number that an int32 does not hold.
  Status get(const char* key, int32_t& value) const;
  Status get(const char* key, float& value) const;
  Status get(const char* key, bool& value) const;

 private:
  // Elements of `width` bytes each, the first at `begin`.
  struct Vector {
    size_t begin = 0, count = 0;
    int32_t width = 1;
  };

  Status read_uint(size_t at, int32_t width, uint64_t& out) const;
  Status follow(size_t at, int32_t width, size_t& out) const;
  Status read_vector(size_t begin, int32_t width, Vector& out) const;
  Status find(const char* key, size_t& index, bool& is_there) const;
  Status number(const char* key, double& value) const;
  Status read_number(size_t at, int32_t width, uint8_t type, bool& is_number, double& out) const;

  Span<const uint8_t> bytes_;
  Vector keys_, values_;
};

}  // namespace octavo
