// SPDX-License-Identifier: Apache-2.0

#include "core/fs/testing/order_monitor.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "gtest/gtest.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith {
namespace {

// A manifest has lines "+name" and "-name" ("?name" needs its name only); CURRENT holds a path.
class LineInterpreter final : public ManifestInterpreter {
 public:
  bool IsManifest(const std::string& path) const override {
    return path.starts_with("/MANIFEST") || path.starts_with("/copy/MANIFEST");
  }
  bool IsPointer(const std::string& path) const override {
    return path == "/CURRENT" || path == "/copy/CURRENT";
  }
  std::vector<NamedFile> FilesNamedBy(const std::string& manifest_path,
                                      std::string_view bytes) const override {
    std::vector<NamedFile> named;
    for (size_t end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
      const std::string path = "/" + std::string(bytes.substr(1, end - 1));
      if (bytes[0] == '-') {
        std::erase_if(named, [&path](const NamedFile& file) { return file.path == path; });
      } else {
        named.push_back(
            {path, bytes[0] == '+' ? NamedFile::Needs::kBytes : NamedFile::Needs::kName});
      }
      bytes.remove_prefix(end + 1);
    }
    return named;
  }
  std::optional<std::string> ManifestNamedBy(const std::string& pointer_path,
                                             std::string_view bytes) const override {
    return bytes.find("/MANIFEST") != bytes.npos ? std::optional<std::string>(bytes) : std::nullopt;
  }
};

class OrderMonitorTest : public testing::Test {
 protected:
  std::unique_ptr<File> Create(const std::string& path, const std::string& bytes = "x",
                               bool sync = true) {
    auto file = monitor_.Open(path, OpenMode::kCreate);
    EXPECT_TRUE(file.ok());
    EXPECT_TRUE((*file)->Append(bytes).ok());
    if (sync) {
      EXPECT_TRUE((*file)->Sync().ok());
    }
    return *std::move(file);
  }
  void SyncNames() { EXPECT_TRUE(monitor_.SyncDirectory("/").ok()); }
  // Makes a database with one manifest in force, which names nothing.
  void Start() {
    manifest_ = Create("/MANIFEST-1", "");
    SyncNames();
    Point("/MANIFEST-1");
    SyncNames();
    ExpectNone();
  }
  void Point(const std::string& manifest) {
    Create("/CURRENT.tmp", manifest);
    EXPECT_TRUE(monitor_.Rename("/CURRENT.tmp", "/CURRENT").ok());
  }
  void ExpectNone() {
    EXPECT_EQ(monitor_.violations(), std::vector<std::string>());
    EXPECT_GT(monitor_.checks(), 0u);
  }
  void ExpectOne(const std::string& part) {
    const std::vector<std::string> violations = monitor_.violations();
    ASSERT_EQ(violations.size(), 1u);
    EXPECT_NE(violations[0].find(part), std::string::npos) << violations[0];
  }

  SimulatedFileSystem base_;
  LineInterpreter interpreter_;
  OrderMonitor monitor_{&base_, &interpreter_};
  std::unique_ptr<File> manifest_;
};

TEST_F(OrderMonitorTest, IsContentWithTheRightOrder) {
  Start();
  Create("/1.seg");
  Create("/1.log", "", false);
  SyncNames();
  ASSERT_TRUE(manifest_->Append("+1.seg\n?1.log\n").ok());
  ASSERT_TRUE(manifest_->Sync().ok());
  Create("/2.seg");
  SyncNames();
  ASSERT_TRUE(manifest_->Append("+2.seg\n-1.seg\n-1.log\n").ok());
  ASSERT_TRUE(manifest_->Sync().ok());
  ASSERT_TRUE(monitor_.Remove("/1.seg").ok());
  ASSERT_TRUE(monitor_.Remove("/1.log").ok());
  Create("/MANIFEST-2", "+2.seg\n");
  SyncNames();
  Point("/MANIFEST-2");
  SyncNames();
  ASSERT_TRUE(monitor_.Remove("/MANIFEST-1").ok());
  ExpectNone();
}

TEST_F(OrderMonitorTest, SeesASegmentNamedBeforeItsBytesAreSynced) {
  Start();
  const auto segment = Create("/1.seg", "x", false);
  SyncNames();
  ASSERT_TRUE(manifest_->Append("+1.seg\n").ok());
  ExpectOne("/MANIFEST-1 names /1.seg before its bytes are synced");
}

TEST_F(OrderMonitorTest, SeesASegmentWrittenAfterItsSync) {
  Start();
  const auto segment = Create("/1.seg");
  SyncNames();
  ASSERT_TRUE(segment->Append("more").ok());
  ASSERT_TRUE(manifest_->Append("+1.seg\n").ok());
  ExpectOne("before its bytes are synced");
}

TEST_F(OrderMonitorTest, SeesASegmentNamedBeforeItsDirectoryIsSynced) {
  Start();
  Create("/1.seg");
  ASSERT_TRUE(manifest_->Append("+1.seg\n").ok());
  ExpectOne("/MANIFEST-1 names /1.seg before its directory is synced");
}

TEST_F(OrderMonitorTest, ADirectorySyncThatFailedIsNotHealedByTheNext) {
  Start();
  Create("/1.seg");
  base_.SetFaults(*ParseFaultPlan("sync_directory@#1=eio"));
  EXPECT_FALSE(monitor_.SyncDirectory("/").ok());
  SyncNames();
  ASSERT_TRUE(manifest_->Append("+1.seg\n").ok());
  ExpectOne("before its directory is synced");
}

TEST_F(OrderMonitorTest, ASyncThatFailedIsNotHealedByTheNext) {
  Start();
  const auto segment = Create("/1.seg", "x", false);
  SyncNames();
  base_.SetFaults(*ParseFaultPlan("sync@.seg#1=eio"));
  EXPECT_FALSE(segment->Sync().ok());
  EXPECT_TRUE(segment->Sync().ok());
  ASSERT_TRUE(manifest_->Append("+1.seg\n").ok());
  ExpectOne("before its bytes are synced");
}

TEST_F(OrderMonitorTest, SeesAFileRemovedBeforeTheEditThatDropsItIsDurable) {
  Start();
  Create("/1.log");
  SyncNames();
  ASSERT_TRUE(manifest_->Append("+1.log\n").ok());
  ASSERT_TRUE(manifest_->Sync().ok());
  ASSERT_TRUE(manifest_->Append("-1.log\n").ok());
  ASSERT_TRUE(monitor_.Remove("/1.log").ok());
  ExpectOne("remove /1.log: /MANIFEST-1 may still name it");
}

TEST_F(OrderMonitorTest, SeesAFileRemovedThatOnlyAnUnsyncedEditNames) {
  Start();
  Create("/1.seg");
  SyncNames();
  ASSERT_TRUE(manifest_->Append("+1.seg\n").ok());
  ASSERT_TRUE(manifest_->Append("-1.seg\n").ok());
  ASSERT_TRUE(monitor_.Remove("/1.seg").ok());
  ExpectOne("may still name it");
}

TEST_F(OrderMonitorTest, SeesANamedFileReplacedOrRenamedAway) {
  Start();
  Create("/1.seg");
  Create("/2.seg");
  SyncNames();
  ASSERT_TRUE(manifest_->Append("+1.seg\n").ok());
  ASSERT_TRUE(monitor_.Rename("/2.seg", "/1.seg").ok());
  ExpectOne("replace /1.seg");
  ASSERT_TRUE(monitor_.Rename("/1.seg", "/3.seg").ok());
  EXPECT_EQ(monitor_.violations().size(), 2u);
}

TEST_F(OrderMonitorTest, SeesTheOldManifestRemovedBeforeThePointerIsDurable) {
  Start();
  Create("/MANIFEST-2", "");
  SyncNames();
  Point("/MANIFEST-2");
  ASSERT_TRUE(monitor_.Remove("/MANIFEST-1").ok());
  ExpectOne("remove /MANIFEST-1: a pointer may still name this manifest");
}

TEST_F(OrderMonitorTest, KeepsTheFilesOfTheOldManifestUntilThePointerIsDurable) {
  Start();
  Create("/1.log");
  SyncNames();
  ASSERT_TRUE(manifest_->Append("+1.log\n").ok());
  ASSERT_TRUE(manifest_->Sync().ok());
  Create("/MANIFEST-2", "");
  SyncNames();
  Point("/MANIFEST-2");
  SyncNames();
  ASSERT_TRUE(monitor_.Remove("/1.log").ok());
  ExpectNone();
}

TEST_F(OrderMonitorTest, SeesAPointerPlacedTooEarly) {
  Create("/MANIFEST-1", "", false);
  Create("/CURRENT.tmp", "/MANIFEST-1", false);
  ASSERT_TRUE(monitor_.Rename("/CURRENT.tmp", "/CURRENT").ok());
  const std::vector<std::string> violations = monitor_.violations();
  ASSERT_EQ(violations.size(), 3u);
  EXPECT_TRUE(violations[0].starts_with("the pointer /CURRENT is placed before its bytes"));
  EXPECT_TRUE(violations[1].starts_with("/CURRENT names /MANIFEST-1 before its directory"));
  EXPECT_TRUE(violations[2].starts_with("/CURRENT names /MANIFEST-1 before its bytes"));
}

TEST_F(OrderMonitorTest, SeesAPointerWrittenInPlaceOrRemoved) {
  Start();
  ASSERT_TRUE((*monitor_.Open("/CURRENT", OpenMode::kReadWrite))->WriteAt(0, "x").ok());
  ExpectOne("a pointer is written in place");
  ASSERT_TRUE(monitor_.Remove("/CURRENT").ok());
  EXPECT_EQ(monitor_.violations().size(), 2u);
}

TEST_F(OrderMonitorTest, SeesAnAppendBehindAFailedOneAlsoAfterReopening) {
  Start();
  {
    const auto log = Create("/1.log");
    base_.SetFaults(*ParseFaultPlan("append@#1=short"));
    EXPECT_FALSE(log->Append("record").ok());
  }
  const auto again = monitor_.Open("/1.log", OpenMode::kReadWrite);
  ASSERT_TRUE((*again)->Append("record").ok());
  ExpectOne("append /1.log: after a write or sync of it failed");
}

TEST_F(OrderMonitorTest, SeesAnAppendAfterAFailedSync) {
  Start();
  const auto log = Create("/1.log", "x", false);
  base_.SetFaults(*ParseFaultPlan("sync@#1=eio"));
  EXPECT_FALSE(log->Sync().ok());
  ASSERT_TRUE(log->Append("y").ok());
  ExpectOne("append /1.log: after a write or sync of it failed");
}

TEST_F(OrderMonitorTest, SeesADirectoryNamedBeforeThePointerInItIsDurable) {
  ASSERT_TRUE(monitor_.CreateDirectory("/copy.tmp").ok());
  Create("/copy.tmp/MANIFEST-1", "", false);
  Create("/copy.tmp/CURRENT", "/copy.tmp/MANIFEST-1");
  ASSERT_TRUE(monitor_.Rename("/copy.tmp", "/copy").ok());
  const std::vector<std::string> violations = monitor_.violations();
  ASSERT_EQ(violations.size(), 3u);
  EXPECT_TRUE(violations[0].starts_with("the directory /copy names /copy.tmp/CURRENT before its"));
  EXPECT_TRUE(violations[1].starts_with("/copy.tmp/CURRENT names /copy.tmp/MANIFEST-1 before its"));
  EXPECT_TRUE(violations[2].starts_with("/copy.tmp/CURRENT names /copy.tmp/MANIFEST-1 before its"));
}

TEST_F(OrderMonitorTest, IsContentWithADirectoryNamedWhenAllInItIsDurable) {
  ASSERT_TRUE(monitor_.CreateDirectory("/copy.tmp").ok());
  Create("/copy.tmp/MANIFEST-1", "");
  Create("/copy.tmp/CURRENT", "/copy.tmp/MANIFEST-1");
  ASSERT_TRUE(monitor_.SyncDirectory("/copy.tmp").ok());
  ASSERT_TRUE(monitor_.Rename("/copy.tmp", "/copy").ok());
  ExpectNone();
  ASSERT_TRUE(monitor_.Remove("/copy/CURRENT").ok());
  ExpectOne("the pointer goes away");
}

TEST_F(OrderMonitorTest, SeesEveryChangeWhileReadOnly) {
  Start();
  const auto log = Create("/1.log");
  monitor_.SetReadOnly(true);
  EXPECT_TRUE(monitor_.Open("/1.log", OpenMode::kRead).ok());
  EXPECT_TRUE(monitor_.List("/").ok());
  EXPECT_TRUE(monitor_.Lock("/1.log", LockMode::kShared).ok());
  ExpectNone();
  EXPECT_TRUE(log->Append("x").ok());
  EXPECT_TRUE(log->Truncate(0).ok());
  EXPECT_TRUE(monitor_.Open("/2.log", OpenMode::kCreate).ok());
  EXPECT_TRUE(monitor_.Link("/1.log", "/3.log").ok());
  EXPECT_TRUE(monitor_.Rename("/3.log", "/4.log").ok());
  EXPECT_TRUE(monitor_.Remove("/4.log").ok());
  EXPECT_TRUE(monitor_.CreateDirectory("/d").ok());
  EXPECT_TRUE(monitor_.RemoveDirectory("/d").ok());
  EXPECT_TRUE(monitor_.Lock("/LOCK", LockMode::kExclusive).ok());
  EXPECT_EQ(monitor_.violations().size(), 9u);
}

TEST_F(OrderMonitorTest, AdoptLearnsWhatASurvivorNames) {
  Start();
  Create("/1.log");
  SyncNames();
  ASSERT_TRUE(manifest_->Append("+1.log\n").ok());
  ASSERT_TRUE(manifest_->Sync().ok());
  const auto survivor = base_.CloneWithNothingUnsynced();
  OrderMonitor after(survivor.get(), &interpreter_);
  ASSERT_TRUE(after.Adopt("/").ok());
  ASSERT_TRUE(after.Remove("/1.log").ok());
  ASSERT_EQ(after.violations().size(), 1u);
  EXPECT_NE(after.violations()[0].find("may still name it"), std::string::npos);
}

TEST_F(OrderMonitorTest, MovesNoFaultAndNoCrashPoint) {
  SimulatedFileSystem plain;
  OrderMonitor monitor(&base_, &interpreter_);
  for (FileSystem* fs : {static_cast<FileSystem*>(&plain), static_cast<FileSystem*>(&monitor)}) {
    ASSERT_TRUE((*fs->Open("/MANIFEST-1", OpenMode::kCreate))->Append("+a\n").ok());
    ASSERT_TRUE(fs->Rename("/MANIFEST-1", "/CURRENT").ok());
    ASSERT_TRUE(fs->SyncDirectory("/").ok());
    ASSERT_TRUE(fs->List("/").ok());
  }
  EXPECT_EQ(plain.calls(), base_.calls());
  EXPECT_EQ(plain.steps(), base_.steps());
  EXPECT_EQ(plain.Fingerprint(), base_.Fingerprint());
}

}  // namespace
}  // namespace veralith
