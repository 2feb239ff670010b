#include "base/status.h"

namespace octavo {

void Message::add(Text text) {
  const size_t room = capacity_ - 1 - used_;
  const size_t n = text.size < room ? text.size : room;
  memcpy(buffer_ + used_, text.data, n);
  used_ += n;
  buffer_[used_] = 0;
}

void Message::add_integer(int64_t value) {
  char digits[20];
  size_t n = sizeof(digits);
  uint64_t magnitude = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  do {
    digits[--n] = static_cast<char>('0' + magnitude % 10);
    magnitude /= 10;
  } while (magnitude != 0);
  if (value < 0) digits[--n] = '-';
  add(Text(digits + n, sizeof(digits) - n));
}

void Message::add(const Shape& shape) {
  add("(");
  for (int32_t i = 0; i < shape.rank; ++i) {
    if (i > 0) add(", ");
    add_integer(shape[i]);
  }
  add(")");
}

void Message::add(double value) {
  if (value != value) return add("nan");
  if (value < 0) {
    add("-");
    value = -value;
  }
  if (value > 1.7e308) return add("inf");
  int exponent = 0;
  while (value >= 1e6) value /= 10, ++exponent;
  while (value != 0 && value < 1e5) value *= 10, --exponent;
  // Six digits as an integer, trailing zeros dropped, then an exponent where one is needed.
  auto digits = static_cast<int64_t>(value + 0.5);
  while (digits != 0 && digits % 10 == 0) digits /= 10, ++exponent;
  if (exponent >= 0 && exponent < 7) {
    for (; exponent > 0; --exponent) digits *= 10;
    return add_integer(digits);
  }
  int places = -exponent;  // after the point
  if (places < 0 || places > 9) {
    places = 0;
    for (int64_t rest = digits; rest >= 10; rest /= 10) ++places;
  }
  int64_t unit = 1;
  for (int i = 0; i < places; ++i) unit *= 10;
  add_integer(digits / unit);
  if (places > 0) add(".");
  for (int64_t rest = digits % unit; unit > 1; rest %= unit) {
    unit /= 10;
    add_integer(rest / unit);
  }
  if (places + exponent != 0) {
    add("e");
    add_integer(places + exponent);
  }
}

}  // namespace octavo
