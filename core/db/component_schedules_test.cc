// SPDX-License-Identifier: Apache-2.0

// The engine's concurrent components, schedule by schedule: group commit, freezing, memtable,
// super-version, page cache, file table, version set. Every case also runs with the fault that it
// must find (HAZARDS, groups P, W, C, E), that of the file table in broken_schedules_test: a case
// that does not find its fault would never find anything.
#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "core/base/epoch.h"
#include "core/base/sync.h"
#include "core/base/testing/explorer.h"
#include "core/db/super_version.h"
#include "core/db/write_queue.h"
#include "core/fs/file_helpers.h"
#include "core/fs/testing/file_table_programs.h"
#include "core/manifest/file_names.h"
#include "core/memtable/memtable.h"
#include "core/segment/page/page_cache.h"
#include "core/version_set/version_set.h"
#include "gtest/gtest.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith {
namespace {

ExploreResult UpTo(const char* name, int preemptions, const ExploredProgram& program) {
  ExploreOptions options;
  options.preemptions = preemptions;
  ExploreResult result = Explore(options, program);
  std::puts(result.Summary(name).c_str());
  std::fflush(stdout);
  return result;
}

void ExpectSound(const char* name, int preemptions, const ExploredProgram& program) {
  const ExploreResult result = UpTo(name, preemptions, program);
  EXPECT_FALSE(result.failure.has_value()) << name << ": " << result.failure->message;
  EXPECT_TRUE(result.complete) << name;
  EXPECT_EQ(result.timeouts, 0u) << name;
}

void ExpectFound(const char* name, int preemptions, const ExploredProgram& program) {
  const ExploreResult result = UpTo(name, preemptions, program);
  ASSERT_TRUE(result.failure.has_value()) << name;
  EXPECT_NE(result.failure->kind, ExploreFailure::Kind::kNondeterminism) << result.failure->message;
  const ExploreResult again = Replay(result.failure->schedule, program);
  ASSERT_TRUE(again.failure.has_value()) << name;
  EXPECT_EQ(again.failure->message, result.failure->message) << name;
}

EntryView Put(std::string_view key, Timestamp ts, std::string_view value) {
  return {0, key, ts, EntryKind::kPut, value};
}

// --- Group commit --------------------------------------------------------------------------------

// Writers as in CommitPipeline: the leader logs and applies its group without the mutex. Each one
// puts its number into both cells of a pair.
class GroupCommit {
 public:
  enum class Fault { kNone, kVisibleFirst, kEachVisible, kNoFinish };

  GroupCommit(Explored& run, Fault fault)
      : run_(run), fault_(fault), queue_(mutex_, run.executor()) {}

  void Write(int number, bool sync) {
    const LogOperation operation{};
    WriteQueue::Writer writer;
    writer.operations = {&operation, 1};
    writer.bytes = static_cast<size_t>(number);
    writer.sync = sync;
    MutexLock lock(mutex_);
    if (queue_.Join(writer)) {
      Lead();
    }
    ++finished_;
    run_.Check(writer.timestamp != 0, "a writer was finished that no group held");
    run_.Check(visible_.Load() >= writer.timestamp, "acknowledged before it was visible");
  }

  // A reader must see both halves of every commit.
  void Read() {
    const Timestamp visible = visible_.Load();
    if (visible > 0) {
      run_.Check(first_[visible].Load() == second_[visible].Load(), "half a batch is visible");
    }
  }

  void CheckEnd(int writers) {
    run_.Check(finished_ == writers, "a writer was not finished");
    run_.Check(queue_.empty(), "the queue was left with writers");
    run_.Check(static_cast<int>(visible_.Load()) == writers, "a commit is missing");
  }

 private:
  void Lead() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::vector<WriteQueue::Writer*>& group = queue_.Group();
    run_.Check(!leading_, "two leaders at a time");
    leading_ = true;
    for (WriteQueue::Writer* writer : group) {
      writer->timestamp = ++clock_;
    }
    const Timestamp last = clock_;
    {
      MutexUnlock unlock(mutex_);
      if (fault_ == Fault::kVisibleFirst) {
        visible_.Store(last);
      }
      for (const WriteQueue::Writer* writer : group) {
        first_[writer->timestamp].Store(static_cast<int>(writer->bytes));
        if (fault_ == Fault::kEachVisible) {
          visible_.Store(writer->timestamp);
        }
        second_[writer->timestamp].Store(static_cast<int>(writer->bytes));
      }
      visible_.Store(last);
    }
    leading_ = false;
    if (fault_ != Fault::kNoFinish) {
      queue_.Finish(absl::OkStatus());
    }
  }

  Explored& run_;
  const Fault fault_;
  Mutex mutex_;
  WriteQueue queue_;
  bool leading_ = false;
  int finished_ = 0;
  Timestamp clock_ = 0;
  Atomic<Timestamp> visible_{0};
  std::array<Atomic<int>, 8> first_{};
  std::array<Atomic<int>, 8> second_{};
};

ExploredProgram GroupCommitOf(int writers, bool reader, GroupCommit::Fault fault) {
  return [=](Explored& run) {
    auto commit = std::make_shared<GroupCommit>(run, fault);
    for (int i = 1; i <= writers; ++i) {
      run.Spawn("writer " + std::to_string(i), [commit, i] { commit->Write(i, i == 2); });
    }
    if (reader) {
      run.Spawn("reader", [commit] { commit->Read(); });
    }
    run.Join();
    commit->CheckEnd(writers);
  };
}

TEST(Schedules, GroupCommitFinishesEveryWriterOnceBehindOneLeader) {
  ExpectSound("group commit hand-over, 2 writers and a reader", 3,
              GroupCommitOf(2, true, GroupCommit::Fault::kNone));
  ExpectSound("group commit hand-over, 3 writers", 3,
              GroupCommitOf(3, false, GroupCommit::Fault::kNone));
}

TEST(Schedules, GroupCommitsFaultsAreFound) {
  ExpectFound("broken (W2): visible before applied", 3,
              GroupCommitOf(2, true, GroupCommit::Fault::kVisibleFirst));
  ExpectFound("broken (W2): visible in the middle of a batch", 3,
              GroupCommitOf(2, true, GroupCommit::Fault::kEachVisible));
  ExpectFound("broken: a leader does not hand over", 3,
              GroupCommitOf(2, false, GroupCommit::Fault::kNoFinish));
}

// --- Freezing ------------------------------------------------------------------------------------

// A freeze takes the active memtable away and flushes it; in the engine the leader does it (W1).
class Freezing {
 public:
  Freezing(Explored& run, bool late_writer)
      : run_(run), late_writer_(late_writer), queue_(mutex_, run.executor()) {}

  void Write(Timestamp ts) {
    const LogOperation operation{};
    WriteQueue::Writer writer;
    writer.operations = {&operation, 1};
    MutexLock lock(mutex_);
    if (queue_.Join(writer)) {
      queue_.Group();
      MemtableRef active = active_;
      {
        MutexUnlock unlock(mutex_);
        active->Add(Put("k" + std::to_string(ts), ts, "v"));
      }
      queue_.Finish(absl::OkStatus());
    }
  }

  void FreezeAndFlush() {
    MemtableRef frozen;
    {
      MutexLock lock(mutex_);
      WriteQueue::Writer writer;
      writer.exclusive = true;
      if (!late_writer_) {
        run_.Check(queue_.Join(writer), "an exclusive writer was led by another");
      }
      frozen = std::exchange(active_, MemtableRef::Make(2));
      if (!late_writer_) {
        queue_.Finish(absl::OkStatus());
      }
    }
    flushed_ = frozen->entries();
    frozen_ = std::move(frozen);
  }

  void CheckEnd(uint64_t writes) {
    run_.Check(frozen_->entries() == flushed_, "a write landed in a memtable that was flushed");
    run_.Check(flushed_ + active_->entries() == writes, "a write is gone");
  }

 private:
  Explored& run_;
  const bool late_writer_;
  Mutex mutex_;
  WriteQueue queue_;
  MemtableRef active_ = MemtableRef::Make(1);
  MemtableRef frozen_;
  uint64_t flushed_ = 0;
};

ExploredProgram FreezeAgainstWriter(bool late_writer) {
  return [=](Explored& run) {
    auto freezing = std::make_shared<Freezing>(run, late_writer);
    run.Spawn("writer", [freezing] { freezing->Write(1); });
    run.Spawn("freezer", [freezing] { freezing->FreezeAndFlush(); });
    run.Join();
    freezing->CheckEnd(1);
  };
}

TEST(Schedules, NoWriteLandsInAMemtableThatTheFlushHasPassed) {
  ExpectSound("freeze vs late writer (W1)", 3, FreezeAgainstWriter(false));
  ExpectFound("broken (W1): freeze without leading", 3, FreezeAgainstWriter(true));
}

// --- Memtable ------------------------------------------------------------------------------------

ExploredProgram InsertAgainstRead(bool visible_first, bool iterate) {
  return [=](Explored& run) {
    MemtableRef memtable = MemtableRef::Make(1);
    Atomic<Timestamp> visible{2};
    memtable->Add(Put("aa", 1, "1"));
    memtable->Add(Put("ab", 2, "2"));
    run.Spawn("writer", [&] {
      // An update, and a split at the root.
      const std::array<std::string_view, 2> keys = {"aa", "b"};
      for (Timestamp ts = 3; ts <= 4; ++ts) {
        if (visible_first) {
          visible.Store(ts);
        }
        memtable->Add(Put(keys[ts - 3], ts, ts == 3 ? "3" : "4"));
        visible.Store(ts);
      }
    });
    run.Spawn("reader", [&] {
      const Timestamp at = visible.Load();
      if (iterate) {
        std::string seen;
        const std::unique_ptr<VersionStream> it = memtable->NewStream();
        for (it->SeekToFirst(); it->Valid(); it->Next()) {
          if (it->entry().ts <= at) {
            seen += it->entry().value;
          }
        }
        run.Check(seen == (at == 2 ? "12" : at == 3 ? "312" : "3124"), "a scan missed a version");
        return;
      }
      EntryView entry;
      run.Check(memtable->Get(0, "aa", at, &entry) && entry.ts == (at >= 3 ? 3 : 1),
                "a lookup missed the newest version");
      run.Check(memtable->Get(0, "b", at, &entry) == (at >= 4), "a lookup missed a key");
    });
    run.Join();
  };
}

TEST(Schedules, AReaderOfAMemtableSeesEverythingVisible) {
  ExpectSound("memtable insert vs read", 3, InsertAgainstRead(false, false));
  ExpectSound("memtable insert vs scan", 3, InsertAgainstRead(false, true));
  ExpectFound("broken: visible before inserted, read", 2, InsertAgainstRead(true, false));
  ExpectFound("broken: visible before inserted, scan", 2, InsertAgainstRead(true, true));
}

// --- Super-version -------------------------------------------------------------------------------

enum class ReadFault { kNone, kVisibleBeforePin, kTwoPins };

SuperVersion* NewSuperVersion(const MemtableRef& active, const MemtableRef& segment) {
  static const auto* const empty = new std::shared_ptr<const SegmentSet>(
      std::make_shared<const SegmentSet>(std::make_shared<const Version>(), SegmentSet::Levels{}));
  return new SuperVersion({active.get(), segment.get()}, *empty, 0);
}

// A writer overwrites the key. Then a flush moves the active memtable into the "segment" (another
// memtable here: the list is what matters) and drops what no later reader can see.
ExploredProgram SwapAgainstRead(ReadFault fault) {
  return [=](Explored& run) {
    CurrentSuperVersion current;
    Atomic<Timestamp> visible{0};
    MemtableRef active = MemtableRef::Make(3);
    MemtableRef segment = MemtableRef::Make(1);
    active->Add(Put("k", 1, "old"));
    visible.Store(1);
    current.Publish(NewSuperVersion(active, segment));
    run.Spawn("writer", [&] {
      active->Add(Put("k", 2, "new"));
      visible.Store(2);
      const Timestamp point = visible.Load();
      MemtableRef flushed = MemtableRef::Make(2);
      EntryView survivor;
      run.Check(active->Get(0, "k", point, &survivor), "the flush found nothing");
      flushed->Add(survivor);
      current.Publish(NewSuperVersion(MemtableRef::Make(4), flushed));
    });
    run.Spawn("reader", [&] {
      const Timestamp early = fault == ReadFault::kVisibleBeforePin ? visible.Load() : 0;
      EpochGuard guard;
      const SuperVersion* pinned = current.Peek();
      const Memtable* segments = pinned->memtables()[1];
      if (fault == ReadFault::kTwoPins) {
        pinned = current.Peek();
      }
      const Timestamp at = early != 0 ? early : visible.Load();
      EntryView entry;
      run.Check(
          pinned->memtables()[0]->Get(0, "k", at, &entry) || segments->Get(0, "k", at, &entry),
          "an acknowledged key was not found");
    });
    run.Join();
  };
}

TEST(Schedules, AReaderThatPinsFirstFindsWhatFlushAndCompactionMove) {
  ExpectSound("super-version swap vs read (P5, P6)", 3, SwapAgainstRead(ReadFault::kNone));
  ExpectFound("broken (P6): visible loaded before the pin", 2,
              SwapAgainstRead(ReadFault::kVisibleBeforePin));
  ExpectFound("broken (P5): memtables and files read apart", 2,
              SwapAgainstRead(ReadFault::kTwoPins));
}

// --- Page cache ----------------------------------------------------------------------------------

class TestPage : public Page {
 public:
  size_t number = 0;

 private:
  friend class Page;
  explicit TestPage(size_t bytes) : Page(bytes) {}
};

constexpr size_t kPageBytes = 128;

PageRef<Page> NewPage(size_t number) {
  auto* page = Page::New<TestPage>(kPageBytes);
  page->number = number;
  return PageRef<Page>::Adopt(page);
}

size_t Number(const Page* page) { return static_cast<const TestPage*>(page)->number; }

// One page fits: every insertion displaces one. A page that is freed too early is allocated again
// for another number, so that a use after its end reads that number.
ExploredProgram InsertAgainstFind(bool guarded) {
  return [=](Explored& run) {
    PageCache cache(kPageBytes);
    auto slots = std::make_unique<PageSlots>(&cache, 3);
    slots->Insert(0, NewPage(0));
    run.Spawn("reader", [&run, &slots, guarded] {
      auto guard = guarded ? std::make_unique<EpochGuard>() : nullptr;
      if (const Page* page = slots->Find(0); page != nullptr) {
        run.Check(Number(page) == 0, "another page's bytes");
        Atomic<int> elsewhere{0};
        elsewhere.Load();  // a use takes time
        run.Check(Number(page) == 0, "another page's bytes");
      }
    });
    run.Spawn("writer", [&run, &slots] {
      slots->Insert(1, NewPage(1));
      const PageRef<Page> mine = NewPage(2);
      const PageRef<Page> kept = slots->Insert(2, NewPage(2));
      run.Check(Number(kept.get()) == 2, "an insertion returned another page");
    });
    run.Join();
    run.Check(cache.charged_bytes() <= cache.capacity(), "the cache is over its capacity");
    slots.reset();
  };
}

// Two threads miss on one page: both use one, and one is kept.
void TwoInsertions(Explored& run) {
  PageCache cache(2 * kPageBytes);
  auto slots = std::make_unique<PageSlots>(&cache, 2);
  std::array<PageRef<Page>, 2> used;
  for (size_t i = 0; i < used.size(); ++i) {
    run.Spawn("reader " + std::to_string(i), [&, i] {
      EpochGuard guard;
      if (Page* page = slots->Find(0); page != nullptr) {
        used[i] = PageRef<Page>::Share(page);
      } else {
        used[i] = slots->Insert(0, NewPage(0));
      }
    });
  }
  run.Join();
  run.Check(used[0].get() == used[1].get(), "one page was kept twice");
  run.Check(cache.charged_bytes() == kPageBytes, "charged more than once");
  slots.reset();
}

TEST(Schedules, ThePageCacheNeverShowsAnotherPagesBytes) {
  ExpectSound("page cache: insertion and eviction vs find (P7)", 3, InsertAgainstFind(true));
  ExpectSound("page cache: two insertions of one page", 3, TwoInsertions);
  ExpectFound("broken (P7): found without a guard", 2, InsertAgainstFind(false));
}

// --- File table ----------------------------------------------------------------------------------

TEST(Schedules, AFileOfATableIsNotClosedUnderItsReader) {
  ExpectSound("file table: eviction vs read (E2)", 2, ReadTwoFilesOfATableOfOne());
}

// --- Version set ---------------------------------------------------------------------------------

class Files {
 public:
  explicit Files(Explored& run) : run_(run) {
    VersionSetOptions options;
    options.fs = &disk_;
    options.executor = &run.executor();
    options.directory = "db";
    options.open_segment = [](const FileMeta&) -> absl::StatusOr<std::shared_ptr<SegmentReader>> {
      return std::shared_ptr<SegmentReader>();
    };
    run_.Check(disk_.CreateDirectory("db").ok(), "set-up");
    auto set = VersionSet::Open(std::move(options));
    run_.Check(set.ok(), "set-up");
    set_ = *std::move(set);
    Replace(0);
  }
  ~Files() {
    MutexLock lock(mutex_);
    run_.Check(set_->Close(mutex_).ok(), "close");
  }

  // Adds a segment and drops the previous one, as a compaction does.
  void Replace(uint64_t old) {
    MutexLock lock(mutex_);
    const uint64_t number = set_->NewPendingFile();
    auto file = disk_.Open(Path(number), OpenMode::kCreate);
    run_.Check(file.ok() && (*file)->Append("data").ok(), "set-up");
    VersionEdit edit;
    FileMeta meta;
    meta.number = number;
    meta.bytes = 4;
    meta.entries = 1;
    meta.smallest_key = "a";
    meta.largest = {0, "b", KeyBound::Kind::kInclusive};
    meta.min_ts = meta.max_ts = number;
    edit.added_files.push_back({0, set_->NewRunId(), meta});
    if (old != 0) {
      edit.removed_files.push_back({0, old});
    }
    const absl::Status status = set_->LogAndApply(std::move(edit), mutex_);
    run_.Check(status.ok() || old != 0, "an edit that fits was refused");
    installed_ += status.ok() ? 1 : 0;
    set_->ReleasePending(number);
    first_ = first_ == 0 ? number : first_;
  }

  void Read(bool pin) {
    std::shared_ptr<const SegmentSet> pinned;
    std::vector<uint64_t> numbers;
    {
      MutexLock lock(mutex_);
      pinned = set_->current();
    }
    for (const Run& run : pinned->version().runs(0)) {
      for (const FileRef& file : run.files) {
        numbers.push_back(file->number);
      }
    }
    if (!pin) {
      pinned.reset();
    }
    run_.Check(!numbers.empty(), "a version without files");
    for (const uint64_t number : numbers) {
      const absl::StatusOr<bool> exists = disk_.Exists(Path(number));
      run_.Check(exists.ok() && *exists, "a file that a reader pins was removed");
    }
  }

  void Collect() {
    MutexLock lock(mutex_);
    run_.Check(set_->RemoveObsoleteFiles(mutex_).ok(), "garbage could not be removed");
  }

  void CheckEnd(int installed) {
    Collect();
    MutexLock lock(mutex_);
    run_.Check(installed_ == installed, "an edit was installed though its input was gone");
    run_.Check(set_->ObsoleteFiles().empty(), "garbage was left");
    run_.Check(set_->version().runs(0).size() == 1, "a file in two places, or in none");
  }

  uint64_t first() const { return first_; }

 private:
  static std::string Path(uint64_t number) { return JoinPath("db", SegmentFileName(number)); }

  Explored& run_;
  SimulatedFileSystem disk_;
  Mutex mutex_;
  std::unique_ptr<VersionSet> set_;
  uint64_t first_ = 0;
  int installed_ = 0;
};

ExploredProgram InstallAgainstGarbage(bool pin) {
  return [=](Explored& run) {
    auto files = std::make_shared<Files>(run);
    run.Spawn("job", [files] {
      files->Replace(files->first());
      files->Collect();
    });
    run.Spawn("reader", [files, pin] { files->Read(pin); });
    run.Join();
    files->CheckEnd(2);
  };
}

// Two jobs took the same input: one result is refused, whatever the order (C5).
void TwoJobsOfOneInput(Explored& run) {
  auto files = std::make_shared<Files>(run);
  for (const char* name : {"job a", "job b"}) {
    run.Spawn(name, [files] { files->Replace(files->first()); });
  }
  run.Join();
  files->CheckEnd(2);
}

TEST(Schedules, APinnedFileOutlivesTheEditThatDropsIt) {
  ExpectSound("version install and garbage vs reader (C7)", 3, InstallAgainstGarbage(true));
  ExpectFound("broken (C7): numbers without a pin", 2, InstallAgainstGarbage(false));
}

TEST(Schedules, TwoJobsOfOneInputAreNotBothInstalled) {
  ExpectSound("two jobs of one input (C5)", 3, TwoJobsOfOneInput);
}

}  // namespace
}  // namespace veralith
