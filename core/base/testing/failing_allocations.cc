// SPDX-License-Identifier: Apache-2.0

#include "core/base/testing/failing_allocations.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define VERALITH_SANITIZED
#endif
#endif

namespace veralith {
namespace {

constexpr size_t kMostFrames = 40;

constinit std::atomic<bool> active{false};
constinit std::atomic<uint64_t> counted{0};
constinit std::atomic<uint64_t> failed{0};
constinit std::atomic<uint64_t> first_to_fail{0};
constinit std::atomic<uint64_t> end_of_failures{0};
constinit std::atomic<uint64_t> seed{0};
constinit std::atomic<uint64_t> random_interval{0};
constinit std::span<uint64_t> sites;
constinit uintptr_t end_of_stack = 0;  // the stack of the thread that notes its sites

__attribute__((tls_model("initial-exec"))) constinit thread_local bool spared = false;

void Begin(uint64_t first, uint64_t end, uint64_t interval) {
  spared = true;
  active = false;
  counted = failed = 0;
  first_to_fail = first;
  end_of_failures = end;
  random_interval = interval;
  active = true;
}

uint64_t Mixed(uint64_t x) {  // splitmix64
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// A hash of the return addresses on the stack. Follows frame pointers, which our own code has, as
// long as they lead upwards on this stack: code without frame pointers can leave anything there.
uint64_t SiteOfCaller() {
  uint64_t site = 0;
  auto frame = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  for (size_t depth = 0; depth < kMostFrames; ++depth) {
    const auto* const words = reinterpret_cast<const uintptr_t*>(frame);
    site = Mixed(site ^ words[1]);
    if (words[0] <= frame || words[0] >= end_of_stack || words[0] % sizeof(uintptr_t) != 0) {
      break;
    }
    frame = words[0];
  }
  return site;
}

// Whether the request of this thread is refused.
bool Fails() {
  if (!active.load(std::memory_order_relaxed) || spared) [[likely]] {
    return false;
  }
  const uint64_t number = ++counted;
  if (number <= sites.size()) {
    sites[number - 1] = SiteOfCaller();
  }
  const uint64_t interval = random_interval;
  const bool fails = interval > 0 ? Mixed(seed + number) % interval == 0
                                  : number >= first_to_fail && number < end_of_failures;
  failed += fails ? 1 : 0;
  return fails;
}

}  // namespace

void SpareThisThread() { spared = true; }

void FailAllocations(uint64_t nth, uint64_t many) {
  Begin(nth, nth == 0 ? 0 : nth > kAllOfThem - many ? kAllOfThem : nth + many, 0);
}

void FailAllocationsAtRandom(uint64_t of, uint64_t interval) {
  seed = Mixed(of);
  Begin(0, 0, interval);
}

void StopFailingAllocations() { active = false; }

uint64_t AllocationsCounted() { return counted; }
uint64_t AllocationsFailed() { return failed; }

void NoteAllocationSites(std::span<uint64_t> room) {
  pthread_attr_t attributes;
  void* lowest = nullptr;
  size_t bytes = 0;
  pthread_getattr_np(pthread_self(), &attributes);
  pthread_attr_getstack(&attributes, &lowest, &bytes);
  pthread_attr_destroy(&attributes);
  end_of_stack = reinterpret_cast<uintptr_t>(lowest) + bytes - 2 * sizeof(uintptr_t);
  sites = room;
}

AllocationsCount::AllocationsCount() : before_(spared) { spared = false; }
AllocationsCount::~AllocationsCount() { spared = before_; }
AllocationsSpared::AllocationsSpared() : before_(spared) { spared = true; }
AllocationsSpared::~AllocationsSpared() { spared = before_; }

}  // namespace veralith

#ifdef VERALITH_SANITIZED

namespace {

void* New(std::size_t bytes, std::size_t alignment) {
  const std::size_t rounded = (bytes + alignment) / alignment * alignment;  // never 0
  void* const memory = veralith::Fails() ? nullptr : aligned_alloc(alignment, rounded);
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
  return memory;
}

}  // namespace

void* operator new(std::size_t bytes) { return New(bytes, alignof(std::max_align_t)); }
void* operator new[](std::size_t bytes) { return New(bytes, alignof(std::max_align_t)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return New(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return New(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { free(memory); }
void operator delete[](void* memory) noexcept { free(memory); }
void operator delete(void* memory, std::size_t) noexcept { free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { free(memory); }

#else

extern "C" {

void* __libc_malloc(size_t bytes);                      // NOLINT(bugprone-reserved-identifier)
void* __libc_calloc(size_t count, size_t bytes);        // NOLINT(bugprone-reserved-identifier)
void* __libc_realloc(void* memory, size_t bytes);       // NOLINT(bugprone-reserved-identifier)
void* __libc_memalign(size_t alignment, size_t bytes);  // NOLINT(bugprone-reserved-identifier)

static void* Refused() {
  errno = ENOMEM;
  return nullptr;
}

void* malloc(size_t bytes) { return veralith::Fails() ? Refused() : __libc_malloc(bytes); }
void* calloc(size_t count, size_t bytes) {
  return veralith::Fails() ? Refused() : __libc_calloc(count, bytes);
}
void* realloc(void* memory, size_t bytes) {
  return veralith::Fails() ? Refused() : __libc_realloc(memory, bytes);
}
void* aligned_alloc(size_t alignment, size_t bytes) {
  return veralith::Fails() ? Refused() : __libc_memalign(alignment, bytes);
}
int posix_memalign(void** memory, size_t alignment, size_t bytes) {
  *memory = veralith::Fails() ? nullptr : __libc_memalign(alignment, bytes);
  return *memory == nullptr ? ENOMEM : 0;
}
void* mmap(void* address, size_t bytes, int protection, int flags, int file, off_t offset) {
  if (veralith::Fails()) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return reinterpret_cast<void*>(
      syscall(SYS_mmap, address, bytes, protection, flags, file, offset));
}

// Not refused: what the C library requests when a thread first uses a thread_local object that has
// a destructor. Without it glibc ends the process, and no program can prevent that.
// NOLINT(bugprone-reserved-identifier).
int __cxa_thread_atexit_impl(void (*destroy)(void*), void* object, void* library) {
  using Register = int(void (*)(void*), void*, void*);
  const veralith::AllocationsSpared spared;
  static auto* const real =
      reinterpret_cast<Register*>(dlsym(RTLD_NEXT, "__cxa_thread_atexit_impl"));
  return real(destroy, object, library);
}

}  // extern "C"

#endif  // VERALITH_SANITIZED
