// SPDX-License-Identifier: Apache-2.0

// Puts both file systems, that of production and the simulated one, through the same suites. That
// of production also runs where the machine interrupts its calls and transfers less than asked for,
// and where the machine's calls fail (failing_calls.h).
#include "core/fs/testing/file_system_conformance.h"

#include <memory>
#include <string>
#include <utility>

#include "core/fs/testing/failing_calls.h"
#include "core/fs/testing/file_system_fault_conformance.h"
#include "core/fs/testing/temporary_directory.h"
#include "gtest/gtest.h"
#include "veralith/posix_file_system.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith {
namespace {

class PosixUnderTest final : public FileSystemUnderTest {
 public:
  FileSystem& fs() override { return *PosixFileSystem(); }
  std::string root() const override { return directory_.path(); }

 private:
  TemporaryDirectory directory_;
};

class SimulatedUnderTest final : public FileSystemUnderTest {
 public:
  SimulatedUnderTest() { EXPECT_TRUE(fs_.CreateDirectory("/test").ok()); }
  FileSystem& fs() override { return fs_; }
  std::string root() const override { return "/test"; }

 private:
  SimulatedFileSystem fs_;
};

// Real files, on a machine that does what `how` says to calls under their directory.
class PosixOnABadMachine : public FileSystemUnderTest {
 public:
  explicit PosixOnABadMachine(FailingCalls how) {
    how.directory = directory_.path();
    SetFailingCalls(std::move(how));
  }
  ~PosixOnABadMachine() override {
    EXPECT_GT(CallsWatched(), 0u) << "the calls did not come through failing_calls.cc";
    SetFailingCalls({});
  }
  FileSystem& fs() override { return *PosixFileSystem(); }
  std::string root() const override { return directory_.path(); }

 private:
  TemporaryDirectory directory_;
};

std::unique_ptr<FileSystemUnderTest> MakeInterrupted() {
  return std::make_unique<PosixOnABadMachine>(FailingCalls{.interrupt = true});
}
std::unique_ptr<FileSystemUnderTest> MakeShortened() {
  return std::make_unique<PosixOnABadMachine>(FailingCalls{.shorten = true});
}

class FailingPosix final : public FailingFileSystemUnderTest {
 public:
  FileSystem& fs() override { return *PosixFileSystem(); }
  std::string root() const override { return directory_.path(); }
  void SetFaults(FaultPlan plan) override {
    SetFailingCalls({.directory = directory_.path(), .faults = std::move(plan)});
  }
  uint64_t faults_fired() const override { return CallsFailed(); }
  ~FailingPosix() override { SetFailingCalls({}); }

 private:
  TemporaryDirectory directory_;
};

class FailingSimulated final : public FailingFileSystemUnderTest {
 public:
  FailingSimulated() { EXPECT_TRUE(fs_.CreateDirectory("/test").ok()); }
  FileSystem& fs() override { return fs_; }
  std::string root() const override { return "/test"; }
  void SetFaults(FaultPlan plan) override { fs_.SetFaults(std::move(plan)); }
  uint64_t faults_fired() const override { return fs_.faults_fired(); }

 private:
  SimulatedFileSystem fs_;
};

std::unique_ptr<FailingFileSystemUnderTest> MakeFailingPosix() {
  auto subject = std::make_unique<FailingPosix>();
  subject->SetFaults({});  // from here on descriptors are watched
  return subject;
}
std::unique_ptr<FailingFileSystemUnderTest> MakeFailingSimulated() {
  return std::make_unique<FailingSimulated>();
}

std::unique_ptr<FileSystemUnderTest> MakePosix() { return std::make_unique<PosixUnderTest>(); }

std::unique_ptr<FileSystemUnderTest> MakeSimulated() {
  return std::make_unique<SimulatedUnderTest>();
}

INSTANTIATE_TEST_SUITE_P(Simulated, FileSystemConformance, testing::Values(&MakeSimulated));
INSTANTIATE_TEST_SUITE_P(Posix, FileSystemConformance, testing::Values(&MakePosix));
INSTANTIATE_TEST_SUITE_P(PosixInterrupted, FileSystemConformance,
                         testing::Values(&MakeInterrupted));
INSTANTIATE_TEST_SUITE_P(PosixShortened, FileSystemConformance, testing::Values(&MakeShortened));
INSTANTIATE_TEST_SUITE_P(Simulated, FileSystemFaults, testing::Values(&MakeFailingSimulated));
INSTANTIATE_TEST_SUITE_P(Posix, FileSystemFaults, testing::Values(&MakeFailingPosix));

}  // namespace
}  // namespace veralith
