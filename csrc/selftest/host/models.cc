// One model for interpreters in several threads: what its constants become is made once.
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "host/model.h"
#include "host/threads.h"
#include "kernels/select.h"
#include "runtime/interpreter.h"
#include "selftest/host/host.h"

namespace octavo::selftest {
namespace {

struct Run {
  Status status;
  std::vector<uint8_t> output;
  int64_t arena_used = 0;  // bytes
};

void run(const Model& model, const Kernels& kernels, int32_t thread_count, Run* result) {
  HeapArena arena;
  Threads threads(thread_count, /*is_eager=*/true);
  Interpreter* interpreter;
  const HostServices host = {threads.workers(), model.derived_store(), {}, {}};
  result->status =
      Interpreter::create(model.graph().subgraphs[0], kernels, host, arena, &interpreter);
  if (result->status.ok()) result->status = interpreter->prepare(/*keep_all=*/false);
  if (!result->status.ok()) return;
  for (int32_t i : interpreter->graph().inputs) {
    const Tensor& t = interpreter->tensor(i);
    auto* bytes = static_cast<uint8_t*>(t.data);
    for (int64_t j = 0; j < t.bytes(); ++j) bytes[j] = static_cast<uint8_t>(j * 37);
  }
  result->status = interpreter->invoke();
  const Tensor& out = interpreter->tensor(interpreter->graph().outputs[0]);
  const auto* bytes = static_cast<const uint8_t*>(out.data);
  result->output.assign(bytes, bytes + out.bytes());
  result->arena_used = arena.used();
}

void test_shared_model(Check& check) {
  constexpr int kThreads = 6;
  for (const Kernels* kernels : available_kernels()) {
    std::shared_ptr<const Model> model;
    const Status opened = Model::open(OCTAVO_NETWORK, &model);
    check.expect(opened.ok() && model != nullptr, OCTAVO_NETWORK, " cannot be opened");
    if (model == nullptr) return;
    Run runs[kThreads];
    std::thread threads[kThreads];
    for (int i = 0; i < kThreads; ++i) {
      threads[i] = std::thread(&run, std::cref(*model), std::cref(*kernels), 1 + i % 2, &runs[i]);
    }
    for (std::thread& t : threads) t.join();
    for (const Run& r : runs) {
      check.expect(r.status.ok(), r.status.message());
      check.expect(!r.output.empty() && r.output == runs[0].output, kernels->isa,
                   ": threads that share a model disagree");
    }
  }
}

// Without a store the same is in the interpreter's own arena.
void test_derived_is_not_in_the_arena(Check& check) {
  std::shared_ptr<const Model> model;
  check.expect(Model::open(OCTAVO_NETWORK, &model).ok(), OCTAVO_NETWORK, " cannot be opened");
  if (model == nullptr) return;
  const Kernels& kernels = *available_kernels().tables[0];
  Run with;
  run(*model, kernels, 1, &with);
  HeapArena arena;
  Interpreter* alone;
  const Status s =
      Interpreter::create(model->graph().subgraphs[0], kernels, HostServices(), arena, &alone);
  check.expect(s.ok() && alone->prepare(/*keep_all=*/false).ok(), "a model does not run alone");
  check.expect(arena.used() > with.arena_used, "an interpreter that shares takes ", with.arena_used,
               " bytes, one that does not ", arena.used());
}

// Of which each overlaps only its neighbours: looking at all of them would take a minute.
void test_plan_of_a_long_chain(Check& check) {
  constexpr int32_t kCount = 200000;
  std::vector<PlannedBuffer> buffers;
  for (int32_t i = 0; i < kCount; ++i) buffers.push_back({64 + i % 7 * 64, i, i + 1, 0});
  std::vector<int32_t> room(kCount * kPlanNumbers);
  const int64_t total = plan_memory({buffers.data(), buffers.size()}, {room.data(), room.size()});
  check.expect(total >= 13 * 64 && total <= 14 * 64, "a chain takes ", total, " bytes");
  for (int32_t i = 1; i < kCount; ++i) {
    const PlannedBuffer &a = buffers[i - 1], &b = buffers[i];
    check.expect(a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset, "buffers ",
                 i - 1, " and ", i, " overlap");
  }
}

constexpr Test kTests[] = {
    {"models: interpreters in several threads", &test_shared_model},
    {"models: what is shared", &test_derived_is_not_in_the_arena},
    {"plan: a long chain", &test_plan_of_a_long_chain},
};

}  // namespace

const Span<const Test> kModelTests = span_of(kTests);

}  // namespace octavo::selftest
