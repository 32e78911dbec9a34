// SPDX-License-Identifier: Apache-2.0

#include "property_tests/life_without_memory.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/base/testing/failing_allocations.h"
#include "core/fs/testing/temporary_directory.h"
#include "property_tests/life.h"

// Replaces the C library's; nothing here waits for the disk.
extern "C" int fsync(int) { return 0; }
extern "C" int fdatasync(int) { return 0; }

namespace veralith::model {
namespace {

constexpr unsigned kMostSeconds = 60;  // for a life that takes milliseconds
constexpr size_t kMostAllocations = 1'000'000;

class Machine final : public Life::Machine {
 public:
  void BeginCall() override { count_.emplace(); }
  void EndCall() override { count_.reset(); }
  // Lack of memory is no damage, no absence, and nobody's wrong argument.
  Difference Judge(const absl::Status& error) override {
    switch (error.code()) {
      case absl::StatusCode::kResourceExhausted:
      case absl::StatusCode::kFailedPrecondition:  // after a write that failed halfway
        return Agree();
      default:
        return "an error of another kind: " + ToString(error);
    }
  }

 private:
  std::optional<AllocationsCount> count_;
};

// Needs memory of its own for what it is told, in calls of the engine.
class Listening final : public Listener {
 public:
  void OnFlushEnd(const FlushEvent& event) override { heard_ += ToString(event.status); }
  void OnCompactionEnd(const CompactionEvent& event) override { heard_ += event.reason; }
  void OnBackgroundError(const BackgroundErrorEvent& event) override {
    heard_ += ToString(event.status);
  }

 private:
  std::string heard_;
};

Options SmallOptions() {
  Options options;
  options.random_seed = 7;
  options.write_buffer_bytes = 4096;
  options.cache_bytes = 2048;  // some pages stay, others leave
  options.key_page_bytes = options.value_page_bytes = 256;
  options.target_segment_bytes = 4096;
  options.upper_codec = Codec::kLz4;
  options.bottom_codec = Codec::kZstd;
  options.min_free_bytes = 0;
  options.listeners = {std::make_shared<Listening>()};
  return options;
}

// What a child tells its parent.
struct Result {
  bool met;
  char wrong[4000];
};

std::string Ending(int status) {
  if (WIFSIGNALED(status)) {
    return WTERMSIG(status) == SIGALRM ? "it hangs"
                                       : "it ends by signal " + std::to_string(WTERMSIG(status));
  }
  return WEXITSTATUS(status) == 0 ? "" : "it exits with " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

Difference LiveWithoutMemory(const FailingAllocation& failing) {
  TemporaryDirectory root;
  Machine machine;
  Life life(root.path(), SmallOptions(), &machine);
  FailAllocations(failing.nth, failing.many);
  Difference wrong = life.Run();
  StopFailingAllocations();
  VERALITH_RETURN_IF_DIFFERENT(std::move(wrong));
  if (failing.nth == 0 && !life.AllSucceeded()) {
    return "a call failed, and no allocation did";
  }
  return life.Heal();
}

Difference LiveWithoutMemoryApart(const FailingAllocation& failing, bool* met) {
  void* const shared =
      mmap(nullptr, sizeof(Result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  VERALITH_CHECK(shared != MAP_FAILED);
  auto* const result = static_cast<Result*>(shared);
  std::fflush(stdout);
  const pid_t child = fork();
  VERALITH_CHECK(child >= 0);
  if (child == 0) {
    alarm(kMostSeconds);
    const std::string wrong = LiveWithoutMemory(failing).words();
    result->met = AllocationsFailed() > 0;
    std::snprintf(result->wrong, sizeof(result->wrong), "%s", wrong.c_str());
    _exit(0);
  }
  int status = 0;
  VERALITH_CHECK(waitpid(child, &status, 0) == child);
  const std::string wrong = Ending(status) + result->wrong;
  *met = result->met || !wrong.empty();
  munmap(shared, sizeof(Result));
  return wrong.empty() ? Agree() : wrong;
}

std::vector<uint64_t> AllocationSites() {
  std::vector<uint64_t> sites(kMostAllocations);
  NoteAllocationSites(sites);
  const Difference wrong = LiveWithoutMemory({});
  NoteAllocationSites({});
  VERALITH_CHECK(wrong.agrees());
  sites.resize(AllocationsCounted());
  return sites;
}

}  // namespace veralith::model
