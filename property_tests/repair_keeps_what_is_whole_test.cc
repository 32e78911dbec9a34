// SPDX-License-Identifier: Apache-2.0

// Repair never invents anything, loses nothing silently, and keeps everything whose bytes are
// whole.
//
// Takes random databases, closed or killed. Undamaged, the result equals the original at every
// timestamp that can be read. Then CURRENT, manifests, logs and segments are damaged at random
// (flipped bits, cuts, removals). Repair fails only if nothing is left, and its source stays as it
// was. Its result passes the check, every version in it was written once, and it has every row and
// record that the damage did not reach.
#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/fs/file_helpers.h"
#include "core/log/log_reader.h"
#include "core/manifest/file_names.h"
#include "core/manifest/manifest_log.h"
#include "core/segment/read/segment_file.h"
#include "core/segment/read/segment_reader.h"
#include "gtest/gtest.h"
#include "property_tests/generators/random_database.h"
#include "veralith/check_database.h"
#include "veralith/repair.h"

namespace veralith {
namespace {

using Version = RandomDatabase::Version;
using Range = RandomDatabase::Range;
using Contents = RandomDatabase::Contents;

constexpr const char* kSource = Simulation::kDirectory;
constexpr const char* kTarget = "repaired";

// --- What files hold -----------------------------------------------------------------------------

Version ToVersion(const EntryView& entry) {
  return {entry.ns, std::string(entry.key), entry.ts, entry.kind == EntryKind::kDelete,
          std::string(entry.value)};
}
Range ToRange(const RangeTombstoneView& range) {
  return {range.ns, std::string(range.begin), std::string(range.open_end ? "" : range.end),
          range.open_end, range.ts};
}

struct Place {
  uint64_t begin = 0;
  uint64_t end = 0;
};

struct Row {
  Version version;
  size_t group = 0;
  std::array<Place, kSegmentColumns> pages;
  std::array<uint64_t, kSegmentColumns> page_first_rows;
};

struct SegmentContents {
  std::string path;
  std::vector<Row> rows;
  std::vector<Range> ranges;
  Place block;   // up to the footer
  Place footer;  // up to the end of the file
};

struct Record {
  Place place;
  std::vector<Version> versions;
  std::vector<Range> ranges;
};

struct LogContents {
  std::string path;
  std::vector<Record> records;
};

// Everything that the live files of a database hold, and where.
struct Whole {
  std::vector<SegmentContents> segments;
  std::vector<LogContents> logs;  // oldest first
};

SegmentContents ReadSegment(SimulatedFileSystem& disk, const std::string& path) {
  SegmentContents contents;
  contents.path = path;
  const auto file = OpenSegmentFile(*disk.Open(path, OpenMode::kRead), 1 << 28, std::nullopt);
  EXPECT_TRUE(file.ok()) << file.status();
  const auto reader = SegmentReader::Open(*disk.Open(path, OpenMode::kRead), {});
  EXPECT_TRUE(reader.ok()) << reader.status();
  const SegmentBlockView& block = (*file)->block;
  contents.block = {(*file)->block_at, (*file)->block_at + (*file)->block_size};
  contents.footer = {contents.block.end, (*file)->file_bytes};
  for (const RangeTombstoneView& range : (*reader)->range_tombstones()) {
    contents.ranges.push_back(ToRange(range));
  }
  const auto it = (*reader)->NewStream(false);
  uint64_t number = 0;
  for (it->SeekToFirst(); it->Valid(); it->Next(), ++number) {
    Row row;
    row.version = ToVersion(it->entry());
    row.group = block.RowGroupOfRow(number);
    for (size_t c = 0; c < kSegmentColumns; ++c) {
      const auto column = static_cast<SegmentColumn>(c);
      const SegmentPage page = block.Page(column, block.PageOfRow(column, number));
      row.pages[c] = {page.offset, page.offset + page.bytes};
      row.page_first_rows[c] = page.first_row;
    }
    contents.rows.push_back(std::move(row));
  }
  EXPECT_TRUE(it->status().ok()) << it->status();
  return contents;
}

LogContents ReadLog(SimulatedFileSystem& disk, const std::string& path, uint64_t number,
                    uint64_t id) {
  LogContents contents;
  contents.path = path;
  const auto reader = LogReader::Open(*disk.Open(path, OpenMode::kRead), number, id);
  EXPECT_TRUE(reader.ok());
  LogRecordView view;
  while (*(*reader)->Next(&view)) {
    Record record;
    record.place = {(*reader)->record_position().offset, 0};
    LogOperation operation;
    for (auto cursor = view.operations(); cursor.Next(&operation);) {
      if (operation.kind == LogOperation::Kind::kDeleteRange) {
        record.ranges.push_back(
            ToRange({operation.ns, operation.key, operation.value, operation.open_end, view.ts()}));
      } else {
        record.versions.push_back({operation.ns, std::string(operation.key), view.ts(),
                                   operation.kind == LogOperation::Kind::kDelete,
                                   std::string(operation.value)});
      }
    }
    if (!contents.records.empty()) {
      contents.records.back().place.end = record.place.begin;
    }
    contents.records.push_back(std::move(record));
  }
  if (!contents.records.empty()) {
    contents.records.back().place.end = (*reader)->end().offset;
  }
  return contents;
}

Whole ReadDatabase(SimulatedFileSystem& disk, const std::string& directory) {
  Whole whole;
  const auto manifest = RecoverManifest(&disk, directory, *disk.List(directory));
  EXPECT_TRUE(manifest.ok()) << manifest.status();
  const ManifestState& state = (*manifest)->state;
  for (const uint64_t number : state.version->FileNumbers()) {
    whole.segments.push_back(ReadSegment(disk, JoinPath(directory, SegmentFileName(number))));
  }
  for (const auto& [number, id] : state.logs) {
    whole.logs.push_back(ReadLog(disk, JoinPath(directory, LogFileName(number)), number, id));
  }
  return whole;
}

// --- Damage --------------------------------------------------------------------------------------

struct Damage {
  bool removed = false;
  std::optional<uint64_t> cut;
  std::set<uint64_t> flipped;  // offsets

  bool any() const { return removed || cut.has_value() || !flipped.empty(); }
  bool Hits(const Place& place) const {
    const auto it = flipped.lower_bound(place.begin);
    return removed || (cut.has_value() && *cut < place.end) ||
           (it != flipped.end() && *it < place.end);
  }
};
using DamageByPath = std::map<std::string, Damage>;

std::string Plain(const std::string& path) { return path.starts_with('/') ? path.substr(1) : path; }

std::string Describe(const DamageByPath& damages) {
  std::string text;
  for (const auto& [path, damage] : damages) {
    StrAppend(&text, path, damage.removed ? " removed" : "");
    if (damage.cut.has_value()) {
      StrAppend(&text, " cut to ", *damage.cut);
    }
    for (const uint64_t offset : damage.flipped) {
      StrAppend(&text, " flipped ", offset);
    }
    text += "; ";
  }
  return text;
}

DamageByPath DamageAtRandom(SimulatedFileSystem& disk, Random& random) {
  std::vector<std::pair<std::string, uint64_t>> victims;
  for (const auto& [path, bytes] : disk.Files()) {
    const auto name = ParseFileName(path.substr(path.rfind('/') + 1));
    if (name.has_value() && name->kind != FileKind::kLock && !bytes.empty()) {
      victims.emplace_back(path, bytes.size());
    }
  }
  DamageByPath damages;
  for (uint64_t i = random.Below(4) + 1; i > 0; --i) {
    const auto& [path, bytes] = victims[random.Below(victims.size())];
    Damage& damage = damages[Plain(path)];
    if (damage.removed || damage.cut.has_value()) {
      continue;
    }
    switch (random.Below(6)) {
      case 0:
        damage.removed = true;
        EXPECT_TRUE(disk.Remove(path).ok());
        break;
      case 1:
        if (damage.flipped.empty()) {
          damage.cut = random.Below(bytes);
          EXPECT_TRUE((*disk.Open(path, OpenMode::kReadWrite))->Truncate(*damage.cut).ok());
        }
        break;
      default:
        // The ends of files, where the metadata is, as often as all the rest.
        const uint64_t tail = std::min<uint64_t>(bytes, 900);
        const uint64_t offset =
            random.OneIn(2) ? bytes - 1 - random.Below(tail) : random.Below(bytes);
        if (damage.flipped.insert(offset).second) {
          disk.FlipBit(path, offset * 8 + random.Below(8));
        }
    }
  }
  return damages;
}

// --- What must be kept ---------------------------------------------------------------------------

struct Kept {
  std::set<Version> versions;
  std::vector<Range> ranges;
};

// Adds the rows that segment_salvage.h promises.
void AddReadable(const SegmentContents& segment, const Damage& damage, Kept* kept) {
  if (damage.removed) {
    return;
  }
  const bool block = !damage.Hits(segment.block);
  const bool footer = !damage.Hits(segment.footer);
  if (block) {
    kept->ranges.insert(kept->ranges.end(), segment.ranges.begin(), segment.ranges.end());
  }
  if (!block && !footer && !damage.cut.has_value()) {
    return;  // pages are found one after the other: any damaged one may end the group
  }
  bool ended = false;
  std::map<size_t, uint64_t> first_hit;  // by row group: the first row of a page that was hit
  for (const Row& row : segment.rows) {
    for (size_t c = 0; c < kSegmentColumns; ++c) {
      if (damage.Hits(row.pages[c])) {
        uint64_t& first = first_hit.try_emplace(row.group, row.page_first_rows[c]).first->second;
        first = std::min(first, row.page_first_rows[c]);
      }
    }
  }
  for (size_t number = 0; number < segment.rows.size(); ++number) {
    const Row& row = segment.rows[number];
    const auto hit = first_hit.find(row.group);
    const bool before = hit == first_hit.end() || number < hit->second;
    bool readable = before;
    if (block) {
      readable =
          !damage.Hits(row.pages[1]) && !damage.Hits(row.pages[2]) && !damage.Hits(row.pages[3]);
    } else if (!footer) {
      ended = ended || !before;
      readable = !ended;
    }
    if (readable) {
      kept->versions.insert(row.version);
    }
  }
}

void AddRecord(const Record& record, Kept* kept) {
  kept->versions.insert(record.versions.begin(), record.versions.end());
  kept->ranges.insert(kept->ranges.end(), record.ranges.begin(), record.ranges.end());
}

void AddReadable(const std::vector<LogContents>& logs, const DamageByPath& damages,
                 bool behind_damage, Kept* kept) {
  for (const LogContents& log : logs) {
    const auto it = damages.find(Plain(log.path));
    const Damage damage = it == damages.end() ? Damage() : it->second;
    const bool header = !damage.Hits({0, 40});
    if (!header && !behind_damage) {
      return;
    }
    for (const Record& record : log.records) {
      const bool whole = header && !damage.Hits(record.place);
      if (whole) {
        AddRecord(record, kept);
      } else if (!behind_damage) {
        return;
      }
    }
    if (!behind_damage && damage.any()) {
      return;
    }
  }
}

Kept MustBeKept(const Whole& whole, const DamageByPath& damages, bool behind_damage) {
  Kept kept;
  for (const SegmentContents& segment : whole.segments) {
    const auto it = damages.find(Plain(segment.path));
    AddReadable(segment, it == damages.end() ? Damage() : it->second, &kept);
  }
  AddReadable(whole.logs, damages, behind_damage, &kept);
  return kept;
}

// --- The source is only read ---------------------------------------------------------------------

// Refuses everything that changes files in one directory.
class Guarded final : public FileSystem {
 public:
  Guarded(FileSystem& base, std::string directory)
      : base_(base), prefix_(std::move(directory) + "/") {}

  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override {
    if (mode != OpenMode::kRead) {
      Check(path);
    }
    return base_.Open(path, mode);
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    Check(from);
    Check(to);
    return base_.Rename(from, to);
  }
  absl::Status Link(const std::string& from, const std::string& to) override {
    Check(from);
    Check(to);
    return base_.Link(from, to);
  }
  absl::Status Remove(const std::string& path) override {
    Check(path);
    return base_.Remove(path);
  }
  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override {
    return base_.List(directory);
  }
  absl::Status CreateDirectory(const std::string& path) override {
    Check(path);
    return base_.CreateDirectory(path);
  }
  absl::Status RemoveDirectory(const std::string& path) override {
    Check(path);
    return base_.RemoveDirectory(path);
  }
  absl::Status SyncDirectory(const std::string& path) override {
    Check(path + "/");
    return base_.SyncDirectory(path);
  }
  absl::StatusOr<bool> Exists(const std::string& path) override { return base_.Exists(path); }
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path, LockMode mode) override {
    if (mode != LockMode::kShared) {
      Check(path);
    }
    return base_.Lock(path, mode);
  }
  absl::StatusOr<uint64_t> FreeBytes(const std::string& directory) override {
    return base_.FreeBytes(directory);
  }

 private:
  void Check(const std::string& path) const {
    EXPECT_FALSE(path.starts_with(prefix_)) << "the source is written: " << path;
  }
  FileSystem& base_;
  const std::string prefix_;
};

std::vector<std::pair<std::string, std::string>> FilesOfSource(const SimulatedFileSystem& disk) {
  auto files = disk.Files();
  std::erase_if(files, [](const auto& file) { return !Plain(file.first).starts_with("db/"); });
  return files;
}

// --- The tests -----------------------------------------------------------------------------------

class Repair : public testing::TestWithParam<int> {
 protected:
  uint64_t seed() const { return static_cast<uint64_t>(GetParam()); }

  void SetUp() override {
    database_ = std::make_unique<RandomDatabase>(seed());
    database_->Run(30 + 12 * static_cast<int>(seed() % 12));
    switch (seed() % 3) {
      case 0:
        database_->Close();
        break;
      case 1:
        database_->Kill();
        break;
      default:
        database_->CloseWithoutRoomForSegments();
    }
    whole_ = ReadDatabase(database_->simulation().disk(), kSource);
    for (const Version& version : database_->versions()) {
      written_.insert(version);
    }
  }

  absl::Status RunRepair(SimulatedFileSystem& disk, const RepairOptions& repair,
                         RepairReport* report) {
    Guarded guarded(disk, kSource);
    Options options = database_->simulation().SmallOptions();
    options.file_system = &guarded;
    const auto before = FilesOfSource(disk);
    const absl::Status status = RepairDatabase(options, kSource, kTarget, repair, report);
    EXPECT_TRUE(before == FilesOfSource(disk));
    return status;
  }

  absl::StatusOr<std::unique_ptr<Db>> OpenTarget(SimulatedFileSystem& disk) {
    Options options = database_->simulation().SmallOptions();
    options.file_system = &disk;
    return Db::Open(kTarget, options);
  }

  static void ExpectSound(SimulatedFileSystem& disk) {
    CheckReport check;
    const absl::Status status = CheckDatabase(disk, kTarget, nullptr, &check);
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_TRUE(check.damage.empty()) << check.damage[0];
    EXPECT_TRUE(check.notes.empty()) << check.notes[0];
  }

  // Returns all that the result's files hold.
  static Kept ReadResult(SimulatedFileSystem& disk) {
    Kept result;
    for (const SegmentContents& segment : ReadDatabase(disk, kTarget).segments) {
      for (const Row& row : segment.rows) {
        EXPECT_TRUE(result.versions.insert(row.version).second) << "a version twice";
      }
      result.ranges.insert(result.ranges.end(), segment.ranges.begin(), segment.ranges.end());
    }
    return result;
  }

  void ExpectNothingInvented(const Kept& result) const {
    for (const Version& version : result.versions) {
      EXPECT_TRUE(written_.contains(version))
          << version.ns << ":" << QuoteKey(version.key) << " at " << version.ts;
    }
    for (const Range& range : result.ranges) {
      EXPECT_TRUE(std::any_of(database_->ranges().begin(), database_->ranges().end(),
                              [&](const Range& written) {
                                return written.ts == range.ts && written.ns == range.ns &&
                                       written.begin <= range.begin &&
                                       (written.open_end ||
                                        (!range.open_end && range.end <= written.end));
                              }))
          << QuoteKey(range.begin) << " to " << QuoteKey(range.end) << " at " << range.ts;
    }
  }

  // Checks at each end of each piece, because pieces may be cut and joined.
  static bool Covers(const std::vector<Range>& ranges, const Range& piece) {
    std::string at = piece.begin;
    for (bool moved = true; moved;) {
      moved = false;
      for (const Range& range : ranges) {
        if (range.ts == piece.ts && range.Covers(piece.ns, at)) {
          if (range.open_end || (!piece.open_end && piece.end <= range.end)) {
            return true;
          }
          moved = range.end > at;
          at = range.end;
        }
      }
    }
    return false;
  }

  size_t CountMissing(const Kept& result, const Kept& expected) const {
    size_t missing = 0;
    for (const Version& version : expected.versions) {
      missing += result.versions.contains(version) ? 0 : 1;
    }
    for (const Range& range : expected.ranges) {
      missing += Covers(result.ranges, range) ? 0 : 1;
    }
    return missing;
  }

  std::unique_ptr<RandomDatabase> database_;
  Whole whole_;
  std::set<Version> written_;
};

TEST_P(Repair, OfAWholeDatabaseIsTheSameDatabase) {
  SimulatedFileSystem& disk = database_->simulation().disk();
  RepairReport report;
  ASSERT_TRUE(RunRepair(disk, {}, &report).ok());
  EXPECT_TRUE(report.lost.empty()) << report.lost[0].file << ": " << report.lost[0].what;
  EXPECT_TRUE(report.risks.empty()) << report.risks[0];
  ExpectSound(disk);
  absl::StatusOr<std::unique_ptr<Db>> repaired = OpenTarget(disk);
  ASSERT_TRUE(repaired.ok()) << repaired.status();
  EXPECT_EQ(*RandomDatabase::ReadAll(**repaired), database_->Read());
  const Timestamp floor = (*repaired)->GetStatistics().history_floor;
  const Timestamp last = (*repaired)->LastTimestamp();
  EXPECT_EQ(last, database_->db().LastTimestamp());
  // Also compares history: recovery of the original may have dropped some, the repaired one has it
  // all.
  for (const Version& version : database_->versions()) {
    if (version.ts < floor || version.ts > last || version.ts % 3 != 0) {
      continue;
    }
    std::vector<Version> versions = database_->versions();
    std::vector<Range> ranges = database_->ranges();
    std::erase_if(versions, [&](const Version& v) { return v.ts > version.ts; });
    std::erase_if(ranges, [&](const Range& r) { return r.ts > version.ts; });
    const Contents expected = RandomDatabase::StateOf(versions, ranges);
    PinnedValue value;
    ReadOptions past;
    past.timestamp = version.ts;
    for (const Version& other : versions) {
      const absl::StatusOr<bool> found = (*repaired)->Get(past, other.ns, other.key, &value);
      ASSERT_TRUE(found.ok()) << found.status();
      const auto it = expected.find({other.ns, other.key});
      ASSERT_EQ(*found, it != expected.end());
      ASSERT_TRUE(!*found || value.view() == it->second);
    }
  }
  WriteBatch batch;
  batch.Put("new", "write");
  EXPECT_GT(*(*repaired)->Write({}, batch), last);
  EXPECT_TRUE((*repaired)->Close().ok());
}

TEST_P(Repair, OfADamagedDatabaseKeepsWhatIsWholeAndInventsNothing) {
  Random random(seed() * 1000);
  int lossless = 0;
  for (int round = 0; round < 24; ++round) {
    const auto disk = database_->simulation().disk().CloneWithEverything();
    const DamageByPath damages = DamageAtRandom(*disk, random);
    SCOPED_TRACE(StrCat("seed ", seed(), " round ", round, ": ", Describe(damages)));
    RepairOptions repair;
    repair.behind_damage = round % 2 == 1;
    const Kept expected = MustBeKept(whole_, damages, repair.behind_damage);
    RepairReport report;
    const absl::Status status = RunRepair(*disk, repair, &report);
    if (!status.ok()) {
      EXPECT_TRUE(absl::IsDataLoss(status) || absl::IsNotFound(status)) << status;
      EXPECT_TRUE(expected.versions.empty() && expected.ranges.empty()) << status;
      EXPECT_FALSE(*disk->Exists(kTarget));
      continue;
    }
    ExpectSound(*disk);
    const Kept result = ReadResult(*disk);
    ExpectNothingInvented(result);
    EXPECT_EQ(CountMissing(result, expected), 0u);
    const bool says_torn = std::any_of(
        report.notes.begin(), report.notes.end(),
        [](const std::string& note) { return note.find("torn end") != std::string::npos; });
    if (CountMissing(result, MustBeKept(whole_, {}, false)) > 0) {
      EXPECT_TRUE(!report.lost.empty() || says_torn) << "lost in silence";
    }
    lossless += report.lost.empty() ? 1 : 0;
    absl::StatusOr<std::unique_ptr<Db>> repaired = OpenTarget(*disk);
    ASSERT_TRUE(repaired.ok()) << repaired.status();
    const std::vector<Version> versions(result.versions.begin(), result.versions.end());
    EXPECT_EQ(*RandomDatabase::ReadAll(**repaired),
              RandomDatabase::StateOf(versions, result.ranges));
    EXPECT_TRUE((*repaired)->Close().ok());
    if (HasFailure()) {
      return;
    }
  }
  RecordProperty("rounds_without_loss", lossless);
}

INSTANTIATE_TEST_SUITE_P(Histories, Repair, testing::Range(1, 25));

}  // namespace
}  // namespace veralith
