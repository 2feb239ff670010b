#include "host/model.h"

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <vector>

#ifndef _WIN32
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace octavo {
namespace {

#ifndef _WIN32
// Returns false with errno set when the file cannot be read. An empty file maps to an empty span.
bool map_file(const char* path, Span<const uint8_t>& out) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  struct stat info;
  bool ok = fstat(fd, &info) == 0;
  if (ok && S_ISDIR(info.st_mode)) {
    errno = EISDIR;
    ok = false;
  }
  if (ok && info.st_size > 0) {
    const auto size = static_cast<size_t>(info.st_size);
    void* p = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    ok = p != MAP_FAILED;
    if (ok) out = {static_cast<const uint8_t*>(p), size};
  }
  const int error = errno;
  close(fd);
  errno = error;
  return ok;
}
#endif

// In bytes; no limit where the system promises no more than it has. The system is asked once: that
// takes longer than all else a small block takes.
uint64_t machine_memory() {
#ifdef _WIN32
  return UINT64_MAX;
#else
  static const uint64_t bytes =
      static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return bytes;
#endif
}

}  // namespace

// calloc's pages are zero without being touched. A block begins with its size.
void* HeapArena::take(void* self, size_t bytes) {
  uint64_t& taken = static_cast<HeapArena*>(self)->taken_;
  bytes += alignof(std::max_align_t);
  if (taken + bytes > machine_memory()) return nullptr;
  auto* block = static_cast<uint8_t*>(std::calloc(bytes, 1));
  if (block == nullptr) return nullptr;
  taken += bytes;
  memcpy(block, &bytes, sizeof(bytes));
  return block + alignof(std::max_align_t);
}

void HeapArena::give_back(void* self, void* block) {
  uint8_t* start = static_cast<uint8_t*>(block) - alignof(std::max_align_t);
  size_t bytes;
  memcpy(&bytes, start, sizeof(bytes));
  static_cast<HeapArena*>(self)->taken_ -= bytes;
  std::free(start);
}

Model::~Model() {
#ifndef _WIN32
  if (is_mapped_) munmap(const_cast<uint8_t*>(file_.data), file_.size);
#endif
}

Status Model::decode(std::shared_ptr<Model> model, std::shared_ptr<const Model>* out) {
  OCTAVO_TRY(decode_model(model->file_, model->arena_, &model->graph_));
  *out = std::move(model);
  return {};
}

DerivedStore Model::derived_store() const {
  return {const_cast<Model*>(this),
          [](void* self, const DerivedKey& key, DerivedStore::Fill fill, const void* task,
             void** out) { return static_cast<const Model*>(self)->derive(key, fill, task, out); }};
}

bool Model::IsLess::operator()(const DerivedKey& a, const DerivedKey& b) const {
  static_assert(std::has_unique_object_representations_v<DerivedKey>);
  return memcmp(&a, &b, sizeof(DerivedKey)) < 0;
}

// Two interpreters that are prepared at the same time wait for each other here, so that the second
// finds what the first has made. What cannot be filled keeps its memory for the next who tries.
Status Model::derive(const DerivedKey& key, DerivedStore::Fill fill, const void* task,
                     void** out) const {
  const std::lock_guard<std::mutex> lock(derived_mutex_);
  Made& made = derived_[key];
  *out = made.memory;
  if (made.is_filled) return {};
  if (made.memory == nullptr) {
    OCTAVO_TRY(derived_arena_.allocate(key.bytes, Arena::kAlignment, out));
    made.memory = *out;
  } else {
    memset(*out, 0, static_cast<size_t>(key.bytes));
  }
  OCTAVO_TRY(fill(task, *out));
  made.is_filled = true;
  for (const TensorInfo* input : key.inputs) {
    if (input != nullptr) drop_pages(input->constant);
  }
  return {};
}

// What has been packed is hardly read again from the file. Its pages leave this process's memory;
// the system has them at hand.
void Model::drop_pages(Span<const uint8_t> bytes) const {
#ifndef _WIN32
  // What the file does not align is a copy, and the only one.
  const bool is_in_file = bytes.data >= file_.begin() && bytes.data < file_.end();
  if (!is_mapped_ || !is_in_file) return;
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t begin = reinterpret_cast<uintptr_t>(bytes.data) & ~(page - 1);
  const uintptr_t end = reinterpret_cast<uintptr_t>(bytes.end());
  madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
#else
  static_cast<void>(bytes);
#endif
}

Status Model::open(const std::string& path, std::shared_ptr<const Model>* out) {
#ifdef _WIN32
  std::FILE* f = std::fopen(path.c_str(), "rb");
  if (f == nullptr) return {};
  std::vector<uint8_t> bytes;
  uint8_t buffer[65536];
  for (size_t n; (n = std::fread(buffer, 1, sizeof(buffer), f)) > 0;) {
    bytes.insert(bytes.end(), buffer, buffer + n);
  }
  std::fclose(f);
  return copy({bytes.data(), bytes.size()}, out);
#else
  std::shared_ptr<Model> model(new Model);
  if (!map_file(path.c_str(), model->file_)) return {};
  model->is_mapped_ = !model->file_.empty();
  return decode(std::move(model), out);
#endif
}

Status Model::copy(Span<const uint8_t> bytes, std::shared_ptr<const Model>* out) {
  std::shared_ptr<Model> model(new Model);
  void* memory;
  OCTAVO_TRY(model->arena_.allocate(static_cast<int64_t>(bytes.size), Arena::kAlignment, &memory));
  if (!bytes.empty()) memcpy(memory, bytes.data, bytes.size);
  model->file_ = {static_cast<uint8_t*>(memory), bytes.size};
  return decode(std::move(model), out);
}

}  // namespace octavo
