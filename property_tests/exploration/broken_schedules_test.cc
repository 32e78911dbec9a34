// SPDX-License-Identifier: Apache-2.0

// Checks of the checks: each engine that is broken in how its threads meet (faults/broken.h)
// must be caught by exploring the ordinary programs over a whole database, within ten seconds of
// one core. Prints what caught it, after how many schedules.
//
// Each exploration runs in a process of its own: an engine that is broken may well stop it.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "core/base/testing/epoch_programs.h"
#include "core/base/testing/explorer.h"
#include "core/fs/testing/file_table_programs.h"
#include "gtest/gtest.h"
#include "model/conformance/database_world.h"
#include "property_tests/exploration/faults/broken.h"

namespace veralith {
namespace {

struct Caught {
  bool caught = false;
  std::string how;  // all that the process said
};

// Explores one program, and ends the process if it fails.
void ExploreOne(const char* name, const ExploredProgram& program, uint64_t* schedules) {
  ExploreOptions options;
  options.preemptions = 1;
  options.reduce = true;
  options.most_schedules = 4'000;
  options.most_steps = 2'000'000;
  const ExploreResult result = Explore(options, program);
  *schedules += result.schedules;
  if (result.failure.has_value()) {
    std::printf("%llu schedules in all; %s\n", static_cast<unsigned long long>(*schedules),
                result.Summary(name).c_str());
    std::fflush(stdout);
    _exit(1);
  }
  std::printf("%llu schedules passed; ", static_cast<unsigned long long>(*schedules));
  std::fflush(stdout);
}

// Explores the programs one after the other, as the tests of schedules do, until one fails.
void ExploreAll() {
  uint64_t schedules = 0;
  ExploreOne("reads at a thread's end", ReadsAtAThreadsEnd(), &schedules);
  ExploreOne("two files of a table of one", ReadTwoFilesOfATableOfOne(), &schedules);
  for (const DatabaseProgram& program : DatabasePrograms()) {
    ExploreOne(program.name, WholeRun(program), &schedules);
  }
  _exit(0);
}

Caught InAProcessOfItsOwn(const char* hazard) {
  std::fflush(stdout);
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    BreakEngine(hazard);
    ExploreAll();
  }
  close(ends[1]);
  Caught caught;
  char buffer[4096];
  for (ssize_t got; (got = read(ends[0], buffer, sizeof(buffer))) > 0;) {
    caught.how.append(buffer, static_cast<size_t>(got));
  }
  close(ends[0]);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  caught.caught = status != 0;
  return caught;
}

class BrokenSchedules : public ::testing::TestWithParam<const char*> {};

TEST_P(BrokenSchedules, AreCaughtByExploringTheWholeDatabase) {
  const auto start = std::chrono::steady_clock::now();
  const Caught caught = InAProcessOfItsOwn(GetParam());
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("hazard %s: %.2f s: %s\n", GetParam(), seconds, caught.how.c_str());
  EXPECT_TRUE(caught.caught);
  EXPECT_LT(seconds, 10);
}

// P5: memtables and segments pinned one after the other. P6: the visible timestamp loaded before
// the pin. P7: a cache of rows filled after an invalidation. W1: a memtable frozen while a leader
// fills it. W2_VISIBLE: a batch visible before all of it is applied. E2Reader: a file closed while
// it is read. E7: a thread that ends goes on with the place for its guards that it gave back.
INSTANTIATE_TEST_SUITE_P(Hazards, BrokenSchedules,
                         ::testing::Values("P5", "P6", "P7", "W1_FREEZE", "W2_VISIBLE", "E2Reader",
                                           "E7"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace veralith
