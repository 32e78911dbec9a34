// SPDX-License-Identifier: Apache-2.0

// A published table shows exactly what a scan at its moment shows (iceberg.h): in both formats,
// beside updates, deletes and range deletes; now and at older snapshots; after compactions, errors
// and power cuts. Tables are read by a reader that shares no code with what writes them.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/db/testing/simulation.h"
#include "core/iceberg/testing/table_reader.h"
#include "gtest/gtest.h"
#include "veralith/db.h"
#include "veralith/testing/fault_plan.h"

namespace veralith {
namespace {

using iceberg::ReadTable;
using iceberg::TableContents;
using iceberg::TableRow;

#define ASSERT_OK(expression) ASSERT_EQ(ToString(expression), "OK")
#define EXPECT_OK(expression) EXPECT_EQ(ToString(expression), "OK")

constexpr const char* kTable = "table";
constexpr NamespaceId kNamespaces = 3;

// What scans of all namespaces show.
std::vector<TableRow> ScanAll(Db& db, const ReadOptions& read,
                              std::optional<NamespaceId> only = std::nullopt) {
  std::vector<TableRow> rows;
  for (NamespaceId ns = 0; ns < kNamespaces; ++ns) {
    if (only.has_value() && ns != *only) {
      continue;
    }
    ScanOptions scan;
    scan.snapshot = read.snapshot;
    scan.timestamp = read.timestamp;
    scan.ns = ns;
    const auto it = db.NewIterator(scan);
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      rows.push_back({ns, std::string(it->key()), it->timestamp(), std::string(it->value())});
    }
    EXPECT_OK(it->status());
  }
  return rows;
}

std::string Key(uint64_t number) { return "key" + std::to_string(1000 + number); }

// Puts, deletes, range deletes and batches over a few hundred keys.
void WriteSome(Db& db, Random& random, int operations) {
  for (int i = 0; i < operations; ++i) {
    const NamespaceId ns = random.Below(kNamespaces);
    const uint64_t key = random.Below(200);
    switch (random.Below(12)) {
      case 0:
      case 1:
        ASSERT_OK(db.Delete({}, ns, Key(key)));
        break;
      case 2:
        ASSERT_OK(random.OneIn(4)
                      ? db.DeleteRange({}, ns, Key(key), std::nullopt)
                      : db.DeleteRange({}, ns, Key(key), Key(key + 1 + random.Below(20))));
        break;
      case 3: {
        WriteBatch batch;
        batch.DeleteRange(ns, Key(key), Key(key + 10));
        batch.Put(ns, Key(key + 3), "of a batch");
        batch.Delete(ns, Key(key + 50));
        ASSERT_OK(db.Write({}, batch).status());
        break;
      }
      default:
        ASSERT_OK(db.Put({}, ns, Key(key), std::string(random.Below(60), 'v') + std::to_string(i)));
    }
  }
}

class PublishTest : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override { Open(); }
  void Open() {
    absl::StatusOr<std::unique_ptr<Db>> db = simulation_.Open();
    ASSERT_OK(db.status());
    db_ = *std::move(db);
  }
  PublishOptions Format() const {
    PublishOptions options;
    options.format_version = GetParam();
    return options;
  }
  PublishReport Publish(const PublishOptions& options) {
    simulation_.clock().Advance(1'000'000'000);
    absl::StatusOr<PublishReport> report = db_->PublishIceberg(kTable, options);
    EXPECT_OK(report.status());
    return report.value_or(PublishReport());
  }
  TableContents Read(std::optional<int64_t> snapshot = std::nullopt) {
    absl::StatusOr<TableContents> contents = ReadTable(simulation_.disk(), kTable, snapshot);
    EXPECT_OK(contents.status());
    return contents.value_or(TableContents());
  }
  PublishOptions KeepOne() const {
    PublishOptions options = Format();
    options.keep = 1;
    return options;
  }
  // Publishes once; returns what the table shows, and what it is to show next. Closes the database.
  std::pair<std::vector<TableRow>, std::vector<TableRow>> PublishAndWriteMore() {
    WriteSome(*db_, random_, 80);
    Publish(KeepOne());
    std::vector<TableRow> before = ScanAll(*db_, {});
    WriteSome(*db_, random_, 80);
    EXPECT_OK(db_->Flush());
    EXPECT_OK(db_->WaitForBackgroundWork());
    std::vector<TableRow> after = ScanAll(*db_, {});
    EXPECT_NE(before, after);
    EXPECT_OK(db_->Close());
    db_.reset();
    return {std::move(before), std::move(after)};
  }
  // Of a table's files that a publication makes, only those of snapshots are there.
  void ExpectOnlyNeededFiles() {
    std::set<std::string> needed = {"metadata/version-hint.text", "metadata/.veralith-lock"};
    for (const int64_t id : Read().snapshot_ids) {
      const std::vector<std::string> files = Read(id).files;
      needed.insert(files.begin(), files.end());
    }
    for (const std::string& file : FilesOfTable()) {
      EXPECT_TRUE(needed.contains(file) || file.ends_with(".metadata.json")) << file;
    }
  }
  // Names below the table's folder.
  std::set<std::string> FilesOfTable() {
    std::set<std::string> names;
    const std::string begin = std::string("/") + kTable + "/";
    for (const auto& [path, bytes] : simulation_.disk().Files()) {
      if (path.starts_with(begin)) {
        names.insert(path.substr(begin.size()));
      }
    }
    return names;
  }

  Simulation simulation_;
  std::unique_ptr<Db> db_;
  Random random_{1};
};

TEST_P(PublishTest, ShowsWhatAScanShowsHoweverItWasWritten) {
  for (int round = 0; round < 12; ++round) {
    WriteSome(*db_, random_, 150);
    if (round % 4 == 3) {
      ASSERT_OK(db_->CompactAll());
    }
    const PublishReport report = Publish(Format());
    const TableContents table = Read();
    EXPECT_EQ(table.rows, ScanAll(*db_, {})) << "round " << round;
    EXPECT_EQ(table.at, db_->LastTimestamp());
    EXPECT_EQ(report.rows, table.rows.size());
    EXPECT_EQ(report.copied_files, 0u);
    EXPECT_EQ(report.format_version, GetParam());
  }
}

TEST_P(PublishTest, OlderSnapshotsStayWhatTheyWere) {
  std::map<int64_t, std::vector<TableRow>> published;
  for (int round = 0; round < 6; ++round) {
    WriteSome(*db_, random_, 200);
    const PublishReport report = Publish(Format());
    published[report.snapshot_id] = ScanAll(*db_, {});
  }
  ASSERT_OK(db_->CompactAll());
  ASSERT_OK(db_->WaitForBackgroundWork());
  ASSERT_OK(db_->Close());
  EXPECT_EQ(published.size(), 6u);
  for (const auto& [id, rows] : published) {
    EXPECT_EQ(Read(id).rows, rows) << "snapshot " << id;
  }
}

TEST_P(PublishTest, APastMomentAndOneNamespaceAreShownAlone) {
  WriteSome(*db_, random_, 200);
  const Snapshot* past = db_->GetSnapshot();
  WriteSome(*db_, random_, 200);
  PublishOptions options = Format();
  options.at = past->timestamp();
  Publish(options);
  ReadOptions then;
  then.snapshot = past;
  EXPECT_EQ(Read().rows, ScanAll(*db_, then));
  EXPECT_EQ(Read().at, past->timestamp());
  options.ns = 1;
  Publish(options);
  EXPECT_EQ(Read().rows, ScanAll(*db_, then, 1));
  db_->ReleaseSnapshot(past);
  options.at = db_->LastTimestamp() + 1;
  EXPECT_TRUE(absl::IsOutOfRange(db_->PublishIceberg(kTable, options).status()));
}

TEST_P(PublishTest, AnEmptyDatabaseIsAnEmptyTable) {
  EXPECT_TRUE(Publish(Format()).is_new);
  EXPECT_TRUE(Read().rows.empty());
  ASSERT_OK(db_->Put({}, "a", "b"));
  ASSERT_OK(db_->Delete({}, "a"));
  Publish(Format());
  EXPECT_TRUE(Read().rows.empty());
}

TEST_P(PublishTest, WhatDidNotChangeIsNotWrittenAgain) {
  WriteSome(*db_, random_, 400);
  ASSERT_OK(db_->CompactAll());
  Publish(Format());
  const std::vector<std::string> before = Read().files;
  ASSERT_OK(db_->Close());
  Open();
  const PublishReport same = Publish(Format());
  EXPECT_FALSE(same.is_new);
  EXPECT_EQ(same.delete_bytes, 0u);
  EXPECT_EQ(Read().files, before);
  ASSERT_OK(db_->Put({}, 2, "zzz", "only a row more"));
  const PublishReport more = Publish(Format());
  EXPECT_TRUE(more.is_new);
  EXPECT_EQ(more.linked_files, 1u);
  EXPECT_EQ(more.delete_bytes, 0u);
  const std::vector<std::string> after = Read().files;
  for (const std::string& file : before) {
    EXPECT_TRUE(file.starts_with("metadata/") || std::count(after.begin(), after.end(), file) == 1)
        << file;
  }
}

TEST_P(PublishTest, ExpiredSnapshotsGiveTheirFilesBack) {
  for (int round = 0; round < 8; ++round) {
    WriteSome(*db_, random_, 200);
    ASSERT_OK(db_->CompactAll());
    PublishOptions options = Format();
    options.keep = 2;
    Publish(options);
    EXPECT_EQ(Read().snapshot_ids.size(), round == 0 ? 1u : 2u);
    ExpectOnlyNeededFiles();
  }
  PublishOptions options = Format();
  options.keep_nanos = 10'000'000'000;
  simulation_.clock().Advance(20'000'000'000);
  EXPECT_EQ(Publish(options).expired_snapshots, 1u);
  EXPECT_EQ(Read().rows, ScanAll(*db_, {}));
}

TEST_P(PublishTest, OptionsThatDoNotFitTheTableAreErrors) {
  ASSERT_OK(db_->Put({}, "a", "b"));
  PublishOptions options = Format();
  options.location = "s3://bucket/table/";
  EXPECT_TRUE(absl::IsInvalidArgument(db_->PublishIceberg(kTable, options).status()));
  options.location = "s3://bucket/table";
  Publish(options);
  EXPECT_EQ(Read().rows, ScanAll(*db_, {}));
  options.location = "s3://bucket/elsewhere";
  EXPECT_TRUE(absl::IsInvalidArgument(db_->PublishIceberg(kTable, options).status()));
  options.location.clear();
  options.format_version = 5;
  EXPECT_TRUE(absl::IsInvalidArgument(db_->PublishIceberg(kTable, options).status()));
  options.format_version = 2;
  EXPECT_EQ(db_->PublishIceberg(kTable, options).ok(), GetParam() == 2);
  options.format_version = 3;
  EXPECT_EQ(Publish(options).format_version, 3);
  EXPECT_EQ(Read().rows, ScanAll(*db_, {}));
  EXPECT_EQ(Publish({}).format_version, 3);
  Options other = simulation_.SmallOptions();
  other.random_seed = 8;
  absl::StatusOr<std::unique_ptr<Db>> stranger = Db::Open("stranger", other);
  ASSERT_OK(stranger.status());
  EXPECT_TRUE(
      absl::IsFailedPrecondition((*stranger)->PublishIceberg(kTable, PublishOptions()).status()));
}

TEST_P(PublishTest, WithoutLinksSegmentsAreCopied) {
  WriteSome(*db_, random_, 300);
  simulation_.disk().SetFaults(
      {{.call = FsCall::kLink, .path_part = kTable, .from_then_on = true}});
  const PublishReport report = Publish(Format());
  simulation_.disk().SetFaults({});
  EXPECT_EQ(report.linked_files, 0u);
  EXPECT_GT(report.copied_files, 0u);
  EXPECT_EQ(Read().rows, ScanAll(*db_, {}));
}

// Each call fails once, in turn. The table stays one of the two it can be; what did not come to be
// leaves nothing; and the next call leaves nothing that no snapshot needs.
TEST_P(PublishTest, ACallThatFailsLeavesTheTableWhole) {
  const auto [before, after] = PublishAndWriteMore();
  const std::unique_ptr<SimulatedFileSystem> image = simulation_.disk().CloneWithEverything();
  bool failed = true;
  uint64_t nth = 0;
  while (failed) {
    simulation_.Replace(image->CloneWithEverything());
    Open();
    const std::set<std::string> files = FilesOfTable();
    simulation_.disk().SetFaults({{.path_part = kTable, .nth = ++nth}});
    const absl::Status status = db_->PublishIceberg(kTable, KeepOne()).status();
    failed = simulation_.disk().faults_fired() > 0;
    simulation_.disk().SetFaults({});
    for (const bool hinted : {true, false}) {
      const absl::StatusOr<TableContents> table =
          ReadTable(simulation_.disk(), kTable, std::nullopt, hinted);
      ASSERT_OK(table.status());
      EXPECT_TRUE(table->rows == (status.ok() ? after : before) || table->rows == after) << nth;
      if (!hinted && table->rows == before) {
        EXPECT_EQ(FilesOfTable(), files) << "call " << nth << ": " << status;
      }
    }
    Publish(KeepOne());
    EXPECT_EQ(Read().rows, after);
    ExpectOnlyNeededFiles();
    db_.reset();
  }
  EXPECT_GT(nth, 25u);
}

// The power fails at every step. Whatever the disk then holds, the table is the one before or the
// one after, whole, and a publication goes on from there.
TEST_P(PublishTest, APowerCutLeavesTheTableBeforeOrAfter) {
  const auto [before, after] = PublishAndWriteMore();
  const std::unique_ptr<SimulatedFileSystem> image = simulation_.disk().CloneWithEverything();
  std::map<bool, int> seen;
  bool cut = true;
  uint64_t steps = 0;
  for (uint64_t step = 1; cut; ++step) {
    simulation_.Replace(image->CloneWithEverything());
    Open();
    simulation_.disk().CrashAtStep(simulation_.disk().steps() + step);
    db_->PublishIceberg(kTable, KeepOne()).status().IgnoreError();
    cut = simulation_.disk().crashed();
    db_.reset();
    const auto survivors = simulation_.disk().EnumerateSurvivors(
        24, [](const std::string& path) { return path.find(kTable) != std::string::npos; });
    for (const std::unique_ptr<SimulatedFileSystem>& survivor : survivors.images) {
      for (const bool hinted : {true, false}) {
        const absl::StatusOr<TableContents> table =
            ReadTable(*survivor, kTable, std::nullopt, hinted);
        ASSERT_OK(table.status()) << "step " << step << "\n" << survivor->Dump();
        EXPECT_TRUE(table->rows == before || table->rows == after) << "step " << step;
        ++seen[table->rows == after];
      }
    }
    steps = step;
    simulation_.Replace(survivors.images.back()->CloneWithEverything());
    Open();
    Publish(KeepOne());
    EXPECT_EQ(Read().rows, after) << "after step " << step;
    ExpectOnlyNeededFiles();
    db_.reset();
  }
  EXPECT_GT(steps, 10u);
  EXPECT_GT(seen[false], 0);
  EXPECT_GT(seen[true], 0);
}

INSTANTIATE_TEST_SUITE_P(Formats, PublishTest, ::testing::Values(2, 3));

}  // namespace
}  // namespace veralith
