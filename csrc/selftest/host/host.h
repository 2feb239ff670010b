// The test of what a host adds: threads, models shared by them. It runs under sanitizers, which
// Python does not.
#pragma once

#include "selftest/selftest.h"

namespace octavo::selftest {

extern const Span<const Test> kThreadTests, kModelTests;

// What it costs to split a step between two threads that are awake, the median of many.
double barrier_microseconds();

}  // namespace octavo::selftest
