// What a host has and a microcontroller has not: a heap under the arena, files in memory.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/arena.h"
#include "graph/graph.h"

namespace octavo {

// An arena that takes blocks from the heap as it grows and frees them at its end. It refuses to
// grow beyond the machine's memory: systems promise more than they have, and a damaged file may ask
// for any amount.
class HeapArena : public Arena {
 public:
  HeapArena() : Arena(nullptr, 0, &HeapArena::grow, this) {}
  ~HeapArena();

 private:
  static void* grow(void* context, size_t bytes);

  std::vector<void*> blocks_;
  uint64_t taken_ = 0;  // bytes
};

// A decoded model file, immutable, shared by interpreters.
class Model {
 public:
  // Maps the file into memory. On failure to open it errno is set and `*out` stays null with an ok
  // Status.
  static Status open(const std::string& path, std::shared_ptr<const Model>* out);
  // Copies the bytes.
  static Status copy(Span<const uint8_t> bytes, std::shared_ptr<const Model>* out);
  ~Model();

  const Graph& graph() const { return *graph_; }
  Span<const uint8_t> file() const { return file_; }

 private:
  Model() = default;
  static Status decode(std::shared_ptr<Model> model, std::shared_ptr<const Model>* out);

  HeapArena arena_;
  Span<const uint8_t> file_;
  bool is_mapped_ = false;
  const Graph* graph_ = nullptr;
};

}  // namespace octavo
