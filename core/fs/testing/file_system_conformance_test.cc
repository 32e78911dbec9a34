// Puts both file systems, the one of production and the simulated one, through the same suite.
#include "core/fs/testing/file_system_conformance.h"

#include <memory>
#include <string>

#include "core/fs/posix_file_system.h"
#include "core/fs/testing/simulated_file_system.h"
#include "core/fs/testing/temporary_directory.h"
#include "gtest/gtest.h"

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

std::unique_ptr<FileSystemUnderTest> MakePosix() { return std::make_unique<PosixUnderTest>(); }

std::unique_ptr<FileSystemUnderTest> MakeSimulated() {
  return std::make_unique<SimulatedUnderTest>();
}

INSTANTIATE_TEST_SUITE_P(Simulated, FileSystemConformance, testing::Values(&MakeSimulated));
INSTANTIATE_TEST_SUITE_P(Posix, FileSystemConformance, testing::Values(&MakePosix));

}  // namespace
}  // namespace veralith
