// The saved inputs of the operations fuzzer, corpus/operations: what they mean does not depend on
// kinds of operation that are added.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "model/conformance/byte_trace.h"
#include "model/operation_bytes.h"

namespace veralith::model {
namespace {

namespace fs = std::filesystem;

std::string Bytes(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::vector<fs::path> SavedInputs() {
  std::vector<fs::path> files;
  for (const auto& item : fs::directory_iterator("corpus/operations")) {
    files.push_back(item.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

TEST(SavedInputs, MeanTheSameWhateverKindsAreAdded) {
  ASSERT_GT(SavedInputs().size(), 50u);
  for (const fs::path& file : SavedInputs()) {
    EXPECT_FALSE(UsesReservedCodes(OperationBytes(Bytes(file)), kMaxByteTraceOperations))
        << file << " has an alias that a new kind may take as its code: write it anew with "
        << "model/conformance/replay --bytes FILE, which says the same in codes of today";
  }
}

}  // namespace
}  // namespace veralith::model
