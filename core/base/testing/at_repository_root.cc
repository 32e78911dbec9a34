// SPDX-License-Identifier: Apache-2.0

// Linked into a test that reads files of this repository, makes the repository's root its working
// directory before main: the test names saved inputs, golden files and commands by their paths from
// there. Bazel starts a test there itself, unless the test is run from a workspace that embeds this
// one. ctest is told to.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace {

namespace fs = std::filesystem;

// Returns whether `folder` is the root of this repository, and not of one that embeds it.
bool IsRoot(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / "include/veralith/version.h", ignored);
}

// The runfiles of a repository stand in a folder of its name: the name in WORKSPACE, or one that
// Bazel makes of the module's.
bool EnterRoot() {
  const char* const runfiles = std::getenv("TEST_SRCDIR");
  if (IsRoot(".") || runfiles == nullptr) {
    return true;
  }
  for (const char* const name : {"veralith", "_main", "veralith+", "veralith~"}) {
    if (const fs::path folder = fs::path(runfiles) / name; IsRoot(folder)) {
      fs::current_path(folder);
      return true;
    }
  }
  std::fprintf(stderr, "no root of Veralith's repository under %s\n", runfiles);
  std::abort();
}

const bool entered = EnterRoot();

}  // namespace
