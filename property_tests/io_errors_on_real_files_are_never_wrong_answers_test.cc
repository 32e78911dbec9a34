// SPDX-License-Identifier: Apache-2.0

// DESIGN promise 7, Never wrong, over the POSIX file system and real files: "an I/O error gives
// that error. ... A failed background job keeps its inputs ... and can be resumed. After a failed
// write or sync of log or manifest nothing is acknowledged until the database is reopened."
//
// Beneath unchanged production code the Nth call of the machine itself fails (failing_calls.h), for
// every N until none is left, once and from then on. That runs in a whole life of a database, from
// creation over writes, flush, compaction and checkpoint to another opening. Every answer is right
// or an error. Once the machine works again, the database opens and is whole. Syncs that succeed do
// not wait for the disk: no power cut follows, and nothing could tell the difference.
#include <cstdio>
#include <string>

#include "core/base/text.h"
#include "core/fs/testing/failing_calls.h"
#include "core/fs/testing/temporary_directory.h"
#include "gtest/gtest.h"
#include "property_tests/life.h"

namespace veralith::model {
namespace {

Options SmallOptions() {
  Options options;
  options.random_seed = 7;
  options.write_buffer_bytes = 4096;
  options.cache_bytes = 0;
  options.key_page_bytes = options.value_page_bytes = 256;
  options.target_segment_bytes = 4096;
  return options;
}

// A life on real files.
class LifeOnFiles {
 public:
  ~LifeOnFiles() { SetFailingCalls({}); }

  void Fail(const std::string& plan) {
    SetFailingCalls(
        {.directory = root_.path(), .faults = *ParseFaultPlan(plan), .skip_syncs = true});
  }
  void Disturb() {
    SetFailingCalls(
        {.directory = root_.path(), .interrupt = true, .shorten = true, .skip_syncs = true});
  }
  bool AllSucceeded() const { return life_.AllSucceeded(); }
  Difference Run() { return life_.Run(); }
  Difference Heal() {
    Fail("");
    return life_.Heal();
  }

 private:
  TemporaryDirectory root_;
  Life::Machine machine_;
  Life life_{root_.path(), SmallOptions(), &machine_};
};

// Fails every Nth call that the plan matches, until a run meets none. From then on: every third N.
void Sweep(const std::string& call, const std::string& effect) {
  int lives = 0;
  for (const std::string how_long : {"", "+"}) {
    for (uint64_t nth = 1;; nth += how_long.empty() ? 1 : 3, ++lives) {
      LifeOnFiles life;
      const std::string plan = StrCat(call, "@#", nth, how_long, "=", effect);
      life.Fail(plan);
      ASSERT_EQ(life.Run(), Agree()) << plan;
      const bool met = CallsFailed() > 0;
      ASSERT_EQ(life.Heal(), Agree()) << plan;
      if (!met) {
        ASSERT_GT(nth, 1u) << "no call of the machine's was watched";
        break;
      }
    }
  }
  std::printf("%s %s: %d lives with a failing call\n", call.c_str(), effect.c_str(), lives);
}

TEST(RealFilesThatFail, AnyCallWithAnIoError) { Sweep("any", "eio"); }
TEST(RealFilesThatFail, AnyAppendThatIsShortOnAFullDisk) { Sweep("append", "short_space"); }
TEST(RealFilesThatFail, AnyAppendThatHappensAndIsSaidToFail) { Sweep("append", "late"); }
TEST(RealFilesThatFail, AnyCreationOnAFullDisk) { Sweep("create", "enospc"); }
TEST(RealFilesThatFail, AnySyncThatHappensAndIsSaidToFail) { Sweep("sync", "late"); }
TEST(RealFilesThatFail, AnyRenameThatHappensAndIsSaidToFail) { Sweep("rename", "late"); }

// The machine interrupts calls and shortens transfers: the caller sees nothing of it.
TEST(RealFilesThatFail, InterruptedAndShortCallsAreNoFailures) {
  LifeOnFiles life;
  life.Disturb();
  ASSERT_EQ(life.Run(), Agree());
  ASSERT_TRUE(life.AllSucceeded());
  ASSERT_GT(CallsWatched(), 100u);
  ASSERT_EQ(life.Heal(), Agree());
}

}  // namespace
}  // namespace veralith::model
