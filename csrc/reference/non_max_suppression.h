#pragma once

#include <cstdint>

namespace octavo::reference {

// Two opposite corners.
struct Box {
  float y1, x1, y2, x2;
};

// The area that two boxes share, of that which they cover together; 0 where one has none.
float intersection_over_union(const Box& a, const Box& b);

struct SuppressionParams {
  int32_t boxes;
  int32_t most;  // boxes to select
  float iou_threshold, score_threshold;
  float sigma;  // of soft suppression; 0: none
};

// A box that may be selected.
struct Candidate {
  int32_t index;
  float score;
  int32_t compared;  // with so many selected ones
  bool is_selected;
};

// Selects boxes by falling score, above the threshold, each of which overlaps no selected one by
// iou_threshold or more; where sigma > 0, overlaps lower its score: score *= exp(-iou^2 / (2
// sigma)). NON_MAX_SUPPRESSION_V4 and V5; Bodla et al., Soft-NMS, https://arxiv.org/abs/1704.04503.
// Returns how many, at most `most`. `candidates` has room for all boxes; `selected_scores` may be
// null.
int32_t non_max_suppression(const SuppressionParams& p, const Box* boxes, const float* scores,
                            Candidate* candidates, int32_t* selected, float* selected_scores);

}  // namespace octavo::reference
