// NON_MAX_SUPPRESSION_V4, NON_MAX_SUPPRESSION_V5.
#include "reference/non_max_suppression.h"

#include "ops/op.h"

namespace octavo {
namespace {

using reference::Box;
using reference::Candidate;
using reference::SuppressionParams;

constexpr const char* kRoles[] = {"boxes",         "scores",          "max_output_size",
                                  "iou_threshold", "score_threshold", "soft_nms_sigma"};
constexpr int32_t kMost = 2, kIouThreshold = 3, kScoreThreshold = 4, kSigma = 5;

template <class T>
T scalar(const Step& s, size_t i) {
  return *static_cast<const T*>(s.inputs[i]->data);
}

Status select(const Step& s, Candidate* candidates, int32_t* selected, float* scores,
              int32_t* count) {
  const bool is_soft = s.inputs.size > kSigma;
  const float sigma = is_soft ? scalar<float>(s, kSigma) : 0;
  if (sigma < 0) return s.fail("soft_nms_sigma is ", sigma, ", should not be below 0");
  const SuppressionParams p = {s.inputs[0]->shape[0], scalar<int32_t>(s, kMost),
                               scalar<float>(s, kIouThreshold), scalar<float>(s, kScoreThreshold),
                               sigma};
  *count = reference::non_max_suppression(p, s.input(0), s.input(1), candidates, selected, scores);
  return {};
}

// Outputs have the length max_output_size, and zeros behind what was selected.
Status invoke_padded(const Step& s, const Workspace&) {
  const bool is_soft = s.outputs.size == 3;
  int32_t* selected = s.output(0);
  float* scores = is_soft ? s.output(1) : Data{nullptr};
  int32_t* count = s.output(is_soft ? 2 : 1);
  OCTAVO_TRY(select(s, s.scratch(0), selected, scores, count));
  for (int32_t i = *count; i < s.outputs[0]->shape[0]; ++i) {
    selected[i] = 0;
    if (is_soft) scores[i] = 0;
  }
  return {};
}

Status expect_operands(const PrepareContext& c, bool is_soft) {
  const int32_t inputs = is_soft ? 6 : 5;
  OCTAVO_TRY(c.expect_operands(inputs, inputs, is_soft ? 3 : 2));
  for (int32_t i = 0; i < inputs; ++i) {
    const DType type = i == kMost ? DType::kInt32 : DType::kFloat32;
    OCTAVO_TRY(c.expect_type(kRoles[i], c.input(i), {type}));
    const int32_t rank = i == 0 ? 2 : i == 1 ? 1 : 0;
    OCTAVO_TRY(c.expect_rank(kRoles[i], c.input(i), rank, rank));
  }
  OCTAVO_TRY(c.expect_type("selected_indices", c.output(0), {DType::kInt32}));
  if (is_soft) OCTAVO_TRY(c.expect_type("selected_scores", c.output(1), {DType::kFloat32}));
  const Shape &boxes = c.input(0).shape, &scores = c.input(1).shape;
  if (boxes[1] != 4) return c.fail("boxes have shape ", boxes, ", should have 4 columns");
  if (boxes[0] != scores[0]) {
    return c.fail("boxes have shape ", boxes, ", scores have ", scores);
  }
  return c.expect_type("valid_outputs", c.output(is_soft ? 2 : 1), {DType::kInt32});
}

// The number of boxes selected, where all is known.
Status count_selected(const PrepareContext& c, int32_t* count) {
  for (int32_t i = 0; i < c.input_count(); ++i) {
    OCTAVO_TRY(c.expect_known(kRoles[i], c.input(i)));
  }
  Span<Candidate> candidates;
  Span<int32_t> selected;
  OCTAVO_TRY(c.make_array(c.input(0).shape[0], candidates));
  OCTAVO_TRY(c.make_array(c.input(0).shape[0], selected));
  return select(c.step, candidates.data, selected.data, nullptr, count);
}

Status prepare(PrepareContext& c, bool is_soft) {
  OCTAVO_TRY(expect_operands(c, is_soft));
  const Tensor& size = c.input(kMost);
  OCTAVO_TRY(c.expect_known(kRoles[kMost], size));
  int32_t most = *static_cast<const int32_t*>(size.data);
  if (most < 0) return c.fail("max_output_size is ", most, ", should not be below 0");
  // Only a constant of the file is the length of the outputs; else they are as long as they have
  // to be.
  if (size.info->constant.empty()) OCTAVO_TRY(count_selected(c, &most));
  OCTAVO_TRY(c.set_shape(0, make_shape(most)));
  if (is_soft) OCTAVO_TRY(c.set_shape(1, make_shape(most)));
  OCTAVO_TRY(c.set_shape(is_soft ? 2 : 1, Shape()));
  c.step.invoke = &invoke_padded;
  return c.add_scratch(int64_t{c.input(0).shape[0]} * static_cast<int64_t>(sizeof(Candidate)));
}

}  // namespace

Status prepare_non_max_suppression_v4(PrepareContext& c) { return prepare(c, false); }

Status prepare_non_max_suppression_v5(PrepareContext& c) { return prepare(c, true); }

}  // namespace octavo
