#include "ops/dynamic_range.h"

#include "base/math.h"

namespace octavo {
namespace {

struct Range {
  float least, greatest;
};

int64_t bytes_of(const InputRanges& r) {
  return r.rows * r.size * static_cast<int64_t>(sizeof(float));
}

// Into how many chunks a row is cut to find its range.
int32_t chunks_of(const InputRanges& r, const Workers& workers) {
  const int32_t parts = workers.parts_for(bytes_of(r), kLeastBytes, INT32_MAX);
  return static_cast<int32_t>(clamp<int64_t>(parts / r.rows, 1, parts));
}

}  // namespace

Status add_range_scratch(PrepareContext& c, const InputRanges& r) {
  if (r.rows == 0) return {};
  OCTAVO_TRY(c.add_scratch(r.rows * static_cast<int64_t>(sizeof(reference::RowQuantization))));
  return c.add_scratch(r.rows * chunks_of(r, c.workers) * static_cast<int64_t>(sizeof(Range)));
}

reference::RowQuantization* find_ranges(const Step& s, const Workspace& w, const InputRanges& r,
                                        const float* in) {
  if (r.rows == 0) return nullptr;
  reference::RowQuantization* quantization = s.scratch(1);
  Range* ranges = s.scratch(2);
  const int32_t chunks = chunks_of(r, w.workers);
  const auto parts = static_cast<int32_t>(r.rows * chunks);
  const bool is_small = w.workers.parts_for(bytes_of(r), kLeastBytes, parts) == 1;
  (is_small ? Workers() : w.workers).for_each(parts, [&](int32_t part, int32_t) {
    const int64_t row = part / chunks, chunk = part % chunks;
    const int64_t first = r.size * chunk / chunks, end = r.size * (chunk + 1) / chunks;
    w.kernels.range_f32(end - first, in + row * r.size + first, &ranges[part].least,
                        &ranges[part].greatest);
  });
  for (int64_t row = 0; row < r.rows; ++row) {
    Range whole = ranges[row * chunks];
    for (int32_t chunk = 1; chunk < chunks; ++chunk) {
      whole.least = min(whole.least, ranges[row * chunks + chunk].least);
      whole.greatest = max(whole.greatest, ranges[row * chunks + chunk].greatest);
    }
    quantization[row] = reference::quantization_of_range(whole.least, whole.greatest, r.asymmetric);
  }
  return quantization;
}

}  // namespace octavo
