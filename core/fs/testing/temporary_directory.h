// SPDX-License-Identifier: Apache-2.0

// A fresh directory on the machine's disk for one test, removed with everything in it at the end.
#ifndef VERALITH_CORE_FS_TESTING_TEMPORARY_DIRECTORY_H_
#define VERALITH_CORE_FS_TESTING_TEMPORARY_DIRECTORY_H_

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "core/base/check.h"

namespace veralith {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    const char* base = getenv("TEST_TMPDIR");  // Bazel's, private to the test
    path_ = std::string(base == nullptr ? "/tmp" : base) + "/veralith_XXXXXX";
    VERALITH_CHECK(mkdtemp(path_.data()) != nullptr);
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_FS_TESTING_TEMPORARY_DIRECTORY_H_
