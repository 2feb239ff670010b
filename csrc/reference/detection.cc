#include "reference/detection.h"

#include "base/heap.h"
#include "base/math.h"
#include "base/sort.h"

namespace octavo::reference {
namespace {

constexpr int32_t kSuppressed = -1;

float half_size(float encoded, float scale, float anchor) {
  return static_cast<float>(0.5 * exp(double{encoded} / double{scale}) * double{anchor});
}

float centre(float encoded, float scale, float anchor_size, float anchor) {
  return static_cast<float>(double{encoded} / double{scale} * double{anchor_size} + double{anchor});
}

// Selects up to `most` boxes by falling buffers.scores, each of which overlaps no selected one too
// much. Returns how many are in buffers.selected.
int32_t suppress(const DetectionParams& p, const Box* boxes, int32_t most,
                 const DetectionBuffers& buffers) {
  const float* scores = buffers.scores;
  int32_t candidates = 0, count = 0;
  for (int32_t i = 0; i < p.boxes; ++i) {
    if (scores[i] >= p.score_threshold) buffers.order[candidates++] = i;
  }
  stable_sort(buffers.order, buffers.spare, candidates,
              [&](int32_t a, int32_t b) { return scores[a] > scores[b]; });
  for (int32_t i = 0; i < candidates && count < most; ++i) {
    const int32_t best = buffers.order[i];
    if (best == kSuppressed) continue;
    buffers.selected[count++] = best;
    for (int32_t j = i + 1; j < candidates; ++j) {
      int32_t& other = buffers.order[j];
      if (other == kSuppressed) continue;
      const float iou = intersection_over_union(boxes[best], boxes[other]);
      if (iou > p.iou_threshold) other = kSuppressed;
    }
  }
  return count;
}

int32_t first_greatest(const float* values, int32_t count) {
  int32_t best = 0;
  for (int32_t i = 1; i < count; ++i) {
    if (values[i] > values[best]) best = i;
  }
  return best;
}

// The `wanted` classes with the best scores, to the front.
void sort_labels(const float* scores, int32_t classes, int32_t wanted, int32_t* labels) {
  if (wanted == 1) {
    labels[0] = first_greatest(scores, classes);
    return;
  }
  for (int32_t i = 0; i < classes; ++i) labels[i] = i;
  partial_sort(labels, wanted, classes,
               [&](int32_t a, int32_t b) { return scores[a] > scores[b]; });
}

void write(const DetectionOutput& out, int64_t place, const Box* boxes, const Detection& d) {
  out.boxes[place] = boxes[d.box];
  out.labels[place] = static_cast<float>(d.label);
  out.scores[place] = d.score;
}

void clear(const DetectionOutput& out, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    out.boxes[i] = {};
    out.labels[i] = out.scores[i] = 0;
  }
}

}  // namespace

bool decode_boxes_f32(const DecodeBoxesParams& p, const float* encodings, const float* anchors,
                      Box* out) {
  for (int32_t i = 0; i < p.boxes; ++i) {
    const float* e = encodings + int64_t{i} * p.encoding_size;
    const float* a = anchors + int64_t{i} * 4;
    const float y = centre(e[0], p.scales.y, a[2], a[0]), x = centre(e[1], p.scales.x, a[3], a[1]);
    const float h = half_size(e[2], p.scales.h, a[2]), w = half_size(e[3], p.scales.w, a[3]);
    out[i] = {y - h, x - w, y + h, x + w};
    if (out[i].y1 > out[i].y2 || out[i].x1 > out[i].x2) return false;
  }
  return true;
}

int32_t detect_fast(const DetectionParams& p, const Box* boxes, const float* scores,
                    const DetectionBuffers& buffers, const DetectionOutput& out) {
  const auto scores_of = [&](int32_t box) {
    return scores + int64_t{box} * p.row + (p.row - p.classes);
  };
  for (int32_t i = 0; i < p.boxes; ++i) {
    buffers.scores[i] = scores_of(i)[first_greatest(scores_of(i), p.classes)];
  }
  const int32_t count = suppress(p, boxes, p.most, buffers);
  const int32_t named = min(p.each, p.classes);
  clear(out, 0, p.places);
  for (int32_t i = 0; i < count; ++i) {
    const int32_t box = buffers.selected[i];
    sort_labels(scores_of(box), p.classes, named, buffers.labels);
    for (int32_t j = 0; j < named; ++j) {
      const int32_t label = buffers.labels[j];
      write(out, int64_t{i} * p.each + j, boxes, {box, label, scores_of(box)[label]});
    }
  }
  return count;
}

int32_t detect_regular(const DetectionParams& p, const Box* boxes, const float* scores,
                       const DetectionBuffers& buffers, const DetectionOutput& out) {
  Detection *found = buffers.detections, *merged = buffers.merged;
  int32_t count = 0;
  for (int32_t label = 0; label < p.classes; ++label) {
    const float* column = scores + label + (p.row - p.classes);
    for (int32_t i = 0; i < p.boxes; ++i) buffers.scores[i] = column[int64_t{i} * p.row];
    const int32_t more = suppress(p, boxes, min(p.each, p.most), buffers);
    for (int32_t i = 0; i < more; ++i) {
      const int32_t box = buffers.selected[i];
      buffers.candidates[i] = {box, label, buffers.scores[box]};
    }
    merge(found, count, buffers.candidates, more, merged,
          [](const Detection& a, const Detection& b) { return a.score > b.score; });
    count = min(count + more, p.most);
    Detection* const newest = merged;
    merged = found;
    found = newest;
  }
  for (int32_t i = 0; i < count; ++i) write(out, i, boxes, found[i]);
  clear(out, count, p.places);
  return count;
}

}  // namespace octavo::reference
