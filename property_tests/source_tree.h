// SPDX-License-Identifier: Apache-2.0

// The source tree itself, for tests that compare documents with code. It is found beside the
// WORKSPACE file, which such a test names as its data. Bazel does not know the rest as its input,
// so the test is tagged to run every time.
#ifndef VERALITH_PROPERTY_TESTS_SOURCE_TREE_H_
#define VERALITH_PROPERTY_TESTS_SOURCE_TREE_H_

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

namespace veralith {

inline std::filesystem::path SourceRoot() {
  return std::filesystem::canonical("WORKSPACE").parent_path();
}

inline std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// Every folder of the root that has sources of C++.
inline const std::vector<std::string> kSourceFolders = {
    "bench", "core", "fuzz", "include", "model", "property_tests", "python", "testing", "tools"};

// The files below `folders` of the root with one of these extensions, sorted.
inline std::vector<std::filesystem::path> FilesUnder(const std::vector<std::string>& folders,
                                                     const std::set<std::string>& extensions) {
  namespace fs = std::filesystem;
  std::vector<fs::path> files;
  for (const std::string& folder : folders) {
    if (!fs::exists(SourceRoot() / folder)) {
      continue;
    }
    for (const auto& item : fs::recursive_directory_iterator(SourceRoot() / folder)) {
      if (item.is_regular_file() && extensions.contains(item.path().extension().string())) {
        files.push_back(item.path());
      }
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

// The .h, .c and .cc files below `folders` of the root, sorted.
inline std::vector<std::filesystem::path> SourcesUnder(const std::vector<std::string>& folders) {
  return FilesUnder(folders, {".h", ".c", ".cc"});
}

// Every document of the tree, sorted: at the root and in its folders.
inline std::vector<std::filesystem::path> Documents() {
  std::vector<std::string> folders = kSourceFolders;
  folders.insert(folders.end(), {"corpus", "docs", "third_party"});
  std::vector<std::filesystem::path> documents = FilesUnder(folders, {".md"});
  for (const auto& item : std::filesystem::directory_iterator(SourceRoot())) {
    if (item.path().extension() == ".md") {
      documents.push_back(item.path());
    }
  }
  std::sort(documents.begin(), documents.end());
  return documents;
}

}  // namespace veralith

#endif  // VERALITH_PROPERTY_TESTS_SOURCE_TREE_H_
