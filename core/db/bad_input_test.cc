// SPDX-License-Identifier: Apache-2.0

// Whatever is on the disk, whatever the disk refuses and whatever the caller asks for: a clear
// error, nothing lost, nothing changed by an opening that fails, no crash.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/db/testing/simulation.h"
#include "core/manifest/file_names.h"
#include "gtest/gtest.h"
#include "veralith/check_database.h"
#include "veralith/db.h"

namespace veralith {
namespace {

#define ASSERT_OK(expression) ASSERT_EQ(ToString(expression), "OK")
#define EXPECT_OK(expression) EXPECT_EQ(ToString(expression), "OK")

using Contents = std::map<std::string, std::string>;
using Image = std::vector<std::pair<std::string, std::string>>;

constexpr WriteOptions kSynced{.sync = SyncMode::kCommit};

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string Key(int i) { return StrCat("key", 1000 + i); }
std::string Value(int i) { return StrCat("value", i); }

absl::StatusOr<Contents> ReadAll(Db& db) {
  Contents contents;
  const std::unique_ptr<DbIterator> it = db.NewIterator({});
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    contents[std::string(it->key())] = std::string(it->value());
  }
  VERALITH_RETURN_IF_ERROR(it->status());
  return contents;
}

// --- Damaged files -------------------------------------------------------------------------------

// A database as a killed process leaves it: segments in two levels, and a log with kLogged commits,
// each of them synced.
class DamagedFiles : public ::testing::Test {
 protected:
  static constexpr int kInSegments = 150;
  static constexpr int kLogged = 12;

  void SetUp() override {
    absl::StatusOr<std::unique_ptr<Db>> db = simulation_.Open();
    ASSERT_OK(db.status());
    for (int i = 0; i < kInSegments; ++i) {
      ASSERT_OK((*db)->Put({}, Key(i), Value(i)));
      if (i == kInSegments / 2) {
        ASSERT_OK((*db)->CompactAll());
      }
    }
    ASSERT_OK((*db)->Flush());
    ASSERT_OK((*db)->WaitForBackgroundWork());
    for (int i = kInSegments; i < kInSegments + kLogged; ++i) {
      ASSERT_OK((*db)->Put(kSynced, Key(i), Value(i)));
    }
    whole_ = simulation_.disk().CloneWithEverything();
    ASSERT_OK((*db)->Close());
    for (const auto& [absolute, bytes] : whole_->Files()) {
      const std::string path = absolute.substr(1);  // as the database names it
      const auto name = ParseFileName(path.substr(path.find_last_of('/') + 1));
      ASSERT_TRUE(name.has_value()) << path;
      paths_[name->kind].push_back(path);
      bytes_[path] = bytes;
    }
    ASSERT_EQ(paths_[FileKind::kManifest].size(), 1u);
    ASSERT_EQ(paths_[FileKind::kLog].size(), 1u);
    ASSERT_GT(paths_[FileKind::kSegment].size(), 1u);
  }

  // The state after the first `logged` commits of the log.
  static Contents Expected(int logged) {
    Contents contents;
    for (int i = 0; i < kInSegments + logged; ++i) {
      contents[Key(i)] = Value(i);
    }
    return contents;
  }

  Options OptionsFor(SimulatedFileSystem& disk, bool read_only) {
    Options options = simulation_.SmallOptions();
    options.file_system = &disk;
    options.read_only = read_only;
    return options;
  }

  // Returns what reading everything gives after opening, or the first error. An opening that fails
  // must not have changed anything.
  absl::StatusOr<Contents> OpenAndRead(SimulatedFileSystem& disk, bool read_only) {
    const Image before = disk.Files();
    absl::StatusOr<std::unique_ptr<Db>> db =
        Db::Open(Simulation::kDirectory, OptionsFor(disk, read_only));
    if (!db.ok() || read_only) {
      EXPECT_TRUE(disk.Files() == before) << "changed by " << ToString(db.status());
    }
    VERALITH_RETURN_IF_ERROR(db.status());
    const absl::StatusOr<Contents> contents = ReadAll(**db);
    for (int i = 0; i < kInSegments + kLogged; ++i) {
      PinnedValue value;
      const absl::StatusOr<bool> found = (*db)->Get({}, Key(i), &value);
      if (found.ok() && contents.ok()) {
        EXPECT_EQ(*found, contents->contains(Key(i))) << Key(i);
      }
      if (found.ok() && *found) {
        EXPECT_EQ(value.view(), Value(i));
      } else if (found.ok() && contents.ok() == false) {
        EXPECT_GE(i, kInSegments) << Key(i) << " is absent";
      }
    }
    EXPECT_OK((*db)->Close());
    return contents;
  }

  // Writes other bytes into a file of a copy of the whole database.
  std::unique_ptr<SimulatedFileSystem> With(const std::string& path, const std::string& bytes) {
    std::unique_ptr<SimulatedFileSystem> disk = whole_->CloneWithEverything();
    EXPECT_OK(disk->Remove(path));
    const absl::StatusOr<std::unique_ptr<File>> file = disk->Open(path, OpenMode::kCreate);
    EXPECT_OK(file.status());
    EXPECT_OK((*file)->Append(bytes));
    return disk;
  }
  std::unique_ptr<SimulatedFileSystem> Without(const std::string& path) {
    std::unique_ptr<SimulatedFileSystem> disk = whole_->CloneWithEverything();
    EXPECT_OK(disk->Remove(path));
    return disk;
  }

  void ExpectRefused(SimulatedFileSystem& disk, const std::string& path) {
    for (const bool read_only : {true, false}) {
      const absl::Status status = OpenAndRead(disk, read_only).status();
      EXPECT_TRUE(absl::IsDataLoss(status)) << path << ": " << ToString(status);
      EXPECT_TRUE(Contains(Message(status), path)) << path << ": " << ToString(status);
    }
  }

  // Expects DataLoss that names the file, or else all segments and a prefix of what the log held.
  void ExpectRefusedOrAPrefix(SimulatedFileSystem& disk, const std::string& path) {
    for (const bool read_only : {true, false}) {
      const absl::StatusOr<Contents> contents = OpenAndRead(disk, read_only);
      if (!contents.ok()) {
        EXPECT_TRUE(absl::IsDataLoss(contents.status())) << ToString(contents.status());
        EXPECT_TRUE(Contains(Message(contents.status()), path)) << ToString(contents.status());
        continue;
      }
      const int logged = static_cast<int>(contents->size()) - kInSegments;
      ASSERT_GE(logged, 0);
      EXPECT_TRUE(*contents == Expected(logged));
    }
  }

  std::vector<std::string> Truncations(const std::string& path) const {
    const std::string& bytes = bytes_.at(path);
    std::vector<std::string> results;
    for (const size_t size : {size_t{0}, size_t{1}, bytes.size() / 4, bytes.size() / 2,
                              bytes.size() * 3 / 4, bytes.size() - 9, bytes.size() - 1}) {
      results.push_back(bytes.substr(0, size));
    }
    return results;
  }
  std::string Garbage(const std::string& path) const {
    std::string garbage = bytes_.at(path);
    Random random(garbage.size());
    for (char& byte : garbage) {
      byte = static_cast<char>(random.Next());
    }
    return garbage;
  }
  std::string Zeros(const std::string& path) const {
    return std::string(bytes_.at(path).size(), '\0');
  }
  const std::string& Only(FileKind kind) const { return paths_.at(kind).front(); }

  Simulation simulation_;
  std::unique_ptr<SimulatedFileSystem> whole_;
  std::map<FileKind, std::vector<std::string>> paths_;
  std::map<std::string, std::string> bytes_;
};

TEST_F(DamagedFiles, WithoutDamageEverythingIsThere) {
  for (const bool read_only : {true, false}) {
    const absl::StatusOr<Contents> contents = OpenAndRead(*whole_, read_only);
    ASSERT_OK(contents.status());
    EXPECT_TRUE(*contents == Expected(kLogged));
  }
}

// Hazard R1.
TEST_F(DamagedFiles, AMissingOrBadPointerIsNeverAnEmptyDatabase) {
  const std::string& current = Only(FileKind::kCurrent);
  ExpectRefused(*Without(current), current);
  for (const std::string& cut : Truncations(current)) {
    ExpectRefused(*With(current, cut), current);
  }
  ExpectRefused(*With(current, Garbage(current)), current);
  ExpectRefused(*With(current, Zeros(current)), current);
  ExpectRefused(*With(current, bytes_.at(current) + "x"), current);
  ExpectRefused(*With(current, std::string(100'000, 'M')), current);
}

// Hazard R1.
TEST_F(DamagedFiles, APointerToAManifestThatIsNotThereIsNeverAnEmptyDatabase) {
  ExpectRefused(*Without(Only(FileKind::kManifest)), Only(FileKind::kCurrent));
}

// Hazard R1.
TEST_F(DamagedFiles, AnOverwrittenManifestIsRefused) {
  const std::string& manifest = Only(FileKind::kManifest);
  ExpectRefused(*With(manifest, Garbage(manifest)), manifest);
  ExpectRefused(*With(manifest, Zeros(manifest)), manifest);
  ExpectRefused(*With(manifest, ""), manifest);
  for (size_t at = 0; at < bytes_.at(manifest).size() / 2; at += 7) {
    std::string damaged = bytes_.at(manifest);
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    ExpectRefused(*With(manifest, damaged), manifest);
  }
}

// Hazards R1, R4: a manifest that lost its end is an older one. What it names must still be there,
// and must be all there is.
TEST_F(DamagedFiles, AManifestCutAnywhereIsRefusedOrLosesNothing) {
  const std::string& manifest = Only(FileKind::kManifest);
  const std::string& bytes = bytes_.at(manifest);
  int refused = 0;
  for (size_t size = 0; size < bytes.size(); size += 5) {
    const std::unique_ptr<SimulatedFileSystem> disk = With(manifest, bytes.substr(0, size));
    for (const bool read_only : {true, false}) {
      const absl::StatusOr<Contents> contents = OpenAndRead(*disk, read_only);
      if (contents.ok()) {
        EXPECT_TRUE(*contents == Expected(kLogged)) << "cut to " << size;
      } else {
        EXPECT_TRUE(absl::IsDataLoss(contents.status())) << ToString(contents.status());
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 0);
}

// Hazard R1: the smallest database, whose first edit says that there is a log.
TEST_F(DamagedFiles, AManifestThatForgotTheOnlyLogIsNeverAnEmptyDatabase) {
  Simulation simulation;
  absl::StatusOr<std::unique_ptr<Db>> db = simulation.Open();
  ASSERT_OK(db.status());
  ASSERT_OK((*db)->Put(kSynced, "a", "1"));
  const std::unique_ptr<SimulatedFileSystem> image = simulation.disk().CloneWithEverything();
  ASSERT_OK((*db)->Close());
  std::string manifest;
  std::string bytes;
  for (const auto& [path, content] : image->Files()) {
    if (Contains(path, "MANIFEST")) {
      manifest = path;
      bytes = content;
    }
  }
  ASSERT_FALSE(manifest.empty());
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::unique_ptr<SimulatedFileSystem> disk = image->CloneWithEverything();
    {
      const auto file = disk->Open(manifest, OpenMode::kReadWrite);
      ASSERT_OK((*file)->Truncate(size));
    }
    for (const bool read_only : {true, false}) {
      const Image before = disk->Files();
      absl::StatusOr<std::unique_ptr<Db>> opened =
          Db::Open(Simulation::kDirectory, OptionsFor(*disk, read_only));
      if (opened.ok()) {
        PinnedValue value;
        const absl::StatusOr<bool> found = (*opened)->Get({}, "a", &value);
        EXPECT_TRUE(found.ok() && *found) << "cut to " << size;
        EXPECT_OK((*opened)->Close());
      } else {
        EXPECT_TRUE(absl::IsDataLoss(opened.status())) << ToString(opened.status());
        EXPECT_TRUE(disk->Files() == before) << ToString(opened.status());
        CheckReport report;
        EXPECT_OK(CheckDatabase(*disk, Simulation::kDirectory, nullptr, &report));
        EXPECT_FALSE(report.damage.empty()) << "cut to " << size;
      }
    }
  }
}

// Hazard R1: after a clean close everything is in segments, and they look like what jobs leave.
TEST_F(DamagedFiles, TheManifestOfAClosedDatabaseCutAnywhereIsRefusedOrLosesNothing) {
  const std::unique_ptr<SimulatedFileSystem> closed = simulation_.disk().CloneWithEverything();
  std::string manifest;
  uint64_t bytes = 0;
  for (const auto& [path, content] : closed->Files()) {
    if (Contains(path, "MANIFEST")) {
      manifest = path;
      bytes = content.size();
    }
  }
  for (uint64_t size = 0; size < bytes; size += 3) {
    const std::unique_ptr<SimulatedFileSystem> disk = closed->CloneWithEverything();
    {
      const auto file = disk->Open(manifest, OpenMode::kReadWrite);
      ASSERT_OK((*file)->Truncate(size));
    }
    const absl::StatusOr<Contents> contents = OpenAndRead(*disk, /*read_only=*/false);
    if (contents.ok()) {
      EXPECT_TRUE(*contents == Expected(kLogged)) << "cut to " << size;
    } else {
      EXPECT_TRUE(absl::IsDataLoss(contents.status())) << ToString(contents.status());
    }
  }
}

// Hazard R4.
TEST_F(DamagedFiles, AMissingCutOrOverwrittenSegmentIsRefusedAndNeverSkipped) {
  for (const std::string& segment : paths_.at(FileKind::kSegment)) {
    ExpectRefused(*Without(segment), segment);
    for (const std::string& cut : Truncations(segment)) {
      ExpectRefused(*With(segment, cut), segment);
    }
    ExpectRefused(*With(segment, bytes_.at(segment) + "x"), segment);
    ExpectRefused(*With(segment, Garbage(segment)), segment);
    ExpectRefused(*With(segment, Zeros(segment)), segment);
  }
}

// Hazards P4, S1.
TEST_F(DamagedFiles, AFlippedBitInASegmentIsFoundAndNeverChangesAnAnswer) {
  const std::string& segment = paths_.at(FileKind::kSegment).back();
  const std::string& bytes = bytes_.at(segment);
  int read_errors = 0;
  int harmless = 0;
  for (size_t at = 0; at < bytes.size(); at += 1 + bytes.size() / 120) {
    const std::unique_ptr<SimulatedFileSystem> disk = whole_->CloneWithEverything();
    disk->FlipBit(segment, at * 8 + at % 8);
    const absl::StatusOr<Contents> contents = OpenAndRead(*disk, /*read_only=*/true);
    if (contents.ok()) {
      EXPECT_TRUE(*contents == Expected(kLogged)) << at;
    } else {
      EXPECT_TRUE(absl::IsDataLoss(contents.status())) << ToString(contents.status());
      EXPECT_TRUE(Contains(Message(contents.status()), segment)) << ToString(contents.status());
      EXPECT_TRUE(Contains(Message(contents.status()), "offset")) << ToString(contents.status());
      ++read_errors;
    }
    absl::StatusOr<std::unique_ptr<Db>> db =
        Db::Open(Simulation::kDirectory, OptionsFor(*disk, /*read_only=*/true));
    const absl::Status check = db.ok() ? (*db)->Check() : db.status();
    if (check.ok()) {
      ++harmless;
      continue;
    }
    EXPECT_TRUE(absl::IsDataLoss(check)) << "byte " << at << ": " << ToString(check);
    EXPECT_TRUE(Contains(Message(check), segment)) << ToString(check);
  }
  // Some flips make bounds in Parquet's column index wider than needed: these are still true, and
  // only other readers use them.
  EXPECT_LT(harmless, 5);
  EXPECT_GT(read_errors, 0);
}

TEST_F(DamagedFiles, AMissingLogThatRecoveryNeedsIsRefused) {
  ExpectRefused(*Without(Only(FileKind::kLog)), Only(FileKind::kLog));
}

// Hazard R2: a log may always have lost its end, because a power cut does that.
TEST_F(DamagedFiles, ACutOrOverwrittenLogIsRefusedOrAPrefix) {
  const std::string& log = Only(FileKind::kLog);
  for (const std::string& cut : Truncations(log)) {
    ExpectRefusedOrAPrefix(*With(log, cut), log);
  }
  ExpectRefusedOrAPrefix(*With(log, Garbage(log)), log);
  ExpectRefusedOrAPrefix(*With(log, Zeros(log)), log);
  ExpectRefusedOrAPrefix(*With(log, bytes_.at(log) + std::string(600, '\0')), log);
  ExpectRefusedOrAPrefix(*With(log, bytes_.at(log) + std::string(600, 'x')), log);
}

// Hazard R6: later records say that these bytes had been synced.
TEST_F(DamagedFiles, DamageInTheMiddleOfALogIsRefusedByFileAndOffset) {
  const std::string& log = Only(FileKind::kLog);
  const std::string& bytes = bytes_.at(log);
  for (size_t at = 0; at < bytes.size() / 2; at += 3) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    const std::unique_ptr<SimulatedFileSystem> disk = With(log, damaged);
    ExpectRefused(*disk, log);
    const absl::Status status = OpenAndRead(*disk, /*read_only=*/false).status();
    EXPECT_TRUE(Contains(Message(status), "offset")) << ToString(status);
  }
}

TEST_F(DamagedFiles, RecoveryUpToDamageKeepsWhatIsBeforeItAndSaysWhatItDropped) {
  const std::string& log = Only(FileKind::kLog);
  std::string damaged = bytes_.at(log);
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 1);
  const std::unique_ptr<SimulatedFileSystem> disk = With(log, damaged);
  Options options = OptionsFor(*disk, /*read_only=*/false);
  options.recover_up_to_damage = true;
  absl::StatusOr<std::unique_ptr<Db>> db = Db::Open(Simulation::kDirectory, options);
  ASSERT_OK(db.status());
  const absl::StatusOr<Contents> contents = ReadAll(**db);
  ASSERT_OK(contents.status());
  const int logged = static_cast<int>(contents->size()) - kInSegments;
  EXPECT_GT(logged, 0);
  EXPECT_LT(logged, kLogged);
  EXPECT_TRUE(*contents == Expected(logged));
  EXPECT_TRUE(Contains((*db)->GetStatistics().recovery_report, log));
  EXPECT_OK((*db)->Close());
}

// Nothing says that the last commit was synced, so its record may be the torn end of a log: it is
// dropped, and not in silence.
TEST_F(DamagedFiles, OpeningSaysWhichTornEndItDropped) {
  const std::string& log = Only(FileKind::kLog);
  const std::string torn = bytes_.at(log).substr(0, bytes_.at(log).size() - 3);
  for (const bool read_only : {true, false}) {
    const std::unique_ptr<SimulatedFileSystem> disk = With(log, torn);
    absl::StatusOr<std::unique_ptr<Db>> db =
        Db::Open(Simulation::kDirectory, OptionsFor(*disk, read_only));
    ASSERT_OK(db.status());
    EXPECT_TRUE(Contains((*db)->GetStatistics().recovery_report, log + ": offset "))
        << (*db)->GetStatistics().recovery_report;
    EXPECT_OK((*db)->Close());
  }
}

TEST_F(DamagedFiles, ACheckCountsTheBytesOfAllFiles) {
  uint64_t bytes = 0;
  for (const auto& [path, content] : bytes_) {
    bytes += path == Only(FileKind::kCurrent) ? 0 : content.size();
  }
  CheckReport report;
  ASSERT_OK(CheckDatabase(*whole_, Simulation::kDirectory, nullptr, &report));
  EXPECT_EQ(report.bytes, bytes);
}

TEST_F(DamagedFiles, ACheckIsRefusedWhileAWriterHasTheDatabase) {
  const std::unique_ptr<SimulatedFileSystem> disk = whole_->CloneWithEverything();
  CheckReport report;
  {
    absl::StatusOr<std::unique_ptr<Db>> writer =
        Db::Open(Simulation::kDirectory, OptionsFor(*disk, /*read_only=*/false));
    ASSERT_OK(writer.status());
    EXPECT_TRUE(
        absl::IsFailedPrecondition(CheckDatabase(*disk, Simulation::kDirectory, nullptr, &report)));
    EXPECT_OK((*writer)->Close());
  }
  absl::StatusOr<std::unique_ptr<Db>> reader =
      Db::Open(Simulation::kDirectory, OptionsFor(*disk, /*read_only=*/true));
  ASSERT_OK(reader.status());
  EXPECT_OK(CheckDatabase(*disk, Simulation::kDirectory, nullptr, &report));
  EXPECT_TRUE(report.damage.empty());
  EXPECT_OK((*reader)->Close());
}

TEST_F(DamagedFiles, AMissingOrOverwrittenLockFileLosesNothing) {
  const std::string& lock = Only(FileKind::kLock);
  for (const std::unique_ptr<SimulatedFileSystem>& disk : {Without(lock), With(lock, "xyz")}) {
    for (const bool read_only : {true, false}) {
      const absl::StatusOr<Contents> contents = OpenAndRead(*disk, read_only);
      ASSERT_OK(contents.status());
      EXPECT_TRUE(*contents == Expected(kLogged));
    }
  }
}

TEST_F(DamagedFiles, FilesThatAreNotOursAreLeftAlone) {
  const std::string foreign[] = {"notes.txt", "1.log", "000000.log", "abc.parquet", "MANIFEST-x"};
  for (const std::string& name : foreign) {
    const auto file = whole_->Open(Simulation::Path(name), OpenMode::kCreate);
    ASSERT_OK(file.status());
    ASSERT_OK((*file)->Append("mine"));
  }
  ASSERT_OK(OpenAndRead(*whole_, /*read_only=*/false).status());
  for (const std::string& name : foreign) {
    EXPECT_TRUE(*whole_->Exists(Simulation::Path(name))) << name;
  }
}

// --- Full disks and failing disks ----------------------------------------------------------------

class FailingDisk : public ::testing::Test {
 protected:
  void SetUp() override { Open(simulation_.SmallOptions()); }

  void Open(const Options& options) {
    db_.reset();
    absl::StatusOr<std::unique_ptr<Db>> db = simulation_.Open(options);
    ASSERT_OK(db.status());
    db_ = *std::move(db);
  }
  void Put(int i, const WriteOptions& options = {}) {
    ASSERT_OK(db_->Put(options, Key(i), Value(i)));
    acknowledged_[Key(i)] = Value(i);
  }
  void Fill(int begin, int end) {
    for (int i = begin; i < end; ++i) {
      Put(i);
    }
  }
  void LeaveFree(uint64_t bytes) {
    simulation_.disk().SetCapacity(SimulatedFileSystem::kDefaultCapacityBytes);
    const uint64_t used = SimulatedFileSystem::kDefaultCapacityBytes -
                          *simulation_.disk().FreeBytes(Simulation::kDirectory);
    simulation_.disk().SetCapacity(used + bytes);
  }
  void MakeRoom() { simulation_.disk().SetCapacity(SimulatedFileSystem::kDefaultCapacityBytes); }
  void SetFaults(const std::string& plan) { simulation_.disk().SetFaults(*ParseFaultPlan(plan)); }
  void ExpectAcknowledged() {
    const absl::StatusOr<Contents> contents = ReadAll(*db_);
    ASSERT_OK(contents.status());
    for (const auto& [key, value] : acknowledged_) {
      const auto it = contents->find(key);
      ASSERT_TRUE(it != contents->end()) << key << " is lost";
      EXPECT_EQ(it->second, value);
    }
  }
  void ExpectNoMoreWrites() {
    for (const absl::Status& status : {db_->Put({}, "x", "y"), db_->Put(kSynced, "x", "y"),
                                       db_->Sync(), db_->Flush(), db_->CompactAll()}) {
      EXPECT_TRUE(absl::IsFailedPrecondition(status)) << ToString(status);
      EXPECT_TRUE(Contains(Message(status), "opened again")) << ToString(status);
    }
    PinnedValue value;
    EXPECT_FALSE(*db_->Get({}, "x", &value));
  }

  Simulation simulation_;
  std::unique_ptr<Db> db_;
  Contents acknowledged_;
};

// Hazards W4, W5.
TEST_F(FailingDisk, APutOnAFullDiskIsAnErrorAndLosesNothingAcknowledged) {
  Fill(0, 20);
  for (const uint64_t free : {0, 1, 40}) {
    LeaveFree(free);
    const absl::Status status = db_->Put({}, Key(500), std::string(500, 'v'));
    EXPECT_TRUE(absl::IsResourceExhausted(status)) << ToString(status);
    EXPECT_TRUE(Contains(Message(status), ".log")) << ToString(status);
    MakeRoom();
    ExpectNoMoreWrites();
    ExpectAcknowledged();
    Open(simulation_.SmallOptions());
    ExpectAcknowledged();
    Fill(20, 25);
  }
}

TEST_F(FailingDisk, AFlushOnAFullDiskIsAnErrorAndGoesOnWhenThereIsRoom) {
  Fill(0, 20);
  LeaveFree(400);
  const absl::Status status = db_->Flush();
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << ToString(status);
  EXPECT_TRUE(Contains(Message(status), "flush")) << ToString(status);
  EXPECT_TRUE(Contains(Message(status), ".parquet")) << ToString(status);
  EXPECT_TRUE(Contains(db_->GetStatistics().background_error, "flush"));
  ExpectAcknowledged();
  MakeRoom();
  EXPECT_OK(db_->Resume());
  EXPECT_OK(db_->Flush());
  EXPECT_EQ(db_->GetStatistics().background_error, "");
  Fill(20, 40);
  EXPECT_OK(db_->Close());
  Open(simulation_.SmallOptions());
  ExpectAcknowledged();
}

TEST_F(FailingDisk, WritersThatWaitForAFlushOnAFullDiskGetItsError) {
  Fill(0, 20);
  SetFaults("append@.parquet#1+=enospc");
  absl::Status status;
  for (int i = 20; i < 500 && status.ok(); ++i) {
    status = db_->Put({}, Key(i), Value(i));
    if (status.ok()) {
      acknowledged_[Key(i)] = Value(i);
    }
  }
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << ToString(status);
  ExpectAcknowledged();
  SetFaults("");
  EXPECT_OK(db_->Resume());
  Fill(500, 520);
  EXPECT_OK(db_->Close());
  Open(simulation_.SmallOptions());
  ExpectAcknowledged();
}

// Hazard C2.
TEST_F(FailingDisk, ACompactionOnAFullDiskKeepsItsInputsAndGoesOnWhenThereIsRoom) {
  Options options = simulation_.SmallOptions();
  options.disable_automatic_compaction = true;
  ASSERT_OK(db_->Close());
  Open(options);
  for (int round = 0; round < 3; ++round) {
    Fill(0, 40);
    ASSERT_OK(db_->Flush());
  }
  LeaveFree(700);
  const absl::Status status = db_->CompactAll();
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << ToString(status);
  EXPECT_TRUE(Contains(Message(status), "compaction")) << ToString(status);
  ExpectAcknowledged();
  MakeRoom();
  EXPECT_OK(db_->Resume());
  EXPECT_OK(db_->CompactAll());
  EXPECT_EQ(db_->GetStatistics().levels[0].files, 0u);
  ExpectAcknowledged();
  EXPECT_OK(db_->Check());
}

// Hazards W4, C10.
TEST_F(FailingDisk, AManifestThatCannotBeWrittenStopsWritesUntilReopened) {
  for (const char* plan :
       {"append@MANIFEST#1=enospc", "append@MANIFEST#2=short_space", "sync@MANIFEST#1=eio",
        "append@MANIFEST#1=late", "sync@MANIFEST#2=eio"}) {
    Fill(0, 20);
    SetFaults(plan);
    const absl::Status status = db_->Flush();
    EXPECT_TRUE(absl::IsResourceExhausted(status) || absl::IsUnavailable(status) ||
                absl::IsFailedPrecondition(status))
        << ToString(status);
    EXPECT_TRUE(Contains(Message(status), "MANIFEST")) << ToString(status);
    EXPECT_EQ(simulation_.disk().faults_fired(), 1u) << plan;
    ExpectNoMoreWrites();
    ExpectAcknowledged();
    SetFaults("");
    Open(simulation_.SmallOptions());
    ExpectAcknowledged();
    EXPECT_OK(db_->Check());
  }
}

TEST_F(FailingDisk, ACheckpointOnAFullDiskIsAnErrorThatLeavesNothing) {
  Fill(0, 40);
  ASSERT_OK(db_->Flush());
  ASSERT_OK(db_->WaitForBackgroundWork());
  for (const uint64_t free : {0, 50, 400}) {
    LeaveFree(free);
    const absl::Status status = db_->Checkpoint("copy");
    EXPECT_TRUE(absl::IsResourceExhausted(status)) << free << ToString(status);
    EXPECT_FALSE(*simulation_.disk().Exists("copy"));
    EXPECT_FALSE(*simulation_.disk().Exists("copy.tmp"));
  }
  ExpectAcknowledged();
  MakeRoom();
  EXPECT_OK(db_->Checkpoint("copy"));
  Fill(40, 60);
  ExpectAcknowledged();
}

TEST_F(FailingDisk, OpeningOnAFullDiskIsAnErrorThatLosesNothing) {
  Fill(0, 100);
  ASSERT_OK(db_->Sync());
  db_.reset();
  for (uint64_t free = 0; free < 3000; free += 150) {
    LeaveFree(free);
    absl::StatusOr<std::unique_ptr<Db>> db = simulation_.Open();
    if (db.ok()) {
      EXPECT_OK((*db)->Close());
      break;
    }
    EXPECT_TRUE(absl::IsResourceExhausted(db.status())) << ToString(db.status());
  }
  MakeRoom();
  Open(simulation_.SmallOptions());
  ExpectAcknowledged();
}

TEST_F(FailingDisk, WhereverTheDiskFillsUpNothingAcknowledgedIsLost) {
  for (uint64_t free = 0; free < 24'000; free += 611) {
    db_.reset();
    simulation_.Replace(std::make_unique<SimulatedFileSystem>());
    acknowledged_.clear();
    Open(simulation_.SmallOptions());
    Fill(0, 50);
    LeaveFree(free);
    absl::Status status;
    for (int i = 50; i < 600 && status.ok(); ++i) {
      status = db_->Put({}, Key(i % 200), Value(i));
      if (status.ok()) {
        acknowledged_[Key(i % 200)] = Value(i);
      } else {
        acknowledged_.erase(Key(i % 200));  // may have happened or not
      }
    }
    EXPECT_TRUE(Contains(ToString(status), "RESOURCE_EXHAUSTED"))
        << free << ": " << ToString(status);
    ExpectAcknowledged();
    MakeRoom();
    db_.reset();
    Open(simulation_.SmallOptions());
    ExpectAcknowledged();
    EXPECT_OK(db_->Check());
    Fill(200, 210);
    ExpectAcknowledged();
  }
}

// Hazard W4: the cache still shows the bytes, and the next sync would succeed.
TEST_F(FailingDisk, AfterAFailedSyncNoWriteIsAcknowledgedUntilReopened) {
  Fill(0, 5);
  Put(5, kSynced);
  SetFaults("sync@.log#1=eio");
  const absl::Status status = db_->Put(kSynced, "unsure", "1");
  EXPECT_TRUE(absl::IsUnavailable(status)) << ToString(status);
  EXPECT_TRUE(Contains(Message(status), ".log")) << ToString(status);
  ExpectNoMoreWrites();
  const std::unique_ptr<SimulatedFileSystem> survivor =
      simulation_.disk().CloneWithNothingUnsynced();
  Open(simulation_.SmallOptions());
  ExpectAcknowledged();
  Put(6, kSynced);
  ExpectAcknowledged();

  Options options = simulation_.SmallOptions();
  options.file_system = survivor.get();
  Open(options);
  acknowledged_.erase(Key(6));
  ExpectAcknowledged();
  db_.reset();  // before its disk
}

TEST_F(FailingDisk, AReadErrorIsAnErrorAndNeverAnAbsentKey) {
  Fill(0, 100);
  ASSERT_OK(db_->Flush());
  ASSERT_OK(db_->WaitForBackgroundWork());
  ASSERT_OK(db_->Close());
  Open(simulation_.SmallOptions());
  SetFaults("read@.parquet#1+=eio");
  PinnedValue value;
  const absl::StatusOr<bool> found = db_->Get({}, Key(7), &value);
  EXPECT_TRUE(absl::IsUnavailable(found.status())) << ToString(found.status());
  EXPECT_TRUE(absl::IsUnavailable(ReadAll(*db_).status()));
  EXPECT_TRUE(absl::IsUnavailable(db_->ListNamespaces({}).status()));
  EXPECT_TRUE(
      absl::IsUnavailable(db_->MultiGet({}, 0, std::vector<std::string_view>{"key1007"}).status()));
  SetFaults("");
  ExpectAcknowledged();
}

// --- What callers ask for ------------------------------------------------------------------------

class BadArguments : public FailingDisk {
 protected:
  void ExpectNothingWritten(const std::function<absl::Status()>& call) {
    const Image before = simulation_.disk().Files();
    const absl::Status status = call();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << ToString(status);
    EXPECT_TRUE(simulation_.disk().Files() == before);
    PinnedValue value;
    EXPECT_FALSE(*db_->Get({}, "beside", &value));
  }
};

TEST_F(BadArguments, AKeyOfMoreThan32000BytesIsRefusedAndOneOf32000BytesWorks) {
  const std::string longest(kMaxKeyBytes, 'k');
  const std::string longer(kMaxKeyBytes + 1, 'k');
  ExpectNothingWritten([&] { return db_->Put({}, longer, "v"); });
  ExpectNothingWritten([&] { return db_->Delete({}, longer); });
  ExpectNothingWritten([&] { return db_->DeleteRange({}, 0, longer, std::nullopt); });
  ExpectNothingWritten([&] { return db_->DeleteRange({}, 0, "a", longer); });
  ExpectNothingWritten([&] {
    WriteBatch batch;
    batch.Put("beside", "v");
    batch.Put(longer, "v");
    return db_->Write({}, batch).status();
  });
  ASSERT_OK(db_->Put({}, longest, "v"));
  ASSERT_OK(db_->Put({}, "", "the empty key"));
  ASSERT_OK(db_->CompactAll());
  PinnedValue value;
  EXPECT_TRUE(*db_->Get({}, longest, &value));
  EXPECT_TRUE(*db_->Get({}, "", &value));
  EXPECT_EQ(value.view(), "the empty key");
}

TEST_F(BadArguments, AValueOfMoreThan256MebibytesAndABatchOfMoreThanOneGibibyteAreRefused) {
  std::string value(kMaxValueBytes + 1, 'v');
  ExpectNothingWritten([&] { return db_->Put({}, "beside", value); });
  value.pop_back();
  WriteBatch batch;
  batch.Put("beside", "v");
  for (const char* key : {"a", "b", "c", "d"}) {
    batch.Put(key, value);
  }
  ASSERT_GT(batch.bytes(), kMaxBatchBytes);
  ExpectNothingWritten([&] { return db_->Write({}, batch).status(); });
}

TEST_F(BadArguments, ANamespaceOf2To63IsRefusedByEveryCall) {
  constexpr NamespaceId kBeyond = kMaxNamespace + 1;
  ExpectNothingWritten([&] { return db_->Put({}, kBeyond, "beside", "v"); });
  ExpectNothingWritten([&] { return db_->Delete({}, kBeyond, "beside"); });
  ExpectNothingWritten([&] { return db_->DeleteRange({}, kBeyond, "a", std::nullopt); });
  ExpectNothingWritten([&] { return db_->Compact(kBeyond, Bound::Open(), Bound::Open()); });
  ExpectNothingWritten([&] {
    PinnedValue value;
    return db_->Get({}, kBeyond, "beside", &value).status();
  });
  ExpectNothingWritten([&] {
    ScanOptions options;
    options.ns = kBeyond;
    const std::unique_ptr<DbIterator> it = db_->NewIterator(options);
    it->SeekToFirst();
    EXPECT_FALSE(it->Valid());
    return it->status();
  });
}

// Hazard W3.
TEST_F(BadArguments, AnEntryLargerThanTheMemtableIsTakenLikeAnyOther) {
  const std::string large(100'000, 'L');
  for (int i = 0; i < 3; ++i) {
    Put(i);
    ASSERT_OK(db_->Put(kSynced, StrCat("large", i), large));
    acknowledged_[StrCat("large", i)] = large;
  }
  ExpectAcknowledged();
  ASSERT_OK(db_->CompactAll());
  ExpectAcknowledged();
  ASSERT_OK(db_->Put({}, "large0", large + "!"));
  acknowledged_["large0"] = large + "!";
  db_.reset();
  Open(simulation_.SmallOptions());
  ExpectAcknowledged();
}

// Hazard R8.
TEST_F(BadArguments, ASecondOpeningIsRefusedWhileAWriterLives) {
  Fill(0, 5);
  const Image before = simulation_.disk().Files();
  Options reading = simulation_.SmallOptions();
  reading.read_only = true;
  for (const Options& options : {simulation_.SmallOptions(), reading}) {
    const absl::Status status = simulation_.Open(options).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << ToString(status);
    EXPECT_TRUE(Contains(Message(status), "LOCK")) << ToString(status);
    EXPECT_TRUE(Contains(Message(status), "lock")) << ToString(status);
  }
  EXPECT_TRUE(simulation_.disk().Files() == before);
  ASSERT_OK(db_->Close());
  Open(reading);
  absl::StatusOr<std::unique_ptr<Db>> second_reader = simulation_.Open(reading);
  EXPECT_OK(second_reader.status());
  EXPECT_OK(simulation_.Open().status());  // readers keep nobody out
  ExpectAcknowledged();
}

TEST_F(BadArguments, WhatMustExistOrMustNotIsSaidAndNothingIsMade) {
  Options options = simulation_.SmallOptions();
  options.error_if_exists = true;
  Fill(0, 5);
  ASSERT_OK(db_->Close());
  const Image before = simulation_.disk().Files();
  absl::Status status = simulation_.Open(options).status();
  EXPECT_TRUE(absl::IsAlreadyExists(status)) << ToString(status);

  options = simulation_.SmallOptions();
  options.create_if_missing = false;
  status = Db::Open("nothing", options).status();
  EXPECT_TRUE(absl::IsNotFound(status)) << ToString(status);
  ASSERT_OK(simulation_.disk().CreateDirectory("empty"));
  status = Db::Open("empty", options).status();
  EXPECT_TRUE(absl::IsNotFound(status)) << ToString(status);
  EXPECT_TRUE(simulation_.disk().List("empty")->empty());
  options.create_if_missing = true;
  options.read_only = true;
  status = Db::Open("nothing", options).status();
  EXPECT_TRUE(absl::IsNotFound(status)) << ToString(status);
  EXPECT_TRUE(Contains(Message(status), "nothing")) << ToString(status);
  EXPECT_FALSE(*simulation_.disk().Exists("nothing"));
  EXPECT_TRUE(simulation_.disk().Files() == before);
  Open(simulation_.SmallOptions());
  ExpectAcknowledged();
}

}  // namespace
}  // namespace veralith
