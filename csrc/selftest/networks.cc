// Whole networks through the C interface, in static memory.
#include <cstdlib>

#include "base/math.h"
#include "capi/octavo.h"
#include "runtime/interpreter.h"
#include "selftest/recorded.h"
#include "selftest/selftest.h"
#include "selftest/vector_state.h"

namespace octavo::selftest {
namespace {

alignas(64) uint8_t model_bytes[4096], input_bytes[4096], output_bytes[4096];
alignas(64) uint8_t memory[64 * 1024];

constexpr octavo_options kPortableAlone = {"portable", {}, nullptr, 0, {}, 0};

// A heap that forgets all blocks when the last one is given back.
struct StaticHeap {
  static constexpr size_t kAlignment = alignof(max_align_t);

  static void* take(void* self, size_t bytes) {
    auto& heap = *static_cast<StaticHeap*>(self);
    if (bytes > sizeof(heap.memory) - heap.used) return nullptr;
    uint8_t* block = heap.memory + heap.used;
    heap.used += (bytes + kAlignment - 1) / kAlignment * kAlignment;
    ++heap.blocks;
    memset(block, 0, bytes);
    return block;
  }
  static void give_back(void* self, void*) {
    auto& heap = *static_cast<StaticHeap*>(self);
    if (--heap.blocks == 0) heap.used = 0;
  }

  alignas(kAlignment) uint8_t memory[512 * 1024];
  size_t used, blocks;
};

StaticHeap static_heap;

// The recorded bytes that belong to the next tensor; none where there are too few.
Bytes take(Bytes& bytes, size_t size) {
  if (bytes.size < size) return {};
  const Bytes head = {bytes.data, size};
  bytes = {bytes.data + size, bytes.size - size};
  return head;
}

float float_at(const void* data, size_t i) {
  float f;
  memcpy(&f, static_cast<const uint8_t*>(data) + i * sizeof(f), sizeof(f));
  return f;
}

void feed(Bytes& inputs, int32_t input, void* data, size_t size, Check& check) {
  const Bytes bytes = take(inputs, size);
  check.expect(bytes.size == size, "input ", input, " takes ", size, " bytes");
  memcpy(data, bytes.data, bytes.size);
}

// Integers to the bit, floats within 1e-5 of the tensor's peak.
void compare(Bytes& outputs, int32_t output, const void* data, size_t size, bool is_float,
             Check& check) {
  const Bytes expected = take(outputs, size);
  check.expect(expected.size == size, "output ", output, " has ", size, " bytes");
  if (expected.size != size) return;
  if (!is_float) {
    const auto* found = static_cast<const uint8_t*>(data);
    size_t i = 0;
    while (i < size && found[i] == expected.data[i]) ++i;
    check.expect(i == size, "output ", output, " differs in byte ", i);
    return;
  }
  const size_t count = size / sizeof(float);
  double peak = 0;
  for (size_t i = 0; i < count; ++i) {
    const double x = float_at(expected.data, i);
    peak = max(peak, x < 0 ? -x : x);
  }
  for (size_t i = 0; i < count; ++i) {
    const float found = float_at(data, i), wanted = float_at(expected.data, i);
    if (found != found && wanted != wanted) continue;  // not a number, both
    const double difference = double{found} - wanted;
    check.expect(difference <= 1e-5 * peak && difference >= -1e-5 * peak, "output ", output,
                 ", element ", i, " is ", found, ", should be ", wanted);
  }
}

void expect_used_up(const Bytes& inputs, const Bytes& outputs, Check& check) {
  check.expect(inputs.size == 0 && outputs.size == 0, inputs.size, " bytes of input and ",
               outputs.size, " of output too many");
}

void test_allocations_are_counted(Check& check) {
  const int64_t before = allocation_count();
  void* volatile block = std::malloc(1);
  std::free(block);
  int* volatile number = new int(1);
  delete number;
  check.expect(before < 0 || allocation_count() >= before + 2, "two allocations went unnoticed");
}

// Three workers without threads: the parts of a step may run in any order.
void run_in_any_order(void*, int32_t parts, Workers::Part part, const void* task) {
  for (int32_t i = parts; i-- > 0;) part(task, i, i % 3);
}

// Any amount of memory is either enough or an error; what octavo_memory_used says is enough.
void test_too_little_memory(Check& check) {
  const Bytes model = decode_base64(kRecorded[0].model, span_of(model_bytes), check);
  octavo_network* network;
  size_t enough = 0;
  for (size_t size = 0; size <= sizeof(memory) && enough == 0; size += 4) {
    octavo_status status =
        octavo_create(model.data, model.size, memory, size, &kPortableAlone, &network);
    check.expect((network == nullptr) <= (status == OCTAVO_FAILED), "a null network without error");
    if (status == OCTAVO_OK) status = octavo_prepare(network);
    if (status == OCTAVO_OK) {
      enough = octavo_memory_used(network);
      check.expect(enough <= size && enough + 16 > size, enough, " bytes used, ", size, " enough");
    } else {
      check.expect(status == OCTAVO_FAILED && *octavo_message(network) != 0, "no message");
    }
  }
  check.expect(enough > 0, "no amount of memory was enough");
}

void test_misuse(Check& check) {
  const Bytes model = decode_base64(kRecorded[0].model, span_of(model_bytes), check);
  octavo_network* network;
  octavo_tensor t;
  auto expect = [&](octavo_status found, octavo_status status, const char* text) {
    check.expect(found == status && Text(octavo_message(network)) == Text(text),
                 "the message is \"", octavo_message(network), "\", should be \"", text, "\"");
  };
  expect(
      octavo_create(model.data + 4, model.size, memory, sizeof(memory), &kPortableAlone, &network),
      OCTAVO_INVALID,
      "the model's bytes lie 4 bytes after a multiple of 16, to which they should be aligned");
  expect(octavo_prepare(network), OCTAVO_INVALID,
         "the model's bytes lie 4 bytes after a multiple of 16, to which they should be aligned");
  check.expect(octavo_input_count(network) == 0, "a broken network has inputs");
  const octavo_options unknown = {"z80", {}, nullptr, 0, {}, 0};
  check.expect(octavo_create(model.data, model.size, memory, sizeof(memory), &unknown, &network) ==
                   OCTAVO_INVALID,
               "kernels of a Z80 are there");
  expect(octavo_create(model.data, 0, memory, sizeof(memory), &kPortableAlone, &network),
         OCTAVO_INVALID, "the model file is empty");

  check.expect(octavo_create(model.data, model.size, memory, sizeof(memory), &kPortableAlone,
                             &network) == OCTAVO_OK &&
                   *octavo_message(network) == 0,
               octavo_message(network));
  expect(octavo_invoke(network), OCTAVO_FAILED,
         "the network is not ready to run: call octavo_prepare first");
  expect(octavo_input(network, 1, &t), OCTAVO_INVALID, "input 1 is not there: the network has 1");
  expect(octavo_output(network, -1, &t), OCTAVO_INVALID,
         "output -1 is not there: the network has 1");
  const int32_t shape[] = {2, 3};
  expect(octavo_resize_input(network, 0, shape, 9), OCTAVO_INVALID,
         "a shape has at most 8 dimensions, not 9");
  check.expect(octavo_resize_input(network, 0, shape, 2) == OCTAVO_OK, octavo_message(network));
  check.expect(octavo_prepare(network) == OCTAVO_OK, octavo_message(network));
  check.expect(octavo_output(network, 0, &t) == OCTAVO_OK && t.rank == 2 && t.shape[0] == 2 &&
                   t.shape[1] == 3 && t.bytes == 24,
               "the output did not take the new shape");
  expect(octavo_resize_input(network, 0, shape, 2), OCTAVO_FAILED,
         "the network is prepared already: begin again with octavo_create");
  check.expect(octavo_reset_variables(network) == OCTAVO_OK, octavo_message(network));
}

constexpr Test kTests[] = {
    {"heap: allocations are counted", &test_allocations_are_counted},
    {"C interface: too little memory", &test_too_little_memory},
    {"C interface: misuse", &test_misuse},
};

void expect_clean_registers(void* check, const Step& step) {
  static_cast<Check*>(check)->expect(!has_dirty_upper_halves(), NodeLabel(step).text,
                                     "leaves upper halves of vector registers in use");
}

void run_recorded(const Recorded& r, const Kernels& kernels, const Workers& workers, Check& check) {
  const Bytes model = decode_base64(r.model, span_of(model_bytes), check);
  Bytes inputs = decode_base64(r.inputs, span_of(input_bytes), check);
  Bytes outputs = decode_base64(r.outputs, span_of(output_bytes), check);
  Arena arena(memory, sizeof(memory), {&static_heap, &StaticHeap::take, &StaticHeap::give_back});
  const Graph* graph;
  Interpreter* interpreter;
  Status status = decode_model({model.data, model.size}, arena, &graph);
  if (status.ok()) {
    status = Interpreter::create(graph->subgraphs[0], kernels, {workers, {}, {}, {}}, arena,
                                 &interpreter);
  }
  if (status.ok()) status = interpreter->prepare(/*keep_all=*/false);
  if (!status.ok()) return check.expect(false, status.message());
  for (int32_t i : interpreter->graph().inputs) {
    const Tensor& t = interpreter->tensor(i);
    feed(inputs, i, t.data, static_cast<size_t>(t.bytes()), check);
  }
  const Observer observer = {&expect_clean_registers, &check};
  status = interpreter->invoke(&observer);
  check.expect(status.ok(), status.message());
  for (int32_t i : interpreter->graph().outputs) {
    const Tensor& t = interpreter->tensor(i);
    const bool is_float = t.type == DType::kFloat32 || t.type == DType::kComplex64;
    compare(outputs, i, t.data, static_cast<size_t>(t.bytes()), is_float, check);
  }
  expect_used_up(inputs, outputs, check);
}

void run_recorded(const Recorded& r, const octavo_options& options, Check& check) {
  const Bytes model = decode_base64(r.model, span_of(model_bytes), check);
  Bytes inputs = decode_base64(r.inputs, span_of(input_bytes), check);
  Bytes outputs = decode_base64(r.outputs, span_of(output_bytes), check);
  const int64_t allocations = allocation_count();
  octavo_network* network;
  octavo_status status =
      octavo_create(model.data, model.size, memory, sizeof(memory), &options, &network);
  if (status == OCTAVO_OK) status = octavo_prepare(network);
  if (status != OCTAVO_OK) return check.expect(false, octavo_message(network));
  for (int32_t i = 0; i < octavo_input_count(network); ++i) {
    octavo_tensor t;
    check.expect(octavo_input(network, i, &t) == OCTAVO_OK, octavo_message(network));
    feed(inputs, i, t.data, t.bytes, check);
  }
  check.expect(octavo_invoke(network) == OCTAVO_OK, octavo_message(network));
  for (int32_t i = 0; i < octavo_output_count(network); ++i) {
    octavo_tensor t;
    check.expect(octavo_output(network, i, &t) == OCTAVO_OK, octavo_message(network));
    const bool is_float = t.type == OCTAVO_FLOAT32 || t.type == OCTAVO_COMPLEX64;
    compare(outputs, i, t.data, t.bytes, is_float, check);
  }
  expect_used_up(inputs, outputs, check);
  octavo_release(network);
  check.expect_equal<size_t>(static_heap.blocks, 0, "the count of blocks not given back");
  check.expect_equal(allocation_count(), allocations, "the count of heap allocations");
}

}  // namespace

const Span<const Test> kCapiTests = {kTests, sizeof(kTests) / sizeof(kTests[0])};

void run_recorded(const Recorded& r, Check& check) {
  const octavo_heap heap = {&static_heap, &StaticHeap::take, &StaticHeap::give_back};
  run_recorded(r, {"portable", {}, nullptr, 0, heap, 0}, check);
  run_recorded(r, {nullptr, {3, nullptr, &run_in_any_order}, nullptr, 0, heap, 0}, check);
  run_recorded(r, {nullptr, {}, nullptr, 0, heap, 0}, check);
}

void run_recorded(const Recorded& r, const Kernels& kernels, Check& check) {
  run_recorded(r, kernels, Workers(), check);
  run_recorded(r, kernels, Workers({3, true, nullptr, &run_in_any_order, nullptr}), check);
}

}  // namespace octavo::selftest
