#include "capi/octavo.h"

#include "capi/custom_ops.h"
#include "graph/graph.h"
#include "kernels/select.h"
#include "runtime/interpreter.h"

// The first thing in the caller's memory; what the network needs follows it.
struct octavo_network {
  enum class State { kBroken, kCreated, kReady };

  octavo_network(void* memory, size_t size, const octavo::Heap& heap) : arena(memory, size, heap) {}

  octavo::Arena arena;
  octavo::Interpreter* interpreter = nullptr;
  State state = State::kBroken;
  octavo::Status last_error;
};

namespace octavo {
namespace {

using State = octavo_network::State;

constexpr size_t kModelAlignment = 16;

static_assert(OCTAVO_MAX_RANK == kMaxRank);
static_assert(OCTAVO_INT8 == static_cast<int>(DType::kInt8));
static_assert(OCTAVO_UINT16 == static_cast<int>(DType::kUInt16));
static_assert(static_cast<int>(Status::Code::kOk) == OCTAVO_OK);
static_assert(static_cast<int>(Status::Code::kInvalid) == OCTAVO_INVALID);
static_assert(static_cast<int>(Status::Code::kFailed) == OCTAVO_FAILED);

octavo_status report(octavo_network& network, const Status& s) {
  if (!s.ok()) network.last_error = s;
  return static_cast<octavo_status>(s.code());
}

Status create(const void* model, size_t model_size, const octavo_options& options,
              octavo_network& network) {
  if (reinterpret_cast<uintptr_t>(model) % kModelAlignment != 0) {
    return Status::invalid(
        "the model's bytes lie ", reinterpret_cast<uintptr_t>(model) % kModelAlignment,
        " bytes after a multiple of ", kModelAlignment, ", to which they should be aligned");
  }
  const Kernels* kernels;
  OCTAVO_TRY(select_kernels(options.isa, &kernels));
  const octavo_threads& threads = options.threads;
  HostServices host;
  if (threads.count > 1 && threads.run != nullptr) {
    host.workers = Workers({threads.count, false, threads.context, threads.run, nullptr});
  }
  OCTAVO_TRY(make_custom_ops(options, network.arena, host.custom_ops));
  const Graph* graph;
  const Span<const uint8_t> file = {static_cast<const uint8_t*>(model), model_size};
  OCTAVO_TRY(decode_model(file, network.arena, &graph));
  OCTAVO_TRY(Interpreter::create(graph->subgraphs[0], *kernels, host, network.arena,
                                 &network.interpreter));
  for (int32_t i : graph->subgraphs[0].inputs) {
    const Tensor& t = network.interpreter->tensor(i);
    // The caller writes to every input.
    if (t.is_known) {
      return Status::invalid("input \"", t.info->name, "\" is a constant of the file");
    }
  }
  if (options.max_loop_iterations > 0) {
    network.interpreter->session().set_max_loop_iterations(options.max_loop_iterations);
  }
  network.state = State::kCreated;
  return {};
}

// A network that could not be created or prepared repeats its error.
Status expect_state(const octavo_network& network, State state) {
  if (network.state == state) return {};
  switch (network.state) {
    case State::kBroken:
      return network.last_error;
    case State::kCreated:
      return Status::failed("the network is not ready to run: call octavo_prepare first");
    case State::kReady:
      break;
  }
  return Status::failed("the network is prepared already: begin again with octavo_create");
}

Status resize_input(octavo_network& network, int32_t input, const int32_t* dims, int32_t rank) {
  OCTAVO_TRY(expect_state(network, State::kCreated));
  const Span<const int32_t> numbers = network.interpreter->graph().inputs;
  if (input < 0 || static_cast<size_t>(input) >= numbers.size) {
    return Status::invalid("input ", input, " is not there: the network has ", numbers.size);
  }
  if (rank < 0 || rank > kMaxRank) {
    return Status::invalid("a shape has at most ", kMaxRank, " dimensions, not ", rank);
  }
  Shape shape;
  shape.rank = rank;
  for (int32_t i = 0; i < rank; ++i) shape[i] = dims[i];
  return network.interpreter->resize_input(numbers[input], shape);
}

Status prepare(octavo_network& network) {
  OCTAVO_TRY(expect_state(network, State::kCreated));
  network.state = State::kBroken;
  OCTAVO_TRY(network.interpreter->prepare(/*keep_all=*/false));
  network.state = State::kReady;
  return {};
}

Span<const int32_t> inputs(const octavo_network& network) {
  return network.state == State::kBroken ? Span<const int32_t>{}
                                         : network.interpreter->graph().inputs;
}

Span<const int32_t> outputs(const octavo_network& network) {
  return network.state == State::kBroken ? Span<const int32_t>{}
                                         : network.interpreter->graph().outputs;
}

Status describe(const octavo_network& network, const char* role, Span<const int32_t> numbers,
                int32_t i, octavo_tensor* out) {
  if (network.state == State::kBroken) return network.last_error;
  if (i < 0 || static_cast<size_t>(i) >= numbers.size) {
    return Status::invalid(role, " ", i, " is not there: the network has ", numbers.size);
  }
  *out = c_tensor(network.interpreter->tensor(numbers[i]));
  return {};
}

Status invoke(octavo_network& network) {
  OCTAVO_TRY(expect_state(network, State::kReady));
  return network.interpreter->invoke();
}

Status reset_variables(octavo_network& network) {
  OCTAVO_TRY(expect_state(network, State::kReady));
  network.interpreter->reset_variables();
  network.interpreter->session().forget();
  return {};
}

}  // namespace
}  // namespace octavo

octavo_status octavo_create(const void* model, size_t model_size, void* memory, size_t memory_size,
                            const octavo_options* options, octavo_network** network) {
  constexpr size_t kAlignment = alignof(octavo_network);
  const size_t skipped = (0 - reinterpret_cast<uintptr_t>(memory)) % kAlignment;
  *network = nullptr;
  if (memory_size < skipped + sizeof(octavo_network)) return OCTAVO_FAILED;
  uint8_t* place = static_cast<uint8_t*>(memory) + skipped;
  const octavo_options chosen = options != nullptr ? *options : octavo_options{};
  *network = new (place)
      octavo_network(place + sizeof(octavo_network), memory_size - skipped - sizeof(octavo_network),
                     {chosen.heap.context, chosen.heap.take, chosen.heap.give_back});
  return octavo::report(**network, octavo::create(model, model_size, chosen, **network));
}

octavo_status octavo_resize_input(octavo_network* network, int32_t input, const int32_t* shape,
                                  int32_t rank) {
  return octavo::report(*network, octavo::resize_input(*network, input, shape, rank));
}

octavo_status octavo_prepare(octavo_network* network) {
  return octavo::report(*network, octavo::prepare(*network));
}

int32_t octavo_input_count(const octavo_network* network) {
  return static_cast<int32_t>(octavo::inputs(*network).size);
}

int32_t octavo_output_count(const octavo_network* network) {
  return static_cast<int32_t>(octavo::outputs(*network).size);
}

octavo_status octavo_input(octavo_network* network, int32_t input, octavo_tensor* tensor) {
  return octavo::report(
      *network, octavo::describe(*network, "input", octavo::inputs(*network), input, tensor));
}

octavo_status octavo_output(octavo_network* network, int32_t output, octavo_tensor* tensor) {
  return octavo::report(
      *network, octavo::describe(*network, "output", octavo::outputs(*network), output, tensor));
}

octavo_status octavo_invoke(octavo_network* network) {
  return octavo::report(*network, octavo::invoke(*network));
}

octavo_status octavo_reset_variables(octavo_network* network) {
  return octavo::report(*network, octavo::reset_variables(*network));
}

void octavo_release(octavo_network* network) { network->~octavo_network(); }

const char* octavo_message(const octavo_network* network) {
  if (network == nullptr) return "the memory is too small to hold even an error message";
  return network->last_error.message();
}

size_t octavo_memory_used(const octavo_network* network) {
  return sizeof(octavo_network) + static_cast<size_t>(network->arena.used());
}
