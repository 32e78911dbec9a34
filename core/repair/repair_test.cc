// SPDX-License-Identifier: Apache-2.0

// Repair of directories made by hand, one damage at a time: what its report must say about each.
// (Any damage at all: property_tests/repair_keeps_what_is_whole_test.)
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/db/option_mapping.h"
#include "core/format/log_record.h"
#include "core/format/version_edit.h"
#include "core/fs/file_helpers.h"
#include "core/log/log_writer.h"
#include "core/manifest/file_names.h"
#include "core/manifest/manifest_log.h"
#include "core/manifest/manifest_state.h"
#include "core/segment/write/segment_writer.h"
#include "gtest/gtest.h"
#include "veralith/db.h"
#include "veralith/repair.h"
#include "veralith/testing/fault_plan.h"
#include "veralith/testing/simulated_clock.h"
#include "veralith/testing/simulated_executor.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith {
namespace {

#define ASSERT_OK(expression) ASSERT_EQ(ToString(expression), "OK")
#define EXPECT_OK(expression) EXPECT_EQ(ToString(expression), "OK")

constexpr const char* kSource = "source";
constexpr const char* kTarget = "target";
constexpr uint64_t kDatabase = 77;
constexpr uint64_t kManifest = 1;

struct Row {
  std::string key;
  Timestamp ts = 0;
  std::optional<std::string> value;  // nothing: a tombstone
};

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

class RepairTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(disk_.CreateDirectory(kSource));
    state_.database_id = kDatabase;
    state_.next_file_number = 100;
    state_.timestamp_ceiling = 1'000'000;
  }

  Options SmallOptions() {
    Options options;
    options.file_system = &disk_;
    options.clock = &clock_;
    options.executor = &executor_;
    options.random_seed = 7;
    options.key_page_bytes = options.value_page_bytes = 256;
    options.min_free_bytes = 0;
    return options;
  }

  static std::string Path(const std::string& name) { return JoinPath(kSource, name); }

  // Writes `rows` in order. What is recorded about the segment is for WriteManifest.
  void AddSegment(uint64_t number, int level, const std::vector<Row>& rows) {
    auto file = disk_.Open(Path(SegmentFileName(number)), OpenMode::kCreate);
    ASSERT_OK(file.status());
    auto writer =
        SegmentWriter::Create(*std::move(file), ToSegmentOptions(SmallOptions(), level, false));
    ASSERT_OK(writer.status());
    for (const Row& row : rows) {
      ASSERT_OK((*writer)->Add({0, row.key, row.ts,
                                row.value.has_value() ? EntryKind::kPut : EntryKind::kDelete,
                                row.value.value_or("")}));
    }
    const auto summary = (*writer)->Finish();
    ASSERT_OK(summary.status());
    FileMeta meta;
    meta.number = number;
    meta.bytes = summary->file_bytes;
    meta.entries = summary->entries;
    meta.tombstones = summary->tombstones;
    meta.smallest_ns = summary->smallest_ns;
    meta.smallest_key = summary->smallest_key;
    meta.largest = summary->largest;
    meta.min_ts = summary->min_ts;
    meta.max_ts = summary->max_ts;
    edit_.added_files.push_back({level, /*run_id=*/number, meta});
  }

  // Adds a log whose manifest entry is for WriteManifest.
  std::unique_ptr<LogWriter> AddLog(uint64_t number, uint32_t continues) {
    auto file = disk_.Open(Path(LogFileName(number)), OpenMode::kCreate);
    EXPECT_OK(file.status());
    edit_.added_logs.push_back({number, number * 1000});
    return std::make_unique<LogWriter>(*std::move(file), number, number * 1000, continues);
  }

  static void Put(LogWriter& log, Timestamp ts, LogPosition synced_through,
                  const std::string& value = "value") {
    const std::string key = StrCat("key", ts);
    LogOperation operation;
    operation.key = key;
    operation.value = value;
    log.Stage(ts, synced_through, {&operation, 1});
    EXPECT_OK(log.Commit());
  }

  void WriteManifest() {
    auto state = state_.Apply(edit_);
    ASSERT_OK(state.status());
    const auto manifest = ManifestLog::Create(&disk_, kSource, kManifest, *state);
    ASSERT_OK(manifest.status());
    ASSERT_OK((*manifest)->Close());
  }

  RepairReport Repair(RepairOptions repair = {}) {
    RepairReport report;
    status_ = RepairDatabase(SmallOptions(), kSource, kTarget, repair, &report);
    return report;
  }

  std::set<std::string> KeysOfTarget() {
    std::set<std::string> keys;
    Options options = SmallOptions();
    options.create_if_missing = false;
    const auto db = Db::Open(kTarget, options);
    EXPECT_OK(db.status());
    if (db.ok()) {
      const auto it = (*db)->NewIterator({});
      for (it->SeekToFirst(); it->Valid(); it->Next()) {
        keys.insert(std::string(it->key()));
      }
      EXPECT_OK(it->status());
    }
    return keys;
  }

  static const RepairReport::Lost* LostOf(const RepairReport& report, const std::string& file) {
    const auto found = std::find_if(report.lost.begin(), report.lost.end(),
                                    [&](const auto& lost) { return lost.file == file; });
    return found == report.lost.end() ? nullptr : &*found;
  }

  static std::string Text(const RepairReport& report) {
    std::string text;
    for (const std::string& note : report.notes) {
      StrAppend(&text, "note: ", note, "\n");
    }
    for (const std::string& file : report.left_out) {
      StrAppend(&text, "left out: ", file, "\n");
    }
    for (const RepairReport::Lost& lost : report.lost) {
      StrAppend(&text, "LOST: ", lost.file, " offset ", lost.offset.value_or(0), ": ", lost.what,
                "\n");
    }
    for (const std::string& risk : report.risks) {
      StrAppend(&text, "RISK: ", risk, "\n");
    }
    return text;
  }

  SimulatedClock clock_;
  SimulatedExecutor executor_{1, &clock_, SimulatedExecutor::Order::kFifo};
  SimulatedFileSystem disk_;
  ManifestState state_;
  VersionEdit edit_;
  absl::Status status_;
};

// --- Segments ------------------------------------------------------------------------------------

class RepairOfSegments : public RepairTest {
 protected:
  std::string BytesOf(uint64_t number) {
    return *ReadWholeFile(disk_, Path(SegmentFileName(number)), 1 << 20);
  }

  // A tombstone in one file hides an entry in another.
  void HideOneByAnother() {
    AddSegment(2, 7, {{"deleted", 10, "old"}, {"other", 10, "old"}});
    AddSegment(3, 0, {{"deleted", 20, std::nullopt}});
    WriteManifest();
  }

  void ExpectTheRiskIsNamed() {
    const RepairReport report = Repair();
    ASSERT_OK(status_);
    EXPECT_NE(LostOf(report, SegmentFileName(3)), nullptr) << Text(report);
    ASSERT_EQ(report.risks.size(), 1u) << Text(report);
    EXPECT_TRUE(Contains(report.risks[0], SegmentFileName(3))) << report.risks[0];
    EXPECT_TRUE(Contains(report.risks[0], "deleted or replaced")) << report.risks[0];
    EXPECT_EQ(KeysOfTarget(), (std::set<std::string>{"deleted", "other"}));
  }

  // Lets the manifest record {ours1, ours3} under the name that these rows then get.
  void PutAnotherInPlaceOf2(const std::vector<Row>& rows) {
    AddSegment(2, 7, {{"ours1", 10, "value"}, {"ours3", 30, "value"}});
    AddSegment(4, 7, {{"zebra", 10, "value"}});
    WriteManifest();
    ASSERT_OK(disk_.Remove(Path(SegmentFileName(2))));
    AddSegment(2, 7, rows);
  }

  void ExpectNoneOfItsRows() {
    const RepairReport report = Repair();
    ASSERT_OK(status_);
    const RepairReport::Lost* lost = LostOf(report, SegmentFileName(2));
    ASSERT_NE(lost, nullptr) << Text(report);
    EXPECT_TRUE(Contains(lost->what, "is not the segment that the manifest records")) << lost->what;
    EXPECT_EQ(KeysOfTarget(), std::set<std::string>{"zebra"}) << Text(report);
    EXPECT_EQ(report.kept.size(), 1u);
  }
};

TEST_F(RepairOfSegments, ThatWhatALostRowHidIsBackIsARisk) {
  HideOneByAnother();
  const size_t block_at = BytesOf(3).find("VRLB");
  for (size_t at = 4; at < block_at; ++at) {
    disk_.FlipBit(Path(SegmentFileName(3)), at * 8);
  }
  ExpectTheRiskIsNamed();
}

TEST_F(RepairOfSegments, ThatWhatAMissingFileHidIsBackIsARisk) {
  HideOneByAnother();
  ASSERT_OK(disk_.Remove(Path(SegmentFileName(3))));
  ExpectTheRiskIsNamed();
}

TEST_F(RepairOfSegments, ThatWhatAnUnreadableFileHidIsBackIsARisk) {
  HideOneByAnother();
  disk_.SetFaults(*ParseFaultPlan("open@000003.parquet#1+=eio"));
  ExpectTheRiskIsNamed();
}

// Another database's segment under the name of one of ours, and damaged, too: its rows were never
// written here.
TEST_F(RepairOfSegments, ADamagedOneThatIsNotTheOneRecordedIsKnownByItsBlock) {
  PutAnotherInPlaceOf2({{"ours1", 10, "value"}, {"ours2", 20, "foreign"}, {"ours3", 30, "value"}});
  disk_.FlipBit(Path(SegmentFileName(2)), (BytesOf(2).size() - 9) * 8);  // of the footer
  ExpectNoneOfItsRows();
}

TEST_F(RepairOfSegments, ADamagedOneThatIsNotTheOneRecordedIsKnownByItsRows) {
  PutAnotherInPlaceOf2({{"foreign", 10, "value"}, {"ours2", 20, "foreign"}});
  disk_.FlipBit(Path(SegmentFileName(2)), (BytesOf(2).find("VRLB") + 20) * 8);
  ExpectNoneOfItsRows();
}

TEST_F(RepairOfSegments, CountsTheConflictsThatItDoesNotName) {
  std::vector<Row> rows;
  for (int i = 0; i < 25; ++i) {
    rows.push_back({StrCat("key", 100 + i), 10, "one"});
  }
  AddSegment(2, 7, rows);
  for (Row& row : rows) {
    row.value = "another";
  }
  AddSegment(3, 0, rows);
  WriteManifest();
  const RepairReport report = Repair();
  ASSERT_OK(status_);
  EXPECT_EQ(report.duplicates, 25u);
  ASSERT_EQ(report.risks.size(), 21u) << Text(report);
  EXPECT_TRUE(Contains(report.risks.back(), "5 more")) << report.risks.back();
}

TEST_F(RepairOfSegments, SaysWhyTheSegmentBlockIsOfNoUse) {
  AddSegment(2, 7, {{"key", 10, "value"}});
  WriteManifest();
  ASSERT_OK((*disk_.Open(Path(SegmentFileName(2)), OpenMode::kReadWrite))
                ->Truncate(BytesOf(2).find("VRLB") + 30));
  const RepairReport report = Repair();
  ASSERT_OK(status_);
  const auto range_deletes =
      std::find_if(report.lost.begin(), report.lost.end(),
                   [](const auto& lost) { return Contains(lost.what, "range deletes"); });
  ASSERT_NE(range_deletes, report.lost.end()) << Text(report);
  EXPECT_TRUE(Contains(range_deletes->what, "no segment block was found")) << range_deletes->what;
}

// Segments that are whole are read twice: when they are checked, and when they are merged.
// Whichever read fails, repair says so, or what it writes has everything.
TEST_F(RepairOfSegments, AReadThatFailsIsNeverPassedOver) {
  std::vector<Row> rows;
  for (int i = 0; i < 60; ++i) {
    rows.push_back({StrCat("key", 100 + i), 10, std::string(30, 'v')});
  }
  AddSegment(2, 7, rows);
  WriteManifest();
  int errors = 0;
  for (int read = 1;; ++read) {
    const std::string target = StrCat("target", read);
    disk_.SetFaults(*ParseFaultPlan(StrCat("read@000002.parquet#", read, "=eio")));
    RepairReport report;
    const absl::Status status = RepairDatabase(SmallOptions(), kSource, target, {}, &report);
    const bool met = disk_.faults_fired() > 0;
    disk_.SetFaults({});
    errors += status.ok() ? 0 : 1;
    if (!status.ok() || !report.lost.empty()) {
      continue;  // it says so
    }
    const absl::StatusOr<std::unique_ptr<Db>> db = Db::Open(target, SmallOptions());
    ASSERT_OK(db.status());
    const auto it = (*db)->NewIterator({});
    size_t found = 0;
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      ++found;
    }
    EXPECT_OK(it->status());
    EXPECT_EQ(found, rows.size()) << "read " << read;
    if (!met) {
      break;
    }
  }
  EXPECT_GT(errors, 0);
}

// --- Manifests -----------------------------------------------------------------------------------

// A log that no edit names: if it cannot be opened, that does not mean that it is empty.
TEST_F(RepairTest, DoesNotTakeALogThatCannotBeReadForAnEmptyOne) {
  AddSegment(2, 7, {{"key", 10, "value"}});
  WriteManifest();
  const auto log = AddLog(200, 0);
  Put(*log, 500, {});
  for (const char* call : {"open", "size"}) {
    SCOPED_TRACE(call);
    disk_.SetFaults(*ParseFaultPlan(StrCat(call, "@000200.log#1+=eio")));
    RepairOptions dry;
    dry.dry_run = true;
    const RepairReport report = Repair(dry);
    ASSERT_OK(status_);
    const RepairReport::Lost* lost = LostOf(report, LogFileName(200));
    ASSERT_NE(lost, nullptr) << Text(report);
    EXPECT_TRUE(Contains(lost->what, "UNAVAILABLE")) << lost->what;
  }
}

TEST_F(RepairTest, NamesTheTornTailOfTheManifest) {
  AddSegment(2, 7, {{"key", 10, "value"}});
  WriteManifest();
  const auto file = disk_.Open(Path(ManifestFileName(kManifest)), OpenMode::kReadWrite);
  ASSERT_OK(file.status());
  const uint64_t end = *(*file)->Size();
  ASSERT_OK((*file)->Append("half a record"));
  const RepairReport report = Repair();
  ASSERT_OK(status_);
  EXPECT_TRUE(report.lost.empty()) << Text(report);
  EXPECT_TRUE(Contains(Text(report), StrCat("torn tail of 13 bytes from offset ", end)))
      << Text(report);
}

// A manifest that another database left here is not the newest of ours.
TEST_F(RepairTest, DoesNotBelieveAManifestOfAnotherDatabase) {
  for (const bool has_current : {false, true}) {
    SCOPED_TRACE(has_current);
    if (!has_current) {
      AddSegment(2, 7, {{"key", 10, "value"}});
      WriteManifest();
      ManifestState other;
      other.database_id = kDatabase + 1;
      other.next_file_number = 51;
      other.timestamp_ceiling = 5;
      ASSERT_OK(ManifestLog::Create(&disk_, kSource, 50, other).status());
      ASSERT_OK(disk_.Remove(Path(std::string(kCurrentFileName))));
    } else {  // which leads to damage
      const auto current = disk_.Open(Path(std::string(kCurrentFileName)), OpenMode::kCreate);
      ASSERT_OK(current.status());
      ASSERT_OK((*current)->Append(CurrentText({kManifest, kDatabase})));
      disk_.FlipBit(Path(ManifestFileName(kManifest)), 60 * 8);
    }
    RepairOptions dry;
    dry.dry_run = true;
    const RepairReport report = Repair(dry);
    ASSERT_OK(status_);
    ASSERT_EQ(report.kept.size(), 1u) << Text(report);
    EXPECT_EQ(report.kept[0].file, SegmentFileName(2));
    EXPECT_FALSE(report.risks.empty());
    EXPECT_TRUE(Contains(Text(report), "belongs to another database")) << Text(report);
  }
}

// --- Logs ----------------------------------------------------------------------------------------

class RepairOfLogs : public RepairTest {
 protected:
  // Two logs with three records each. The second one's records say that all of the first was
  // synced. The first is cut after its second record.
  void CutTheFirst() {
    const auto first = AddLog(5, 0);
    Put(*first, 10, {});
    Put(*first, 20, {});
    cut_ = first->end().offset;
    Put(*first, 30, {});
    EXPECT_OK(first->Sync());
    const auto second = AddLog(6, first->checksum());
    for (const Timestamp ts : {40, 50, 60}) {
      Put(*second, ts, first->end());
    }
    WriteManifest();
    ASSERT_OK((*disk_.Open(Path(LogFileName(5)), OpenMode::kReadWrite))->Truncate(cut_));
  }

  void ExpectTheEndOfTheFirstIsLost(const RepairReport& report) const {
    ASSERT_OK(status_);
    const RepairReport::Lost* lost = LostOf(report, LogFileName(5));
    ASSERT_NE(lost, nullptr) << Text(report);
    EXPECT_EQ(lost->offset, cut_) << Text(report);
    EXPECT_FALSE(Contains(Text(report), "never known to be synced")) << Text(report);
  }

  uint64_t cut_ = 0;
};

TEST_F(RepairOfLogs, ALostEndIsNamedByTheLogThatLostIt) {
  CutTheFirst();
  ExpectTheEndOfTheFirstIsLost(Repair());
  EXPECT_EQ(KeysOfTarget(), (std::set<std::string>{"key10", "key20"}));
}

TEST_F(RepairOfLogs, ALostEndIsSeenAlsoWhereTheNextHeaderIsDamaged) {
  CutTheFirst();
  disk_.FlipBit(Path(LogFileName(6)), 13 * 8);
  ExpectTheEndOfTheFirstIsLost(Repair());
  EXPECT_EQ(KeysOfTarget(), (std::set<std::string>{"key10", "key20"}));
}

TEST_F(RepairOfLogs, ALostEndIsSeenAlsoWhereWhatIsBehindDamageIsTaken) {
  CutTheFirst();
  disk_.FlipBit(Path(LogFileName(6)), 13 * 8);
  RepairOptions repair;
  repair.behind_damage = true;
  const RepairReport report = Repair(repair);
  ExpectTheEndOfTheFirstIsLost(report);
  EXPECT_EQ(KeysOfTarget(), (std::set<std::string>{"key10", "key20", "key40", "key50", "key60"}));
  ASSERT_FALSE(report.risks.empty()) << Text(report);
  EXPECT_TRUE(Contains(report.risks[0], "writes in between are missing")) << Text(report);
}

// The record that named the log is damaged; a later one says how far it had been synced.
TEST_F(RepairOfLogs, ALogThatOnlyItsSyncedPlaceNamesIsLost) {
  for (const bool missing : {false, true}) {
    SCOPED_TRACE(missing);
    if (!missing) {
      AddSegment(2, 7, {{"key", 10, "value"}});
      const auto state = state_.Apply(edit_);
      ASSERT_OK(state.status());
      const auto manifest = ManifestLog::Create(&disk_, kSource, kManifest, *state);
      ASSERT_OK(manifest.status());
      const uint64_t at = (*manifest)->bytes();
      VersionEdit adds;
      adds.added_logs.push_back({5, 5000});
      ASSERT_OK((*manifest)->Append(adds));
      VersionEdit synced;
      synced.logs_synced_through = LogPosition{5, 400};
      ASSERT_OK((*manifest)->Append(synced));
      ASSERT_OK((*manifest)->Close());
      disk_.FlipBit(Path(ManifestFileName(kManifest)), (at + 30) * 8);
      ASSERT_OK(disk_.Open(Path(LogFileName(5)), OpenMode::kCreate).status());
    } else {
      ASSERT_OK(disk_.Remove(Path(LogFileName(5))));
    }
    RepairOptions dry;
    dry.dry_run = true;
    const RepairReport report = Repair(dry);
    ASSERT_OK(status_);
    EXPECT_NE(LostOf(report, LogFileName(5)), nullptr) << Text(report);
  }
}

// Even if many places are damaged: not each of them reads everything after it.
TEST_F(RepairOfLogs, ManyDamagedPlacesAreReadInLinearTime) {
  constexpr uint64_t kRecords = 2000;
  const auto log = AddLog(5, 0);
  std::vector<uint64_t> offsets;
  for (uint64_t i = 0; i < kRecords; ++i) {
    offsets.push_back(log->end().offset);
    Put(*log, 10 + i, {}, std::string(1000, 'v'));
  }
  WriteManifest();
  for (uint64_t i = 1; i < kRecords; i += 2) {
    disk_.FlipBit(Path(LogFileName(5)), (offsets[i] + 200) * 8);
  }
  RepairOptions repair;
  repair.behind_damage = true;
  repair.dry_run = true;
  const uint64_t calls = disk_.calls();
  const RepairReport report = Repair(repair);
  ASSERT_OK(status_);
  ASSERT_EQ(report.kept.size(), 1u);
  EXPECT_EQ(report.kept[0].entries, kRecords / 2);
  EXPECT_LT(disk_.calls() - calls, kRecords);
}

}  // namespace
}  // namespace veralith
