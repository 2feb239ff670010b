#include "reference/windows.h"

#include <cstring>

namespace octavo::reference {
namespace {

template <class Index>
void gather(const WindowsParams& p, int32_t element_bytes, const void* operand,
            const Index* indices, void* out) {
  const auto bytes = static_cast<size_t>(element_bytes);
  const int64_t count = p.elements.count();
  for (int64_t i = 0; i < count; ++i) {
    const int64_t place = window_place(p, indices, i, /*is_moved_back=*/true);
    memcpy(static_cast<uint8_t*>(out) + i * element_bytes,
           static_cast<const uint8_t*>(operand) + place * element_bytes, bytes);
  }
}

}  // namespace

void gather_windows_s32(const WindowsParams& p, int32_t element_bytes, const void* operand,
                        const int32_t* indices, void* out) {
  gather(p, element_bytes, operand, indices, out);
}
void gather_windows_s64(const WindowsParams& p, int32_t element_bytes, const void* operand,
                        const int64_t* indices, void* out) {
  gather(p, element_bytes, operand, indices, out);
}

}  // namespace octavo::reference
