// SPDX-License-Identifier: Apache-2.0

// "After any crash the database equals the state after some prefix of the commit order that
// contains every write acknowledged as synced and everything before it." (DESIGN 1.6) When only the
// process dies, what it had given to the operating system stays: every acknowledged commit
// survives, synced or not, and every commit is whole or absent. Real processes, the real file
// system.
//
// VERALITH_SEED=<n> draws other moments.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/fs/testing/temporary_directory.h"
#include "gtest/gtest.h"
#include "veralith/db.h"

namespace veralith {
namespace {

constexpr int kKeysPerCommit = 4;
constexpr rlim_t kFileSizeLimit = 200'000;

Options SmallOptions() {
  Options options;
  options.write_buffer_bytes = 32 << 10;  // flushes and compactions all the time
  options.target_segment_bytes = 32 << 10;
  options.level_base_bytes = 128 << 10;
  return options;
}

std::string CommitKey(uint64_t n, int i) { return StrCat("commit/", 1'000'000'000 + n, "/", i); }

// Commit n: kKeysPerCommit keys of its own, and as many that every commit overwrites.
WriteBatch CommitBatch(uint64_t n) {
  WriteBatch batch;
  for (int i = 0; i < kKeysPerCommit; ++i) {
    batch.Put(CommitKey(n, i), StrCat(n));
    batch.Put(StrCat("latest/", i), StrCat(n));
  }
  return batch;
}

struct WriterKind {
  bool limited = false;   // in how large its files may be
  bool maps_log = false;  // Options::map_log
};

void Say(const std::string& line) {
  const std::string text = line + "\n";
  if (::write(STDOUT_FILENO, text.data(), text.size()) < 0) {
    ::_exit(3);
  }
}

// The writing process: commits from `first` on until it is killed or gets an error, and reports
// each commit that was acknowledged.
int RunWriter(const std::string& directory, uint64_t first, const WriterKind& kind) {
  Options options = SmallOptions();
  options.map_log = kind.maps_log;
  if (kind.limited) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{kFileSizeLimit, kFileSizeLimit};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    options.write_buffer_bytes = 64 << 20;  // so that the log is what grows
  }
  absl::StatusOr<std::unique_ptr<Db>> db = Db::Open(directory, options);
  if (!db.ok()) {
    Say("error " + ToString(db.status()));
    return 2;
  }
  for (uint64_t n = first;; ++n) {
    const SyncMode sync = n % 16 == 0 ? SyncMode::kCommit : SyncMode::kManual;
    const absl::Status status = (*db)->Write({.sync = sync}, CommitBatch(n)).status();
    if (!status.ok()) {
      Say("error " + ToString(status));
      (*db)->Close().IgnoreError();
      return 2;
    }
    Say(StrCat(n));
  }
}

// A writing process and what it reports.
class Writer {
 public:
  Writer(const std::string& directory, uint64_t first, const WriterKind& kind) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::close(ends[0]);
      ::close(ends[1]);
      ::execl("/proc/self/exe", "writer", "--writer", directory.c_str(), StrCat(first).c_str(),
              kind.limited ? "limited" : "", kind.maps_log ? "maps-log" : "", nullptr);
      ::_exit(4);
    }
    ::close(ends[1]);
    said_ = ::fdopen(ends[0], "r");
  }
  ~Writer() { std::fclose(said_); }

  // Reads the next line; returns false if the process has ended.
  bool Read(std::string* line) {
    line->clear();
    for (int c = std::fgetc(said_); c != '\n'; c = std::fgetc(said_)) {
      if (c == EOF) {
        return false;
      }
      line->push_back(static_cast<char>(c));
    }
    return true;
  }
  void Kill() { ::kill(child_, SIGKILL); }
  int Wait() {
    int status = 0;
    EXPECT_EQ(::waitpid(child_, &status, 0), child_);
    return status;
  }

 private:
  pid_t child_;
  std::FILE* said_;
};

// Returns how many commits there are, from 0 on without a gap, each whole. Fails for anything else.
uint64_t CountCommits(Db& db) {
  ScanOptions options;
  options.lower = Bound::Inclusive("commit/");
  options.upper = Bound::Exclusive("commit0");
  const std::unique_ptr<DbIterator> it = db.NewIterator(options);
  uint64_t keys = 0;
  for (it->SeekToFirst(); it->Valid(); it->Next(), ++keys) {
    const uint64_t n = keys / kKeysPerCommit;
    if (it->key() != CommitKey(n, static_cast<int>(keys % kKeysPerCommit)) ||
        it->value() != StrCat(n)) {
      ADD_FAILURE() << "expected commit " << n << ", found " << it->key();
      return 0;
    }
  }
  EXPECT_EQ(ToString(it->status()), "OK");
  EXPECT_EQ(keys % kKeysPerCommit, 0u) << "a commit is there in part";
  const uint64_t commits = keys / kKeysPerCommit;
  for (int i = 0; i < kKeysPerCommit && commits > 0; ++i) {
    PinnedValue value;
    const absl::StatusOr<bool> found = db.Get({}, StrCat("latest/", i), &value);
    EXPECT_TRUE(found.ok() && *found);
    EXPECT_EQ(value.view(), StrCat(commits - 1));
  }
  return commits;
}

uint64_t CommitsIn(const std::string& directory, bool read_only) {
  Options options = SmallOptions();
  options.read_only = read_only;
  absl::StatusOr<std::unique_ptr<Db>> db = Db::Open(directory, options);
  EXPECT_EQ(ToString(db.status()), "OK");
  if (!db.ok()) {
    return 0;
  }
  const uint64_t commits = CountCommits(**db);
  EXPECT_EQ(ToString((*db)->Check()), "OK");
  EXPECT_EQ(ToString((*db)->Close()), "OK");
  return commits;
}

uint64_t Seed() {
  const char* seed = std::getenv("VERALITH_SEED");
  return seed == nullptr || *seed == '\0' ? 1 : std::strtoull(seed, nullptr, 10);
}

TEST(AKilledProcess, LosesNothingAcknowledgedAndLeavesEveryCommitWhole) {
  const TemporaryDirectory scratch;
  const std::string directory = scratch.path() + "/db";
  Random random(Seed());
  uint64_t acknowledged = 0;  // commits, from 0 on
  uint64_t survived = 0;
  for (int kill = 0; kill < 20; ++kill) {
    Writer writer(directory, survived, {.maps_log = kill % 2 == 1});
    // Some die while they still open, the others after a random commit.
    const uint64_t patience = random.OneIn(4) ? 0 : 1 + random.Below(500);
    std::string line;
    for (uint64_t said = 0; said < patience && writer.Read(&line); ++said) {
      ASSERT_EQ(line, StrCat(acknowledged));
      ++acknowledged;
    }
    ::usleep(static_cast<useconds_t>(random.Below(patience == 0 ? 30'000 : 3'000)));
    writer.Kill();
    while (writer.Read(&line)) {
      ASSERT_EQ(line, StrCat(acknowledged));
      ++acknowledged;
    }
    const int status = writer.Wait();
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    if (survived + acknowledged == 0) {
      continue;  // perhaps not even created
    }
    // Reading (read-only) changes nothing: the next writer recovers from the kill itself.
    survived = CommitsIn(directory, /*read_only=*/random.OneIn(2));
    ASSERT_GE(survived, acknowledged) << "an acknowledged commit is lost";
    ASSERT_LE(survived, acknowledged + 1) << "more than the commit that was being acknowledged";
    acknowledged = survived;
    ASSERT_FALSE(HasFailure()) << "kill " << kill;
  }
  std::printf("20 kills, %llu commits\n", static_cast<unsigned long long>(survived));
  EXPECT_GT(survived, 500u);
}

// Hazard R8.
TEST(ASecondProcess, IsRefusedAndToldWhy) {
  const TemporaryDirectory scratch;
  const std::string directory = scratch.path() + "/db";
  Writer writer(directory, 0, {});
  std::string line;
  ASSERT_TRUE(writer.Read(&line));
  for (const bool read_only : {false, true}) {
    Options options = SmallOptions();
    options.read_only = read_only;
    const absl::Status status = Db::Open(directory, options).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << ToString(status);
    EXPECT_NE(Message(status).find(directory + "/LOCK"), std::string_view::npos);
    EXPECT_NE(Message(status).find("lock"), std::string_view::npos) << ToString(status);
  }
  writer.Kill();
  writer.Wait();
  EXPECT_GT(CommitsIn(directory, /*read_only=*/false), 0u);
}

class AFileSizeLimit : public testing::TestWithParam<bool> {};

TEST_P(AFileSizeLimit, IsAClearErrorAndLosesNothingAcknowledged) {
  const TemporaryDirectory scratch;
  const std::string directory = scratch.path() + "/db";
  Writer writer(directory, 0, {.limited = true, .maps_log = GetParam()});
  uint64_t acknowledged = 0;
  std::string line;
  while (writer.Read(&line) && !line.starts_with("error")) {
    ++acknowledged;
  }
  EXPECT_TRUE(line.starts_with("error RESOURCE_EXHAUSTED: ")) << line;
  EXPECT_NE(line.find(".log: append: File too large"), std::string::npos) << line;
  EXPECT_EQ(WEXITSTATUS(writer.Wait()), 2);
  EXPECT_GT(acknowledged, 50u);
  const uint64_t survived = CommitsIn(directory, /*read_only=*/false);
  EXPECT_GE(survived, acknowledged);
  EXPECT_LE(survived, acknowledged + 1);
}

INSTANTIATE_TEST_SUITE_P(LogIsMapped, AFileSizeLimit, testing::Bool());

}  // namespace
}  // namespace veralith

int main(int argc, char** argv) {
  if (argc == 6 && std::string(argv[1]) == "--writer") {
    return veralith::RunWriter(argv[2], std::strtoull(argv[3], nullptr, 10),
                               {.limited = *argv[4] != '\0', .maps_log = *argv[5] != '\0'});
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
