// Where everything lies, what is said when it does not fit, and what is copied: arena, plan,
// messages, blocks.
#include <initializer_list>

#include "base/arena.h"
#include "base/math.h"
#include "reference/copy.h"
#include "runtime/plan.h"
#include "selftest/selftest.h"

namespace octavo::selftest {
namespace {

bool is_text(const Status& s, const char* text) { return Text(s.message()) == Text(text); }

void test_arena(Check& check) {
  alignas(64) static uint8_t buffer[4096];
  memset(buffer, 0xff, sizeof(buffer));
  Arena arena(buffer + 3, sizeof(buffer) - 3);
  Random random(21);
  const uint8_t* end = buffer + 3;
  int64_t sum = 0;
  for (int i = 0; i < 40; ++i) {
    const int64_t bytes = random.integer(0, 90);
    const size_t alignment = size_t{1} << random.integer(0, 6);
    void* memory = nullptr;
    const Status s = arena.allocate(bytes, alignment, &memory);
    if (!s.ok()) {
      check.expect(sum + bytes + 64 * (i + 1) > 4093, "failed too early: ", s.message());
      break;
    }
    const auto* first = static_cast<const uint8_t*>(memory);
    check.expect(first >= end, "a block overlaps the one before it");
    check.expect(first + bytes <= buffer + sizeof(buffer), "a block ends beyond the buffer");
    check.expect(reinterpret_cast<uintptr_t>(first) % alignment == 0, "a block is not aligned to ",
                 alignment);
    for (int64_t j = 0; j < bytes; ++j) check.expect(first[j] == 0, "a block is not zero");
    memset(memory, 0xff, static_cast<size_t>(bytes));
    end = first + bytes;
    sum += bytes;
    check.expect_equal<int64_t>(arena.used(), end - (buffer + 3), "used()");
  }
}

void test_arena_end(Check& check) {
  alignas(64) static uint8_t buffer[256];
  Arena arena(buffer, sizeof(buffer));
  void* memory = nullptr;
  check.expect(arena.allocate(256, 64, &memory).ok() && memory == buffer, "the whole buffer");
  const Status full = arena.allocate(1, 1, &memory);
  check.expect(is_text(full, "out of memory: 1 bytes asked for, 0 left after 256 in use"),
               full.message());
  check.expect(full.code() == Status::Code::kFailed, "out of memory is no fault of the caller");
  Arena other(buffer, sizeof(buffer));
  for (int64_t bytes : {int64_t{257}, int64_t{-1}, INT64_MIN, INT64_MAX}) {
    check.expect(!other.allocate(bytes, 1, &memory).ok(), bytes, " bytes fit into 256");
  }
  Span<int64_t> numbers;
  Random random(23);
  for (int i = 0; i < 100; ++i) {
    const int64_t count = random.integer(33, INT64_MAX) >> random.integer(0, 50);
    check.expect(count <= 32 || !other.make(count, numbers).ok(), count,
                 " numbers fit into 256 bytes");
  }
  Arena none(nullptr, 0);
  check.expect(!none.allocate(1, 1, &memory).ok(), "an arena without memory gave some");
}

// Gives four blocks at most, and takes them back.
struct Blocks {
  static constexpr size_t kBytes = 256 * 1024;

  Heap heap() {
    return {this,
            [](void* self, size_t bytes) -> void* {
              auto& b = *static_cast<Blocks*>(self);
              if (bytes > kBytes || b.given == 4) return nullptr;
              return b.memory[b.given++];
            },
            [](void* self, void*) { ++static_cast<Blocks*>(self)->returned; }};
  }

  alignas(64) uint8_t memory[4][kBytes];
  int given = 0, returned = 0;
};

void test_arena_grows(Check& check) {
  static Blocks blocks;
  blocks.given = blocks.returned = 0;
  Arena arena(nullptr, 0, blocks.heap());
  void *small, *large, *next;
  check.expect(arena.allocate(100, 64, &small).ok(), "a small block");
  check.expect(arena.allocate(200 * 1024, 64, &large).ok(), "a large block");
  check.expect(arena.allocate(100, 64, &next).ok(), "another small block");
  check.expect_equal(blocks.given, 2, "the number of blocks taken");
  check.expect(static_cast<uint8_t*>(next) == static_cast<uint8_t*>(small) + 128,
               "a large block took the place of the shared one");
  check.expect(!arena.allocate(1 << 20, 64, &next).ok(), "a block that cannot be given");
  arena.release();
  check.expect_equal(blocks.returned, 2, "the number of blocks given back");
}

void test_arenas_within(Check& check) {
  static Blocks blocks;
  blocks.given = blocks.returned = 0;
  alignas(64) static uint8_t buffer[256];
  Arena *first = nullptr, *second = nullptr;
  void* memory;
  {
    Arena arena(buffer, sizeof(buffer), blocks.heap());
    check.expect(arena.open(&first).ok() && arena.open(&second).ok(), "two arenas within");
    check.expect(arena.allocate(100, 64, &memory).ok() && memory == buffer, "the outer one's own");
    check.expect(second->allocate(100, 64, &memory).ok(), "a block of the second");
    check.expect_equal(blocks.given, 3, "the number of blocks taken");
    arena.close(first);
    check.expect_equal(blocks.returned, 1, "blocks given back with the first");
  }
  check.expect_equal(blocks.returned, 3, "blocks given back with the outer one");
  Arena firmware(buffer, sizeof(buffer));
  check.expect(!firmware.open(&first).ok(), "an arena within one that has no heap");
}

void test_status(Check& check) {
  auto expect = [&](const Status& s, const char* text) {
    check.expect(is_text(s, text), "\"", s.message(), "\" should be \"", text, "\"");
  };
  check.expect(Status().ok() && is_text(Status(), ""), "a Status is ok by default");
  check.expect(Status::invalid("x").code() == Status::Code::kInvalid, "invalid is kInvalid");
  expect(Status::invalid(INT64_MIN, " ", INT64_MAX, " ", 0, " ", uint8_t{200}),
         "-9223372036854775808 9223372036854775807 0 200");
  expect(Status::invalid(make_shape(1, 8, 8, 3), " ", Shape(), " ", DType::kInt8, " ",
                         static_cast<DType>(99)),
         "(1, 8, 8, 3) () int8 unknown");
  expect(Status::invalid(0.5, " ", -1234567.0, " ", 1.0 / 3, " ", 1e-30, " ", 1e300, " ", 0.0),
         "0.5 -1234570 0.333333 1e-30 1e300 0");
  expect(Status::invalid(1e300 * 1e300, " ", -1e300 * 1e300, " ", 0 * (1e300 * 1e300)),
         "inf -inf nan");
  static char text[2000];
  memset(text, 'a', sizeof(text) - 1);
  const Status longest = Status::failed(text, 1);
  check.expect_equal<size_t>(Text(longest.message()).size, 510, "the longest message's length");
}

// Random lifetimes: buffers that are alive together lie apart, and the whole takes no less than
// what is alive at one time, and no more than all of them side by side.
void test_plan(Check& check) {
  constexpr int kMost = 200, kSteps = 100;
  constexpr int64_t kAlignment = Arena::kAlignment;
  Random random(22);
  for (int round = 0; round < 200; ++round) {
    const int64_t longest = round % 2 == 0 ? 4 : kSteps;
    PlannedBuffer buffers[kMost];
    int32_t room[kMost * kPlanNumbers];
    const auto count = static_cast<int32_t>(random.integer(0, kMost));
    int64_t alive[kSteps] = {}, sum = 0, most_alive = 0;
    for (int32_t i = 0; i < count; ++i) {
      PlannedBuffer& b = buffers[i];
      b.bytes = random.integer(0, 3) == 0 ? 0 : random.integer(1, 5000);
      b.first = static_cast<int32_t>(random.integer(0, kSteps - 1));
      b.last = static_cast<int32_t>(
          random.integer(b.first, min(b.first + longest, int64_t{kSteps}) - 1));
      const int64_t bytes = (b.bytes + kAlignment - 1) / kAlignment * kAlignment;
      for (int32_t s = b.first; s <= b.last; ++s) alive[s] += bytes;
      sum += bytes;
    }
    for (int64_t bytes : alive) most_alive = bytes > most_alive ? bytes : most_alive;
    const int64_t total = plan_memory({buffers, static_cast<size_t>(count)}, span_of(room));
    check.expect(total >= most_alive && total <= sum, "round ", round, ": ", total,
                 " bytes, of which ", most_alive, " are alive at once and ", sum, " in all");
    for (int32_t i = 0; i < count; ++i) {
      const PlannedBuffer& a = buffers[i];
      check.expect(a.offset >= 0 && a.offset % kAlignment == 0 && a.offset + a.bytes <= total,
                   "round ", round, ": buffer ", i, " lies at ", a.offset);
      for (int32_t j = 0; j < i; ++j) {
        const PlannedBuffer& b = buffers[j];
        const bool together = a.first <= b.last && b.first <= a.last;
        const bool apart = a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset;
        check.expect(apart || !together || a.bytes == 0 || b.bytes == 0, "round ", round,
                     ": buffers ", i, " and ", j, " overlap");
      }
    }
  }
}

// Blocks of every size, close together and apart; nothing else is written.
void test_copy_blocks(Check& check) {
  constexpr int64_t kMost = 300, kApart = 7, kCount = 3;
  uint8_t in[kCount * (kMost + kApart)], out[sizeof(in)], expected[sizeof(in)];
  for (size_t i = 0; i < sizeof(in); ++i) in[i] = static_cast<uint8_t>(i * 37 + i / 256);
  for (int64_t bytes = 0; bytes <= kMost; ++bytes) {
    for (int64_t count = 0; count <= kCount; ++count) {
      const int64_t in_stride = bytes + (bytes + count) % kApart, out_stride = bytes + bytes % 3;
      memset(out, 0xee, sizeof(out));
      memset(expected, 0xee, sizeof(expected));
      reference::copy_blocks(bytes, count, in, in_stride, out, out_stride);
      for (int64_t i = 0; i < count; ++i) {
        for (int64_t j = 0; j < bytes; ++j) expected[i * out_stride + j] = in[i * in_stride + j];
      }
      check.expect(memcmp(out, expected, sizeof(out)) == 0, count, " blocks of ", bytes, " bytes");
    }
  }
}

constexpr Test kTests[] = {
    {"arena: blocks", &test_arena},          {"arena: its end", &test_arena_end},
    {"arena: grows", &test_arena_grows},     {"arena: arenas within", &test_arenas_within},
    {"status: messages", &test_status},      {"plan: random lifetimes", &test_plan},
    {"copies of blocks", &test_copy_blocks},
};

}  // namespace

const Span<const Test> kMemoryTests = {kTests, sizeof(kTests) / sizeof(kTests[0])};

}  // namespace octavo::selftest
