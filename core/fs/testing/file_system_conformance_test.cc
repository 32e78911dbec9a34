// Puts both file systems, the one of production and the simulated one, through the same suite.
#include "core/fs/testing/file_system_conformance.h"

#include <memory>
#include <string>

#include "core/fs/posix_file_system.h"
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

std::unique_ptr<FileSystemUnderTest> MakePosix() { return std::make_unique<PosixUnderTest>(); }

INSTANTIATE_TEST_SUITE_P(Posix, FileSystemConformance, testing::Values(&MakePosix));

}  // namespace
}  // namespace veralith
