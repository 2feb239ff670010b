#pragma once

#include <cstdint>

#include "reference/non_max_suppression.h"

namespace octavo::reference {

// A box by its centre and size, relative to an anchor's.
struct BoxScales {
  float y, x, h, w;
};

struct DecodeBoxesParams {
  int32_t boxes;
  int32_t encoding_size;  // numbers a box, of which the first four count: y, x, h, w
  BoxScales scales;
};

// y = e.y / scales.y * anchor.h + anchor.y; half of the height: exp(e.h / scales.h) * anchor.h / 2;
// likewise x and the width. In double, rounded to float before centre and half are added. False
// where a box has its lower corner above the upper one: its anchor has a negative size.
bool decode_boxes_f32(const DecodeBoxesParams& p, const float* encodings, const float* anchors,
                      Box* out);

struct DetectionParams {
  int32_t boxes;
  int32_t classes;
  int32_t row;          // scores a box: those of the classes, and of the background before them
  int32_t most;         // detections
  int32_t places;       // for them in the output: n
  int32_t each;         // fast: classes that a detection names; regular: detections of a class
  float iou_threshold;  // in (0, 1]: boxes that overlap more are the same
  float score_threshold;
};

// One box, seen as one class.
struct Detection {
  int32_t box, label;
  float score;
};

// Memory that detection needs besides its operands.
struct DetectionBuffers {
  float* scores;                                // [boxes]
  int32_t *order, *spare, *selected;            // [boxes]
  int32_t* labels;                              // [classes]
  Detection *detections, *merged, *candidates;  // [regular: most + each]
};

// The detections of TFLite_Detection_PostProcess, by falling score; equals by box. Output: boxes
// [n][4], labels [n], scores [n]; a label counts from the first class behind the background.
struct DetectionOutput {
  Box* boxes;
  float *labels, *scores;
};

// One suppression for all classes, by each box's best score; each detection has `each` places, for
// its best classes. Returns the number of detections; the other places hold 0.
int32_t detect_fast(const DetectionParams& p, const Box* boxes, const float* scores,
                    const DetectionBuffers& buffers, const DetectionOutput& out);

// One suppression for each class; of equal scores the first class comes first. Of all their
// detections, those with the best scores.
int32_t detect_regular(const DetectionParams& p, const Box* boxes, const float* scores,
                       const DetectionBuffers& buffers, const DetectionOutput& out);

}  // namespace octavo::reference
