#include "graph/flexbuffer.h"

#include "base/half.h"

namespace octavo {
namespace {

// The type byte of a value: its type, and the logarithm of the width of what it refers to.
enum FlexType : uint8_t {
  kNull = 0,
  kInt = 1,
  kUInt = 2,
  kFloat = 3,
  kIndirectInt = 6,
  kIndirectUInt = 7,
  kIndirectFloat = 8,
  kMap = 9,
  kBool = 26,
};
constexpr int32_t kWidthMask = 3;

Status damaged() { return Status::failed("the options are no flexbuffer map, or a damaged one"); }

template <class To, class From>
To bits_to(From from) {
  To to;
  static_assert(sizeof(to) == sizeof(from));
  memcpy(&to, &from, sizeof(to));
  return to;
}

double float_of(uint64_t bits, int32_t width) {
  if (width == 8) return bits_to<double>(bits);
  if (width == 4) return bits_to<float>(static_cast<uint32_t>(bits));
  return to_float(Half{static_cast<uint16_t>(bits)});
}

}  // namespace

Status FlexMap::open(Span<const uint8_t> bytes, FlexMap& out) {
  out = {};
  out.bytes_ = bytes;
  // At the end: the root value, its type byte, its width.
  if (bytes.size < 3) return damaged();
  const int32_t width = bytes[bytes.size - 1];
  const uint8_t type = bytes[bytes.size - 2];
  const bool is_width = width == 1 || width == 2 || width == 4 || width == 8;
  if (!is_width || bytes.size < 2 + static_cast<size_t>(width)) return damaged();
  if (type >> 2 != kMap) return damaged();
  size_t begin = 0, keys = 0;
  OCTAVO_TRY(out.follow(bytes.size - 2 - static_cast<size_t>(width), width, begin));
  OCTAVO_TRY(out.read_vector(begin, 1 << (type & kWidthMask), out.values_));
  // Before its length a map has the place of its keys, and their width.
  const auto values_width = static_cast<size_t>(out.values_.width);
  if (begin < 3 * values_width) return damaged();
  uint64_t keys_width = 0;
  OCTAVO_TRY(out.follow(begin - 3 * values_width, out.values_.width, keys));
  OCTAVO_TRY(out.read_uint(begin - 2 * values_width, out.values_.width, keys_width));
  if (keys_width != 1 && keys_width != 2 && keys_width != 4 && keys_width != 8) return damaged();
  OCTAVO_TRY(out.read_vector(keys, static_cast<int32_t>(keys_width), out.keys_));
  // A type byte follows for each value.
  const size_t types = out.values_.begin + out.values_.count * values_width;
  const bool fits = out.keys_.count == out.values_.count && out.values_.count <= bytes.size - types;
  return fits ? Status() : damaged();
}

Status FlexMap::read_uint(size_t at, int32_t width, uint64_t& out) const {
  if (at > bytes_.size || static_cast<size_t>(width) > bytes_.size - at) return damaged();
  out = 0;
  for (int32_t i = width; i-- > 0;) out = out << 8 | bytes_[at + static_cast<size_t>(i)];
  return {};
}

// What lies as many bytes before `at` as the number there says.
Status FlexMap::follow(size_t at, int32_t width, size_t& out) const {
  uint64_t offset = 0;
  OCTAVO_TRY(read_uint(at, width, offset));
  if (offset > at) return damaged();
  out = at - static_cast<size_t>(offset);
  return {};
}

// Its length lies before it.
Status FlexMap::read_vector(size_t begin, int32_t width, Vector& out) const {
  uint64_t count = 0;
  if (begin < static_cast<size_t>(width)) return damaged();
  OCTAVO_TRY(read_uint(begin - static_cast<size_t>(width), width, count));
  if (count > (bytes_.size - begin) / static_cast<size_t>(width)) return damaged();
  out = {begin, static_cast<size_t>(count), width};
  return {};
}

Status FlexMap::find(const char* key, size_t& index, bool& is_there) const {
  const size_t length = strlen(key) + 1;  // the zero behind it too
  is_there = false;
  for (index = 0; index < keys_.count; ++index) {
    size_t text = 0;
    OCTAVO_TRY(follow(keys_.begin + index * static_cast<size_t>(keys_.width), keys_.width, text));
    if (length <= bytes_.size - text && memcmp(bytes_.data + text, key, length) == 0) {
      is_there = true;
      return {};
    }
  }
  return {};
}

Status FlexMap::read_number(size_t at, int32_t width, uint8_t type, bool& is_number,
                            double& out) const {
  const uint8_t kind = type >> 2;
  is_number = true;
  if (kind >= kIndirectInt && kind <= kIndirectFloat) {
    OCTAVO_TRY(follow(at, width, at));
    width = 1 << (type & kWidthMask);
  }
  uint64_t bits = 0;
  OCTAVO_TRY(read_uint(at, width, bits));
  const int32_t unused = 64 - 8 * width;
  switch (kind) {
    case kInt:
    case kIndirectInt:
      out = static_cast<double>(static_cast<int64_t>(bits << unused) >> unused);
      return {};
    case kUInt:
    case kIndirectUInt:
    case kBool:
      out = static_cast<double>(bits);
      return {};
    case kFloat:
    case kIndirectFloat:
      if (width == 1) return damaged();
      out = float_of(bits, width);
      return {};
    default:
      is_number = false;
      return {};
  }
}

Status FlexMap::number(const char* key, double& value) const {
  size_t index = 0;
  bool is_there = false, is_number = false;
  OCTAVO_TRY(find(key, index, is_there));
  if (!is_there) return {};
  const auto width = static_cast<size_t>(values_.width);
  const uint8_t type = bytes_[values_.begin + values_.count * width + index];
  if (type >> 2 == kNull) return {};
  OCTAVO_TRY(read_number(values_.begin + index * width, values_.width, type, is_number, value));
  return is_number ? Status() : Status::failed("option ", key, " is no number");
}

Status FlexMap::get(const char* key, int32_t& value) const {
  double real = value;
  OCTAVO_TRY(number(key, real));
  if (!(real >= INT32_MIN && real <= INT32_MAX)) {
    return Status::failed("option ", key, " is ", real, ", which an int32 does not hold");
  }
  value = static_cast<int32_t>(real);
  return {};
}

Status FlexMap::get(const char* key, float& value) const {
  double real = value;
  OCTAVO_TRY(number(key, real));
  value = static_cast<float>(real);
  return {};
}

Status FlexMap::get(const char* key, bool& value) const {
  double real = value;
  OCTAVO_TRY(number(key, real));
  value = real != 0;
  return {};
}

}  // namespace octavo
