#include "host/profile.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "host/model.h"

namespace octavo {
namespace {

using Clock = std::chrono::steady_clock;

// A kernel that is in no list is to be noted and listed below: all but isa and dot_loop_s8.
#define KERNEL(name) +1
#define PRODUCT(form) +1
constexpr size_t kListedKernels = 0
#include "kernels/kernels.inc"
#include "kernels/products.inc"
    ;
#undef KERNEL
#undef PRODUCT
constexpr size_t kOtherKernels = 2;
static_assert(sizeof(Kernels) == sizeof(void*) * (kListedKernels + kOtherKernels + 2));

// A copy of a table in which every function notes its name before it does its work. Functions of a
// table have no context, so that what they need is found by the thread that runs them.
class TracingTable {
 public:
  explicit TracingTable(const Kernels& original);
  ~TracingTable() { current_ = nullptr; }
  TracingTable(const TracingTable&) = delete;

  const Kernels& table() const { return table_; }
  // The names noted since the last call.
  std::vector<const char*> take_names() { return std::exchange(names_, {}); }

 private:
  static const Kernels& noted(const char* name) {
    std::vector<const char*>& names = current_->names_;
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    return current_->original_;
  }

  static thread_local TracingTable* current_;

  const Kernels& original_;
  Kernels table_;
#define PRODUCT(form) Product product_##form##_;
#include "kernels/products.inc"
#undef PRODUCT
  std::vector<const char*> names_;
};

thread_local TracingTable* TracingTable::current_ = nullptr;

TracingTable::TracingTable(const Kernels& original) : original_(original), table_(original) {
  current_ = this;
#define KERNEL(name) table_.name = [](auto... arguments) { noted(#name).name(arguments...); };
#include "kernels/kernels.inc"
#undef KERNEL
#define PRODUCT(form)                                                                        \
  if (original.product_##form != nullptr) {                                                  \
    Product& product = product_##form##_;                                                    \
    product = *original.product_##form;                                                      \
    product.gemm.image.convert = [](auto... arguments) {                                     \
      noted("image_" #form).product_##form->gemm.image.convert(arguments...);                \
    };                                                                                       \
    product.depthwise.image.convert = [](auto... arguments) {                                \
      noted("image_" #form).product_##form->depthwise.image.convert(arguments...);           \
    };                                                                                       \
    product.gemm.run = [](auto... arguments) {                                               \
      noted("gemm_" #form).product_##form->gemm.run(arguments...);                           \
    };                                                                                       \
    product.depthwise.run = [](auto... arguments) {                                          \
      noted("depthwise_" #form).product_##form->depthwise.run(arguments...);                 \
    };                                                                                       \
    if (product.direct_depthwise.run != nullptr) {                                           \
      product.direct_depthwise.run = [](auto... arguments) {                                 \
        noted("direct_depthwise_" #form).product_##form->direct_depthwise.run(arguments...); \
      };                                                                                     \
    }                                                                                        \
    table_.product_##form = &product;                                                        \
  }
#include "kernels/products.inc"
#undef PRODUCT
  if (original.linear_sum_8 != nullptr) {
    table_.linear_sum_8 = [](auto... arguments) {
      noted("linear_sum_8").linear_sum_8(arguments...);
    };
  }
  if (original.compare_thresholds_8 != nullptr) {
    table_.compare_thresholds_8 = [](auto... arguments) {
      noted("compare_thresholds_8").compare_thresholds_8(arguments...);
    };
  }
}

}  // namespace

Status time_steps(Interpreter& interpreter, std::vector<StepTime>& times) {
  struct Context {
    std::vector<StepTime>& times;
    Clock::time_point last;
  } context{times, {}};
  const Observer observer{[](void* p, const Step& step) {
                            auto& c = *static_cast<Context*>(p);
                            const Clock::time_point now = Clock::now();
                            const std::chrono::nanoseconds passed = now - c.last;
                            c.times.push_back({step.index, step.chained, passed.count()});
                            c.last = now;
                          },
                          &context};
  times.clear();
  times.reserve(interpreter.graph().nodes.size);
  context.last = Clock::now();
  return interpreter.invoke(&observer);
}

Status find_step_kernels(const Interpreter& interpreter, const Kernels& kernels, bool keep_all,
                         std::vector<StepKernels>& steps) {
  const Subgraph& graph = interpreter.graph();
  TracingTable tracing(kernels);
  HeapArena arena;
  Interpreter* second;
  HostServices host;
  host.custom_ops = interpreter.host().custom_ops;
  // As many workers make the same steps; all of them are this thread, which finds the table.
  const Workers& workers = interpreter.host().workers;
  Workers::Pool pool;
  pool.count = workers.count();
  pool.is_eager = workers.is_eager();
  host.workers = Workers(pool);
  OCTAVO_TRY(Interpreter::create(graph, tracing.table(), host, arena, &second));
  for (int32_t i : graph.inputs) {
    if (interpreter.tensor(i).is_known) continue;
    OCTAVO_TRY(second->resize_input(i, interpreter.tensor(i).shape));
  }
  OCTAVO_TRY(second->prepare(keep_all));
  for (int32_t i : graph.inputs) {
    const Tensor& from = interpreter.tensor(i);
    if (from.is_known || from.bytes() == 0) continue;
    memcpy(second->tensor(i).data, from.data, static_cast<size_t>(from.bytes()));
  }
  tracing.take_names();  // what ran while preparing
  steps.clear();
  struct Context {
    TracingTable& tracing;
    std::vector<StepKernels>& steps;
  } context{tracing, steps};
  const Observer observer{[](void* p, const Step& step) {
                            auto& c = *static_cast<Context*>(p);
                            c.steps.push_back({step.index, c.tracing.take_names()});
                          },
                          &context};
  return second->invoke(&observer);
}

std::vector<TableEntry> table_entries(const Kernels& kernels) {
  std::vector<TableEntry> entries;
#define KERNEL(name) entries.push_back({#name, kernels.name != &reference::name});
#include "kernels/kernels.inc"
#undef KERNEL
#define PRODUCT(form)                                              \
  if (kernels.product_##form != nullptr) {                         \
    entries.push_back({"image_" #form, true});                     \
    entries.push_back({"gemm_" #form, true});                      \
    if (kernels.product_##form->depthwise.run != nullptr) {        \
      entries.push_back({"depthwise_" #form, true});               \
    }                                                              \
    if (kernels.product_##form->direct_depthwise.run != nullptr) { \
      entries.push_back({"direct_depthwise_" #form, true});        \
    }                                                              \
  }
#include "kernels/products.inc"
#undef PRODUCT
  if (kernels.linear_sum_8 != nullptr) entries.push_back({"linear_sum_8", true});
  if (kernels.compare_thresholds_8 != nullptr) entries.push_back({"compare_thresholds_8", true});
  return entries;
}

double time_dot_loop(const Kernels& kernels, int64_t rounds) {
  const Clock::time_point start = Clock::now();
  const int64_t macs = kernels.dot_loop_s8(rounds);
  const std::chrono::duration<double, std::nano> passed = Clock::now() - start;
  return static_cast<double>(macs) / passed.count();
}

}  // namespace octavo
