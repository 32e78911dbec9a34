// SPDX-License-Identifier: Apache-2.0

// DESIGN promise 2: "Flush, compaction, caches, reopening and file moves never change any answer at
// any live snapshot." Here: a compaction that copies value pages as they stand writes the entries
// of one that encodes all of them again, whatever the codec and the sizes of pages and values, in
// one piece and in several; and DESIGN promise 7: "Corrupt bytes give `DataLoss`": a damaged page
// is never copied.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/compaction/testing/job_harness.h"
#include "core/compaction/testing/version_history.h"
#include "core/fs/file_helpers.h"
#include "core/manifest/file_names.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"
#include "veralith/testing/simulated_clock.h"
#include "veralith/testing/simulated_executor.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith {
namespace {

SegmentOptions OptionsOf(parquet::Codec codec, size_t value_page_bytes) {
  SegmentOptions options;
  options.key_page_bytes = 64;
  options.value_page_bytes = value_page_bytes;
  options.timestamp_page_rows = 16;
  options.row_group_rows = 150;
  options.value_codec = codec;
  return options;
}

SegmentOptions AnyOptions() {
  return OptionsOf(*rc::gen::element(parquet::Codec::kNone, parquet::Codec::kLz4Raw,
                                     parquet::Codec::kSnappy, parquet::Codec::kZstd),
                   *rc::gen::element<size_t>(1, 16, 64, 300));
}

std::string Key(uint64_t number) {
  std::string text = std::to_string(number);
  return "k" + std::string(4 - text.size(), '0') + text;
}

std::string ValueOf(Timestamp ts, size_t bytes) {
  std::string value = std::to_string(ts) + "/";
  value.resize(bytes, static_cast<char>('a' + ts % 26));
  return value;
}

// Makes one commit per entry from `*now` on: some stretches of keys, dense or with gaps, put or
// deleted, and range deletes.
History AnyRun(Timestamp* now) {
  History run;
  for (int stretch = *rc::gen::inRange(1, 4); stretch > 0; --stretch) {
    const auto first = *rc::gen::inRange<uint64_t>(0, 300);
    const auto step = *rc::gen::element<uint64_t>(1, 1, 2, 20);
    const auto rows = *rc::gen::inRange<uint64_t>(1, 60);
    const auto bytes = *rc::gen::element<size_t>(0, 7, 30, 400);
    const auto deleted = *rc::gen::element<uint64_t>(1000, 9, 1);
    for (uint64_t i = 0; i < rows; ++i) {
      const Timestamp ts = ++*now;
      const bool is_put = (i + 1) % deleted != 0;
      run.entries.push_back({0, Key(first + i * step), ts,
                             is_put ? EntryKind::kPut : EntryKind::kDelete,
                             is_put ? ValueOf(ts, bytes) : ""});
    }
    if (*rc::gen::weightedElement<bool>({{5, false}, {1, true}})) {
      const auto begin = *rc::gen::inRange<uint64_t>(0, 300);
      run.ranges.push_back(
          {0, Key(begin), Key(begin + *rc::gen::inRange<uint64_t>(1, 40)), false, ++*now});
    }
  }
  return run;
}

// Picks all runs, into one; there is at least one.
Pick Everything(const Version& version) {
  Pick pick;
  for (const Run& run : version.runs(0)) {
    pick.inputs.push_back({0, run.id, run.files});
  }
  pick.output_run_id = pick.inputs.front().run_id;
  return pick;
}

struct Outcome {
  JobResult result;
  History history;
};

void ExpectOk(const absl::Status& status) {
  RC_LOG() << status.ToString() << "\n";
  RC_ASSERT(status.ok());
}

Outcome Run(JobHarness& harness, const Pick& pick, const std::vector<Timestamp>& points,
            bool copy) {
  harness.SetCopyValuePages(copy);
  ExpectOk(harness.Prepare(pick, points));
  Outcome outcome;
  outcome.result = harness.prepared();
  ExpectOk(harness.CheckOutputs(outcome.result));
  const absl::StatusOr<History> read = harness.ReadOutputs(outcome.result);
  ExpectOk(read.status());
  outcome.history = *read;
  return outcome;
}

RC_GTEST_PROP(CopiedPages, ChangeNoAnswer, ()) {
  SimulatedFileSystem fs;
  SimulatedClock clock;
  SimulatedExecutor executor(1, &clock);
  RC_ASSERT(fs.CreateDirectory("/tree").ok());
  CompactionOptions options = TinyCompactionOptions();
  options.target_file_bytes = *rc::gen::element<uint64_t>(2000, 1 << 20);
  JobHarness harness(&fs, "/tree", options);
  harness.executor = &executor;
  harness.SetMaxSubcompactions(*rc::gen::inRange(1, 4));
  harness.SetSegmentOptions(AnyOptions());

  History written;
  Timestamp now = 0;
  std::vector<Timestamp> points;
  for (int runs = *rc::gen::inRange(1, 5); runs > 0; --runs) {
    const History run = AnyRun(&now);
    written.Append(run);
    points.push_back(now);
    ExpectOk(harness.Flush({run}, points));
    if (*rc::gen::weightedElement<bool>({{2, true}, {1, false}})) {
      points.pop_back();  // no snapshot is held here
    }
    if (*rc::gen::weightedElement<bool>({{9, false}, {1, true}})) {
      harness.SetSegmentOptions(AnyOptions());
    }
  }
  if (points.empty() || points.back() != now) {
    points.push_back(now);
  }
  RC_PRE(harness.version()->FileCount() > 0u);
  const Pick pick = Everything(*harness.version());
  const Outcome encoded = Run(harness, pick, points, false);
  const Outcome copied = Run(harness, pick, points, true);
  RC_ASSERT(encoded.result.statistics.value_pages_copied == 0u);
  RC_TAG(copied.result.statistics.value_pages_copied > 0 ? "copied" : "none");
  RC_ASSERT(copied.history.entries == encoded.history.entries);
  for (const Timestamp point : points) {
    RC_ASSERT(StateAt(copied.history, point) == StateAt(written, point));
    RC_ASSERT(StateAt(encoded.history, point) == StateAt(written, point));
  }
  // The same inputs, the same bytes (DESIGN promise 12).
  const Outcome again = Run(harness, pick, points, true);
  const auto& files = copied.result.edit.added_files;
  RC_ASSERT(again.result.edit.added_files.size() == files.size());
  for (size_t i = 0; i < files.size(); ++i) {
    const auto path = [](const FileMeta& file) { return "/tree/" + SegmentFileName(file.number); };
    RC_ASSERT(*ReadWholeFile(fs, path(files[i].file), 1 << 24) ==
              *ReadWholeFile(fs, path(again.result.edit.added_files[i].file), 1 << 24));
  }
}

// A base of 200 keys in one run, and a newer run of three of them.
class CopiedPagesTest : public ::testing::Test {
 protected:
  void Make() {
    ASSERT_TRUE(fs_.CreateDirectory("/tree").ok());
    CompactionOptions options = TinyCompactionOptions();
    options.target_file_bytes = 1 << 20;
    harness_ = std::make_unique<JobHarness>(&fs_, "/tree", options);
    harness_->SetSegmentOptions(OptionsOf(parquet::Codec::kLz4Raw, 300));
    Timestamp now = 0;
    History base;
    for (uint64_t i = 0; i < 200; ++i) {
      base.entries.push_back({0, Key(i), ++now, EntryKind::kPut, ValueOf(now, 20)});
    }
    ASSERT_TRUE(harness_->Flush({base}, {now}).ok());
    History update;
    for (const uint64_t i : {20, 21, 150}) {
      update.entries.push_back({0, Key(i), ++now, EntryKind::kPut, ValueOf(now, 20)});
    }
    ASSERT_TRUE(harness_->Flush({update}, {now}).ok());
    points_ = {now};
  }

  SimulatedFileSystem fs_;
  std::unique_ptr<JobHarness> harness_;
  std::vector<Timestamp> points_;
};

TEST_F(CopiedPagesTest, AreCounted) {
  Make();
  ASSERT_TRUE(harness_->Prepare(Everything(*harness_->version()), points_).ok());
  // 200 rows of 24 raw bytes are 16 pages of 13 rows; two of them, and the row group's end, change.
  EXPECT_GE(harness_->prepared().statistics.value_pages_copied, 12u);
  EXPECT_GT(harness_->prepared().statistics.value_bytes_copied, 12u * 100);
}

// Damages every byte of the larger input in turn: the job ends with DataLoss, or its outputs hold
// what they hold without the damage, and are sound.
TEST_F(CopiedPagesTest, AreNeverDamaged) {
  Make();
  const Pick pick = Everything(*harness_->version());
  ASSERT_TRUE(harness_->Prepare(pick, points_).ok());
  const std::vector<OwnedEntry> expected = harness_->ReadOutputs(harness_->prepared())->entries;
  const std::vector<std::string> before = harness_->LiveFiles();
  const FileMeta& victim = *pick.inputs.back().files.front();
  ASSERT_EQ(victim.entries, 200u);
  int failures = 0;
  for (uint64_t byte = 0; byte < victim.bytes; ++byte) {
    const uint64_t bit = byte * 8 + byte % 8;
    fs_.FlipBit("/tree/" + SegmentFileName(victim.number), bit);
    const absl::Status status = harness_->Prepare(pick, points_);
    fs_.FlipBit("/tree/" + SegmentFileName(victim.number), bit);
    if (!status.ok()) {
      ASSERT_TRUE(absl::IsDataLoss(status) || absl::IsUnimplemented(status)) << status;
      ++failures;
      continue;
    }
    const JobResult& result = harness_->prepared();
    ASSERT_TRUE(harness_->CheckOutputs(result).ok()) << "byte " << byte;
    ASSERT_EQ(harness_->ReadOutputs(result)->entries, expected) << "byte " << byte;
    for (const VersionEdit::AddedFile& added : result.edit.added_files) {
      ASSERT_TRUE(fs_.Remove("/tree/" + SegmentFileName(added.file.number)).ok());
    }
  }
  EXPECT_GT(failures, static_cast<int>(victim.bytes / 2));
}

}  // namespace
}  // namespace veralith
