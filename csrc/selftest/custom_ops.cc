// Operators of the caller's, through the C interface.
#include "capi/octavo.h"
#include "selftest/recorded.h"
#include "selftest/selftest.h"

namespace octavo::selftest {
namespace {

alignas(64) uint8_t model_bytes[4096];
alignas(64) uint8_t memory[64 * 1024];

constexpr char kName[] = "TFLite_Detection_PostProcess";

// What the functions below have seen, and what they are to do.
struct Seen {
  const char* complaint = nullptr;
  int32_t rank = 2;  // of output 1
  size_t scratch_bytes = 64;
  int prepared = 0, invoked = 0;
  bool is_as_expected = true;
};

void expect(Seen& seen, bool holds) { seen.is_as_expected = seen.is_as_expected && holds; }

// In the place of octavo's own operator: outputs 1 is what input 0 has in its first column.
const char* prepare_own(void* context, octavo_node* node) {
  auto& seen = *static_cast<Seen*>(context);
  ++seen.prepared;
  expect(seen, node->input_count == 3 && node->output_count == 4 && node->scratch == nullptr);
  expect(seen, node->inputs[0].data == nullptr && node->inputs[2].data != nullptr);
  expect(seen, node->inputs[0].rank == 3 && node->inputs[0].shape[1] == 6);
  expect(seen, node->options != nullptr && node->options_size > 3);
  node->outputs[1].rank = seen.rank;
  node->outputs[1].shape[0] = 6;
  node->outputs[1].shape[1] = 1;
  node->scratch_bytes = seen.scratch_bytes;
  return seen.complaint;
}

const char* invoke_own(void* context, const octavo_node* node) {
  auto& seen = *static_cast<Seen*>(context);
  ++seen.invoked;
  expect(seen, node->outputs[1].bytes == 6 * sizeof(float) && node->scratch != nullptr);
  expect(seen, reinterpret_cast<uintptr_t>(node->scratch) % 64 == 0);
  const auto* in = static_cast<const float*>(node->inputs[0].data);
  auto* out = static_cast<float*>(node->outputs[1].data);
  for (int32_t i = 0; i < 6; ++i) out[i] = in[4 * i];
  return seen.complaint;
}

octavo_status prepare_network(Seen& seen, octavo_network** network, Check& check) {
  const Recorded* recorded = nullptr;
  for (const Recorded& r : kRecorded) {
    if (strncmp(r.name, "CUSTOM ", 7) == 0 && strstr(r.name, kName) != nullptr) recorded = &r;
  }
  if (recorded == nullptr) {
    check.expect(false, "no network has a custom operator");
    return OCTAVO_FAILED;
  }
  const Bytes model = decode_base64(recorded->model, span_of(model_bytes), check);
  static octavo_custom_op op;
  op = {kName, &seen, &prepare_own, &invoke_own};
  const octavo_options options = {"portable", {}, &op, 1, {}, 0};
  const octavo_status s =
      octavo_create(model.data, model.size, memory, sizeof(memory), &options, network);
  return s == OCTAVO_OK ? octavo_prepare(*network) : s;
}

void test_the_callers_operator_runs(Check& check) {
  Seen seen;
  octavo_network* network;
  const octavo_status s = prepare_network(seen, &network, check);
  check.expect(s == OCTAVO_OK, octavo_message(network));
  octavo_tensor in, out;
  if (s != OCTAVO_OK || octavo_input(network, 0, &in) != OCTAVO_OK) return;
  for (int32_t i = 0; i < 24; ++i) static_cast<float*>(in.data)[i] = static_cast<float>(i);
  check.expect(octavo_invoke(network) == OCTAVO_OK, octavo_message(network));
  check.expect(octavo_output(network, 1, &out) == OCTAVO_OK && out.shape[0] == 6,
               "the output has another shape than the operator gave it");
  for (int32_t i = 0; i < 6; ++i) {
    const float found = static_cast<const float*>(out.data)[i];
    check.expect(found == static_cast<float>(4 * i), "output ", i, " is ", found);
  }
  check.expect(seen.is_as_expected, "the operator was told something else than expected");
  check.expect(seen.prepared == 1 && seen.invoked == 1, "the operator ran ", seen.invoked,
               " times");

  seen.complaint = "the needle is stuck";
  check.expect(octavo_invoke(network) == OCTAVO_FAILED &&
                   Text(octavo_message(network)) ==
                       Text("TFLite_Detection_PostProcess (node 0 \"y0\"): the needle is stuck"),
               octavo_message(network));
}

void test_what_it_cannot_have(Check& check) {
  const struct {
    Seen seen;
    const char* text;
  } cases[] = {
      {{"takes no boxes"}, "takes no boxes"},
      {{nullptr, 9}, "gives output 1 9 dimensions, at most 8 are possible"},
      {{nullptr, -1}, "gives output 1 -1 dimensions, at most 8 are possible"},
      {{nullptr, 2, SIZE_MAX}, "would need 68719476737 bytes of scratch memory"},
  };
  for (const auto& c : cases) {
    Seen seen = c.seen;
    octavo_network* network;
    check.expect(prepare_network(seen, &network, check) == OCTAVO_FAILED, "it was accepted");
    check.expect(strstr(octavo_message(network), c.text) != nullptr, octavo_message(network));
  }
}

constexpr Test kTests[] = {
    {"C interface: an operator of the caller's", &test_the_callers_operator_runs},
    {"C interface: what such an operator cannot have", &test_what_it_cannot_have},
};

}  // namespace

const Span<const Test> kCustomOpTests = span_of(kTests);

}  // namespace octavo::selftest
