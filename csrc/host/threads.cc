#include "host/threads.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

#ifndef _WIN32
#include <unistd.h>
#endif
#if defined(_MSC_VER) && defined(_M_X64)
#include <intrin.h>
#endif

namespace octavo {
namespace {

// A thread without work looks for some for so long before it sleeps: longer than most steps that
// run on one thread, and than what a program does between two invokes.
constexpr std::chrono::microseconds kSpin{200};

// Whoever waits looks so often, several microseconds, before it lets other threads have its CPU:
// what it waits for may want to run there.
constexpr int kPatience = 64;

void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(_MSC_VER) && defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__) && defined(__GNUC__)
  asm volatile("yield");
#else
  std::this_thread::yield();
#endif
}

int64_t process_id() {
#ifdef _WIN32
  return 0;  // there is no fork
#else
  return getpid();
#endif
}

}  // namespace

// A job is a number of parts. Whoever wants one decrements the count of those left; job number and
// count are one word, so that a thread which comes late cannot take a part of the next job by
// mistake. The caller waits only for parts that others have taken.
class Pool {
 public:
  // The process's pool with at least `threads` threads if they can be had, the caller's included;
  // null while somebody else has it.
  static Pool* acquire(int32_t threads);
  void release() { is_taken_.store(false, std::memory_order_release); }

  void run(int32_t parts, Workers::Part part, const void* task);

 private:
  struct alignas(64) Helper {
    std::atomic<bool> is_asleep{false};
    std::mutex mutex;
    std::condition_variable wake;
  };
  struct Job {
    Workers::Part part;
    const void* task;
    int32_t parts;
  };

  static std::atomic<Pool*> current_;

  explicit Pool(int64_t process) : process_(process) {}

  void grow(int32_t threads);
  [[noreturn]] void serve(Helper& helper, int32_t worker);
  bool has_work(int32_t worker) const;
  bool find_work(int32_t worker) const;
  int32_t take_parts(int32_t worker);
  void sleep(Helper& helper, int32_t worker);
  static void wake(Helper& helper);

  const int64_t process_;
  std::atomic<bool> is_taken_{false};

  // The rest is changed by who has taken the pool.
  std::vector<std::unique_ptr<Helper>> helpers_;
  std::atomic<int32_t> limit_{1};               // workers from this number on do nothing
  Job job_ = {};                                // changed while no part is left
  alignas(64) std::atomic<uint64_t> state_{0};  // the job's number << 32 | parts left
  alignas(64) std::atomic<int32_t> done_{0};    // parts, by helpers
};

std::atomic<Pool*> Pool::current_{nullptr};

// Pools are never freed: their threads may wait in them until the process ends.
Pool* Pool::acquire(int32_t threads) {
  Pool* pool = current_.load(std::memory_order_acquire);
  const int64_t process = process_id();
  if (pool == nullptr || pool->process_ != process) {
    auto* fresh = new (std::nothrow) Pool(process);
    if (fresh == nullptr) return nullptr;
    if (current_.compare_exchange_strong(pool, fresh, std::memory_order_acq_rel)) {
      pool = fresh;
    } else {
      delete fresh;  // another thread was faster
    }
  }
  if (pool->is_taken_.exchange(true, std::memory_order_acquire)) return nullptr;
  pool->grow(threads);
  pool->limit_.store(threads, std::memory_order_relaxed);
  return pool;
}

// As far as the system lets it: fewer threads compute the same.
void Pool::grow(int32_t threads) try {
  while (static_cast<int32_t>(helpers_.size()) + 1 < threads) {
    auto helper = std::make_unique<Helper>();
    Helper& h = *helper;
    helpers_.push_back(std::move(helper));
    try {
      const auto worker = static_cast<int32_t>(helpers_.size());
      std::thread([this, &h, worker] { serve(h, worker); }).detach();
    } catch (const std::system_error&) {
      helpers_.pop_back();
      return;
    }
  }
} catch (const std::bad_alloc&) {
}

void Pool::run(int32_t parts, Workers::Part part, const void* task) {
  job_ = {part, task, parts};
  done_.store(0, std::memory_order_relaxed);
  const uint64_t number = (state_.load(std::memory_order_relaxed) >> 32) + 1;
  state_.store(number << 32 | static_cast<uint32_t>(parts));
  const int32_t wanted = std::min(parts, limit_.load(std::memory_order_relaxed)) - 1;
  const auto helpers = std::min(wanted, static_cast<int32_t>(helpers_.size()));
  for (int32_t i = 0; i < helpers; ++i) wake(*helpers_[static_cast<size_t>(i)]);
  const int32_t others = parts - take_parts(0);
  for (int i = 1; done_.load(std::memory_order_acquire) != others; ++i) {
    i % kPatience != 0 ? relax() : std::this_thread::yield();
  }
}

// Runs parts until none is left and returns how many they were.
int32_t Pool::take_parts(int32_t worker) {
  int32_t taken = 0;
  uint64_t state = state_.load(std::memory_order_acquire);
  for (;;) {
    const auto left = static_cast<uint32_t>(state);
    if (left == 0 || worker >= limit_.load(std::memory_order_relaxed)) return taken;
    if (!state_.compare_exchange_weak(state, state - 1, std::memory_order_acq_rel,
                                      std::memory_order_acquire)) {
      continue;
    }
    // From here to the last part's end run() does not return: the job is what it was.
    job_.part(job_.task, job_.parts - static_cast<int32_t>(left), worker);
    ++taken;
    state = state_.load(std::memory_order_acquire);
  }
}

void Pool::serve(Helper& helper, int32_t worker) {
  for (;;) {
    if (!find_work(worker)) sleep(helper, worker);
    const int32_t taken = take_parts(worker);
    if (taken > 0) done_.fetch_add(taken, std::memory_order_release);
  }
}

bool Pool::has_work(int32_t worker) const {
  return static_cast<uint32_t>(state_.load()) > 0 && worker < limit_.load();
}

bool Pool::find_work(int32_t worker) const {
  using Clock = std::chrono::steady_clock;
  for (const auto end = Clock::now() + kSpin; Clock::now() < end;) {
    for (int i = 0; i < kPatience; ++i) {
      if (has_work(worker)) return true;
      relax();
    }
    std::this_thread::yield();
  }
  return false;
}

// Sleeper and waker each write one word and then read the other's, both sequentially consistent, so
// that one of them sees what the other wrote.
void Pool::sleep(Helper& helper, int32_t worker) {
  std::unique_lock<std::mutex> lock(helper.mutex);
  helper.is_asleep.store(true);
  if (has_work(worker)) helper.is_asleep.store(false);
  helper.wake.wait(lock, [&] { return !helper.is_asleep.load(); });
}

void Pool::wake(Helper& helper) {
  if (!helper.is_asleep.load()) return;
  {
    const std::lock_guard<std::mutex> lock(helper.mutex);
    helper.is_asleep.store(false);
  }
  helper.wake.notify_one();
}

Workers Threads::workers() {
  if (count_ == 1) return Workers();
  return Workers({count_, is_eager_, this,
                  [](void* self, int32_t parts, Workers::Part part, const void* task) {
                    static_cast<Threads*>(self)->run(parts, part, task);
                  },
                  [](void* self) { static_cast<Threads*>(self)->release(); }});
}

void Threads::run(int32_t parts, Workers::Part part, const void* task) {
  if (pool_ == nullptr) pool_ = Pool::acquire(count_);
  if (pool_ != nullptr) return pool_->run(parts, part, task);
  Workers().run(parts, part, task);
}

void Threads::release() {
  if (pool_ != nullptr) pool_->release();
  pool_ = nullptr;
}

}  // namespace octavo
