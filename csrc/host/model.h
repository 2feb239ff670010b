// What a host has and a microcontroller has not: a heap under the arena, files in memory.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/arena.h"
#include "graph/graph.h"
#include "ops/derived.h"

namespace octavo {

// An arena that takes blocks from the heap as it grows and frees them at its end. It refuses to
// grow beyond the machine's memory: systems promise more than they have, and a damaged file may ask
// for any amount.
class HeapArena : public Arena {
 public:
  HeapArena() : Arena(nullptr, 0, {this, &take, &give_back}) {}
  ~HeapArena() { release(); }

 private:
  static void* take(void* self, size_t bytes);
  static void give_back(void* self, void* block);

  uint64_t taken_ = 0;  // bytes
};

// A decoded model file, immutable, shared by interpreters, with what they make of its constants.
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

  // For interpreters that do not outlive the model.
  DerivedStore derived_store() const;

 private:
  struct Made {
    void* memory = nullptr;
    bool is_filled = false;
  };
  struct IsLess {
    bool operator()(const DerivedKey& a, const DerivedKey& b) const;
  };

  Model() = default;
  static Status decode(std::shared_ptr<Model> model, std::shared_ptr<const Model>* out);
  Status derive(const DerivedKey& key, DerivedStore::Fill fill, const void* task, void** out) const;
  void drop_pages(Span<const uint8_t> bytes) const;

  HeapArena arena_;
  Span<const uint8_t> file_;
  bool is_mapped_ = false;
  const Graph* graph_ = nullptr;

  mutable std::mutex derived_mutex_;
  mutable HeapArena derived_arena_;
  mutable std::map<DerivedKey, Made, IsLess> derived_;
};

}  // namespace octavo
