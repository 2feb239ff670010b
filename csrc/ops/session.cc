#include "ops/session.h"

namespace octavo {
namespace {

constexpr int32_t kMostVariables = 1 << 14;  // they are searched one after the other

}  // namespace

Status Session::find_variable(Text container, Text name, int32_t* number) {
  Variable** link = &first_;
  int32_t i = 0;
  for (; *link != nullptr; link = &(*link)->next, ++i) {
    *number = i;
    if ((*link)->container == container && (*link)->name == name) return {};
  }
  if (i == kMostVariables) return Status::failed("a network has at most ", i, " variables");
  *number = i;
  OCTAVO_TRY(memory_.make(*link));
  (*link)->container = container;
  (*link)->name = name;
  return {};
}

Variable* Session::variable(int32_t number) const {
  Variable* v = number < 0 ? nullptr : first_;
  for (int32_t i = 0; v != nullptr && i < number; ++i) v = v->next;
  return v;
}

// A value that keeps growing doubles its room, so that all it ever had is no more than twice that.
Status Session::reserve(Variable& v, int64_t bytes) {
  if (bytes <= v.capacity) return {};
  const int64_t capacity = v.capacity == 0 || bytes > 2 * v.capacity ? bytes : 2 * v.capacity;
  void* data;
  OCTAVO_TRY(memory_.allocate(capacity, Arena::kAlignment, &data));
  if (v.is_assigned) memcpy(data, v.data, static_cast<size_t>(v.capacity));
  v.data = data;
  v.capacity = capacity;
  return {};
}

Status Session::set_subgraph_count(size_t count) {
  return has_run_.size == count ? Status() : memory_.make(static_cast<int64_t>(count), has_run_);
}

void Session::forget() {
  for (Variable* v = first_; v != nullptr; v = v->next) v->is_assigned = false;
  for (bool& has_run : has_run_) has_run = false;
}

}  // namespace octavo
