#include "reference/reverse.h"

#include <cstring>

namespace octavo::reference {

void reverse_sequence(const ReverseSequenceParams& p, const int64_t* lengths, const void* in,
                      void* out) {
  const auto* from = static_cast<const uint8_t*>(in);
  auto* to = static_cast<uint8_t*>(out);
  for (int64_t a = 0; a < p.dims[0]; ++a) {
    for (int64_t b = 0; b < p.dims[1]; ++b) {
      for (int64_t c = 0; c < p.dims[2]; ++c) {
        for (int64_t d = 0; d < p.dims[3]; ++d) {
          const int64_t i = p.batch_is_outer ? d : b, length = lengths[p.batch_is_outer ? b : d];
          const int64_t source = i < length ? length - 1 - i : i;
          const int64_t b_in = p.batch_is_outer ? b : source, d_in = p.batch_is_outer ? source : d;
          const int64_t block = ((a * p.dims[1] + b_in) * p.dims[2] + c) * p.dims[3] + d_in;
          memcpy(to, from + block * p.block_bytes, p.block_bytes);
          to += p.block_bytes;
        }
      }
    }
  }
}

}  // namespace octavo::reference
