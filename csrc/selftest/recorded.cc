#include "selftest/recorded.h"

namespace octavo::selftest {
namespace {

constexpr Recorded kCases[] = {
#define RECORDED(name, model, inputs, outputs) {name, model, inputs, outputs},
#include "selftest/recorded.inc"
#undef RECORDED
};

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

}  // namespace

Bytes decode_base64(const char* base64, Span<uint8_t> to, Check& check) {
  uint32_t bits = 0;
  size_t pending = 0, size = 0;
  for (const char* c = base64; base64_digit(*c) >= 0; ++c) {
    bits = bits << 6 | static_cast<uint32_t>(base64_digit(*c));
    pending += 6;
    if (pending < 8) continue;
    pending -= 8;
    check.expect(size < to.size, "more than ", to.size, " bytes are recorded");
    if (size < to.size) to[size++] = static_cast<uint8_t>(bits >> pending);
  }
  return {to.data, size};
}

const Span<const Recorded> kRecorded = {kCases, sizeof(kCases) / sizeof(kCases[0])};

}  // namespace octavo::selftest
