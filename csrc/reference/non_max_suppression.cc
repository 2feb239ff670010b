#include "reference/non_max_suppression.h"

#include "base/heap.h"
#include "base/math.h"

namespace octavo::reference {
namespace {

struct Corners {
  float bottom, left, top, right;
};

Corners corners(const Box& b) {
  return {min(b.y1, b.y2), min(b.x1, b.x2), max(b.y1, b.y2), max(b.x1, b.x2)};
}

bool scores_less(const Candidate& a, const Candidate& b) { return a.score < b.score; }

// Lowers the candidate's score by its overlaps with those selected since it was compared last.
// False where it overlaps one too much.
bool compare(const SuppressionParams& p, const Box* boxes, const int32_t* selected, int32_t count,
             Candidate& c) {
  const float scale = p.sigma > 0 ? -0.5f / p.sigma : 0.0f;
  for (int32_t i = count; i-- > c.compared && c.score > p.score_threshold;) {
    const float iou = intersection_over_union(boxes[c.index], boxes[selected[i]]);
    if (iou >= p.iou_threshold) return false;
    if (p.sigma > 0) c.score *= static_cast<float>(exp(scale * iou * iou));
  }
  c.compared = count;
  return true;
}

}  // namespace

float intersection_over_union(const Box& a, const Box& b) {
  const Corners p = corners(a), q = corners(b);
  const float p_area = (p.top - p.bottom) * (p.right - p.left);
  const float q_area = (q.top - q.bottom) * (q.right - q.left);
  if (p_area <= 0 || q_area <= 0) return 0;
  const float height = max(min(p.top, q.top) - max(p.bottom, q.bottom), 0.0f);
  const float width = max(min(p.right, q.right) - max(p.left, q.left), 0.0f);
  const float shared = height * width;
  const float covered = p_area + q_area - shared;
  return covered == 0 ? 0 : shared / covered;
}

int32_t non_max_suppression(const SuppressionParams& p, const Box* boxes, const float* scores,
                            Candidate* candidates, int32_t* selected, float* selected_scores) {
  int64_t waiting = 0;
  for (int32_t i = 0; i < p.boxes; ++i) {
    if (!(scores[i] > p.score_threshold)) continue;
    candidates[waiting++] = {i, scores[i], 0, false};
    push_heap(candidates, waiting, &scores_less);
  }
  int32_t count = 0;
  while (waiting > 0 && count < p.most) {
    pop_heap(candidates, waiting, &scores_less);
    Candidate& best = candidates[--waiting];
    const float before = best.score;
    if (best.is_selected || !compare(p, boxes, selected, count, best)) continue;
    if (best.score == before) {
      selected[count] = best.index;
      if (selected_scores != nullptr) selected_scores[count] = best.score;
      best.is_selected = true;
      ++count;
    }
    // Selected ones too wait until they come up again: it decides which of equals is next.
    if (best.score > p.score_threshold) push_heap(candidates, ++waiting, &scores_less);
  }
  return count;
}

}  // namespace octavo::reference
