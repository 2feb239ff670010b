#include "selftest/recorded.h"

namespace octavo::selftest {
namespace {

constexpr Recorded kCases[] = {
#define RECORDED(name, model, inputs, outputs) {name, model, inputs, outputs},
#include "selftest/recorded.inc"
#undef RECORDED
};

}  // namespace

const Span<const Recorded> kRecorded = {kCases, sizeof(kCases) / sizeof(kCases[0])};

}  // namespace octavo::selftest
