// The pool of threads: every part runs once, on one thread at a time as each worker, whoever asks
// at the same time.
#include "host/threads.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "host/octavo_host.h"
#include "selftest/host/host.h"

namespace octavo::selftest {
namespace {

// One step: `runs` counts each part's, `busy` the threads that are each worker.
struct Task {
  static constexpr int32_t kMostParts = 40, kMostWorkers = 8;

  void run(const Workers& workers, int32_t parts) {
    for (int32_t i = 0; i < parts; ++i) runs[i] = 0;
    workers.for_each(parts, [&](int32_t part, int32_t worker) {
      if (worker < 0 || worker >= workers.count() || busy[worker].exchange(true)) {
        ++faults;
        return;
      }
      ++runs[part];  // no atomic: that run returns after all parts is what is tested
      for (int i = 0; i < part % 8 * 50; ++i) spent = spent + 1;
      busy[worker] = false;
    });
    for (int32_t i = 0; i < parts; ++i) faults += runs[i] != 1;
  }

  int32_t runs[kMostParts] = {};
  std::atomic<bool> busy[kMostWorkers] = {};
  std::atomic<int> spent{0}, faults{0};
};

void test_jobs(Check& check) {
  constexpr int kCallers = 3, kRounds = 300;
  int faults[kCallers] = {};
  std::thread callers[kCallers];
  for (int c = 0; c < kCallers; ++c) {
    callers[c] = std::thread([c, &faults] {
      Random random(static_cast<uint64_t>(c) + 31);
      Task task;
      for (int round = 0; round < kRounds; ++round) {
        Threads threads(static_cast<int32_t>(random.integer(1, Task::kMostWorkers)));
        const Workers workers = threads.workers();
        for (int64_t steps = random.integer(1, 10); steps > 0; --steps) {
          task.run(workers, static_cast<int32_t>(random.integer(0, Task::kMostParts)));
        }
        workers.release();
        if (random.integer(0, 50) == 0) {  // long enough for threads to go to sleep
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
      }
      faults[c] = task.faults;
    });
  }
  for (int c = 0; c < kCallers; ++c) {
    callers[c].join();
    check.expect_equal(faults[c], 0, "the count of parts that did not run once, as one worker,");
  }
}

// Who has the pool keeps it until it releases it; another's step runs on its own thread meanwhile.
void test_pool_is_taken(Check& check) {
  Threads first(2), second(2);
  const Workers owner = first.workers(), other = second.workers();
  auto ran_alone = [](const Workers& workers) {
    const auto caller = std::this_thread::get_id();
    std::atomic<bool> alone{true};
    workers.for_each(50, [&](int32_t, int32_t) {
      if (std::this_thread::get_id() != caller) alone = false;
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    });
    return alone.load();
  };
  check.expect(!ran_alone(owner), "no second thread took any of 50 parts");
  check.expect(ran_alone(other), "a pool served two at the same time");
  owner.release();
  check.expect(!ran_alone(other), "a pool that was released did not serve");
  other.release();
}

void test_parts(Check& check) {
  Threads two(2);
  const Workers one, workers = two.workers();
  check.expect_equal(one.parts_for(int64_t{1} << 40, 1, 100), 1, "parts for one thread");
  check.expect_equal(workers.parts_for(0, kLeastMacs, 100), 1, "parts of no work");
  check.expect_equal(workers.parts_for(2 * kLeastMacs - 1, kLeastMacs, 100), 1, "parts of little");
  check.expect_equal(workers.parts_for(3 * kLeastMacs, kLeastMacs, 100), 3, "parts of some work");
  check.expect_equal(workers.parts_for(3 * kLeastMacs, kLeastMacs, 2), 2, "parts of two rows");
  check.expect_equal(workers.parts_for(int64_t{1} << 40, kLeastMacs, 100), 4, "parts of much");
}

void test_c_interface(Check& check) {
  const octavo_threads threads = octavo_process_threads(3);
  std::atomic<int> runs{0}, faults{0};
  const Workers workers({threads.count, false, threads.context, threads.run, nullptr});
  for (int round = 0; round < 100; ++round) {
    workers.for_each(20, [&](int32_t, int32_t worker) {
      ++runs;
      faults += worker < 0 || worker >= 3;
    });
  }
  check.expect(runs == 2000 && faults == 0, runs.load(), " parts of 2000 ran, ", faults.load(),
               " on workers that are not there");
}

constexpr Test kTests[] = {
    {"threads: jobs of several callers", &test_jobs},
    {"threads: who has the pool", &test_pool_is_taken},
    {"threads: how many parts", &test_parts},
    {"threads: for the C interface", &test_c_interface},
};

}  // namespace

const Span<const Test> kThreadTests = span_of(kTests);

// Each of the two parts waits for the other to begin, so that two threads really take them.
double barrier_microseconds() {
  using Clock = std::chrono::steady_clock;
  Threads threads(2);
  const Workers workers = threads.workers();
  std::vector<double> times(4001);
  for (double& t : times) {
    std::atomic<int> begun{0};
    const auto begin = Clock::now();
    workers.for_each(2, [&](int32_t, int32_t) {
      ++begun;
      for (int i = 0; begun < 2; ++i) {
        if (i > 10000) std::this_thread::yield();
      }
    });
    t = std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
  }
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

}  // namespace octavo::selftest
