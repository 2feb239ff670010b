#pragma once

#include <cstdint>

namespace octavo::reference {

// FarmHash's Fingerprint64 of `count` bytes: https://github.com/google/farmhash
uint64_t fingerprint(const uint8_t* bytes, int64_t count);

}  // namespace octavo::reference
