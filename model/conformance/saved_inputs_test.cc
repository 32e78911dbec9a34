// SPDX-License-Identifier: Apache-2.0

// The saved inputs of the operations fuzzer, corpus/operations: what they mean does not depend on
// kinds of operation that are added, and each that has a name is a text trace too, which says what
// was found.
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

// found_* are the fuzzer's own, kept for the code that they reach.
TEST(SavedInputs, WithNamesAreTextTracesToo) {
  size_t named = 0;
  for (const fs::path& file : SavedInputs()) {
    const std::string name = file.filename().string();
    if (name.starts_with("found_")) {
      continue;
    }
    ++named;
    const fs::path text = fs::path("corpus/traces") / (name + ".trace");
    ASSERT_TRUE(fs::exists(text)) << file << " is a finding without a text: write "
                                  << "model/conformance/replay --print FILE to " << text
                                  << ", with a comment that says what it found";
    Trace trace;
    std::string error;
    ASSERT_TRUE(ParseTrace(Bytes(text), &trace, &error)) << text << ": " << error;
    // Bytes say less than text: the trace as bytes can say it.
    EXPECT_EQ(TraceFromBytes(TraceToBytes(trace)).operations,
              TraceFromBytes(Bytes(file)).operations)
        << text << " does other operations than " << file;
  }
  EXPECT_GT(named, 10u);
}

}  // namespace
}  // namespace veralith::model
