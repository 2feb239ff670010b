// TFLite_Detection_PostProcess: what the heads of an SSD network give, as detections.
#include "reference/detection.h"

#include "ops/custom_options.h"

namespace octavo {
namespace {

using reference::AffineParams;
using reference::Box;
using reference::DecodeBoxesParams;
using reference::Detection;
using reference::DetectionBuffers;
using reference::DetectionParams;

enum Input { kEncodings, kScores, kAnchors };
enum ScratchBuffer { kReals, kBoxes, kIndices, kDetections };

struct Params {
  DecodeBoxesParams decode;
  DetectionParams detect;
  bool is_regular;  // a suppression for each class
  int64_t kept;     // detections at a time
};

template <class T>
constexpr auto kBytes = static_cast<int64_t>(sizeof(T));

// An operand as floats: itself, or its real numbers, for which `next` has room and moves on.
const float* as_floats(const Step& s, const Workspace& w, Input input, float*& next) {
  const Tensor& t = *s.inputs[input];
  if (t.type == DType::kFloat32) return s.input(input);
  const float scale = t.scale();
  const int32_t zero = t.zero_point();
  const int64_t count = t.shape.count();
  float* reals = next;
  w.kernels.dequantize_u8(AffineParams{1, 1, count, &scale, &zero}, s.input(input), reals);
  next += count;
  return reals;
}

DetectionBuffers buffers_of(const Step& s, const Params& p) {
  const int64_t boxes = p.detect.boxes;
  int32_t* indices = s.scratch(kIndices);
  Detection* detections = s.scratch(kDetections);
  return {reinterpret_cast<float*>(static_cast<Box*>(s.scratch(kBoxes)) + boxes),
          indices,
          indices + boxes,
          indices + 2 * boxes,
          indices + 3 * boxes,
          detections,
          detections + p.kept,
          detections + 2 * p.kept};
}

Status invoke_detection(const Step& s, const Workspace& w) {
  const auto& p = s.params<Params>();
  float* next = s.scratch(kReals);
  const float* encodings = as_floats(s, w, kEncodings, next);
  const float* anchors = as_floats(s, w, kAnchors, next);
  const float* scores = as_floats(s, w, kScores, next);
  Box* boxes = s.scratch(kBoxes);
  if (!reference::decode_boxes_f32(p.decode, encodings, anchors, boxes)) {
    return s.fail("a box has a negative size: its anchor has");
  }
  const auto detect = p.is_regular ? &reference::detect_regular : &reference::detect_fast;
  float* count = s.output(3);
  *count = static_cast<float>(
      detect(p.detect, boxes, scores, buffers_of(s, p), {s.output(0), s.output(1), s.output(2)}));
  return {};
}

Status expect_at_least(const PrepareContext& c, const char* option, int32_t value, int32_t least) {
  if (value >= least) return {};
  return c.fail("option ", option, " is ", value, ", should be at least ", least);
}

Status read_options(const PrepareContext& c, Params& p) {
  DetectionParams& d = p.detect;
  int32_t each_fast = 0, each_regular = 100;
  OCTAVO_TRY(read_custom_options(c, [&](const FlexMap& options) -> Status {
    OCTAVO_TRY(options.get("max_detections", d.most));
    OCTAVO_TRY(options.get("max_classes_per_detection", each_fast));
    OCTAVO_TRY(options.get("detections_per_class", each_regular));
    OCTAVO_TRY(options.get("use_regular_nms", p.is_regular));
    OCTAVO_TRY(options.get("nms_score_threshold", d.score_threshold));
    OCTAVO_TRY(options.get("nms_iou_threshold", d.iou_threshold));
    OCTAVO_TRY(options.get("num_classes", d.classes));
    OCTAVO_TRY(options.get("y_scale", p.decode.scales.y));
    OCTAVO_TRY(options.get("x_scale", p.decode.scales.x));
    OCTAVO_TRY(options.get("h_scale", p.decode.scales.h));
    return options.get("w_scale", p.decode.scales.w);
  }));
  OCTAVO_TRY(expect_at_least(c, "max_detections", d.most, p.is_regular ? 1 : 0));
  OCTAVO_TRY(expect_at_least(c, "max_classes_per_detection", each_fast, 1));
  OCTAVO_TRY(expect_at_least(c, "detections_per_class", each_regular, p.is_regular ? 1 : 0));
  OCTAVO_TRY(expect_at_least(c, "num_classes", d.classes, 1));
  if (!(d.iou_threshold > 0 && d.iou_threshold <= 1)) {
    return c.fail("option nms_iou_threshold is ", d.iou_threshold,
                  ", should be above 0 and at most 1");
  }
  // The outputs have the places of the fast way in the regular one too.
  const int64_t places = int64_t{d.most} * each_fast;
  if (places > INT32_MAX) return c.fail("has ", places, " places for detections");
  OCTAVO_TRY(c.set_shape(0, make_shape(1, places, 4)));
  OCTAVO_TRY(c.set_shape(1, make_shape(1, places)));
  OCTAVO_TRY(c.set_shape(2, make_shape(1, places)));
  OCTAVO_TRY(c.set_shape(3, make_shape(1)));
  d.places = static_cast<int32_t>(places);
  d.each = p.is_regular ? each_regular : each_fast;
  return {};
}

Status check_operands(const PrepareContext& c, Params& p) {
  OCTAVO_TRY(c.expect_operands(3, 3, 4));
  constexpr const char* kRoles[] = {"box encodings", "class predictions", "anchors"};
  for (int32_t i = 0; i < 3; ++i) {
    const Tensor& t = c.input(i);
    OCTAVO_TRY(c.expect_type(kRoles[i], t, {DType::kFloat32, DType::kUInt8}));
    OCTAVO_TRY(c.expect_rank(kRoles[i], t, i == kAnchors ? 2 : 3, i == kAnchors ? 2 : 3));
    if (t.type == DType::kUInt8) OCTAVO_TRY(c.expect_per_tensor(kRoles[i], t));
  }
  for (int32_t i = 0; i < 4; ++i) {
    OCTAVO_TRY(c.expect_type("output", c.output(i), {DType::kFloat32}));
  }
  const Tensor &encodings = c.input(kEncodings), &anchors = c.input(kAnchors);
  OCTAVO_TRY(c.expect_same_type("box encodings", encodings, "anchors", anchors));
  const Shape &e = encodings.shape, &s = c.input(kScores).shape, &a = anchors.shape;
  if (e[0] != 1 || e[2] < 4) {
    return c.fail("box encodings have shape ", e, ", should have a batch of 1 and 4 or more each");
  }
  if (s[0] != 1 || s[1] != e[1]) {
    return c.fail("class predictions have shape ", s, ", box encodings have ", e);
  }
  if (a[0] != e[1] || a[1] != 4) {
    return c.fail("anchors have shape ", a, ", should have ", e[1], " rows of 4");
  }
  p.decode.boxes = p.detect.boxes = e[1];
  p.decode.encoding_size = e[2];
  p.detect.row = s[2];
  return {};
}

}  // namespace

Status prepare_detection_post_process(PrepareContext& c, void*) {
  Params* p;
  OCTAVO_TRY(c.make_params(p));
  OCTAVO_TRY(check_operands(c, *p));
  OCTAVO_TRY(read_options(c, *p));
  DetectionParams& d = p->detect;
  if (d.row != d.classes && d.row - 1 != d.classes) {
    return c.fail("class predictions have ", d.row, " scores a box, option num_classes is ",
                  d.classes);
  }
  const int64_t boxes = d.boxes;
  int64_t reals = 0;
  for (int32_t i = 0; i < 3; ++i) {
    if (c.input(i).type == DType::kUInt8) reals += c.input(i).shape.count();
  }
  if (p->is_regular) {
    d.each = min(d.each, d.boxes);
    p->kept = min(int64_t{d.most}, boxes * d.classes) + d.each;
  }
  OCTAVO_TRY(c.add_scratch(reals * kBytes<float>));
  OCTAVO_TRY(c.add_scratch(boxes * (kBytes<Box> + kBytes<float>)));
  OCTAVO_TRY(c.add_scratch((3 * boxes + d.classes) * kBytes<int32_t>));
  OCTAVO_TRY(c.add_scratch(3 * p->kept * kBytes<Detection>));
  c.step.invoke = &invoke_detection;
  return {};
}

}  // namespace octavo
