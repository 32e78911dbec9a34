// The source tree itself, for tests that compare documents with code. It is found beside the
// WORKSPACE file, which such a test names as its data. Bazel does not know the rest as its input,
// so the test is tagged to run every time.
#ifndef VERALITH_PROPERTY_TESTS_SOURCE_TREE_H_
#define VERALITH_PROPERTY_TESTS_SOURCE_TREE_H_

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
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
inline const std::vector<std::string> kSourceFolders = {"bench", "core",           "fuzz",
                                                        "model", "property_tests", "tools"};

// The .h and .cc files below `folders` of the root, sorted.
inline std::vector<std::filesystem::path> SourcesUnder(const std::vector<std::string>& folders) {
  std::vector<std::filesystem::path> files;
  for (const std::string& folder : folders) {
    for (const auto& item : std::filesystem::recursive_directory_iterator(SourceRoot() / folder)) {
      const std::string extension = item.path().extension().string();
      if (item.is_regular_file() && (extension == ".h" || extension == ".cc")) {
        files.push_back(item.path());
      }
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Every document of the tree, sorted: at the root and in its folders.
inline std::vector<std::filesystem::path> Documents() {
  namespace fs = std::filesystem;
  std::vector<fs::path> documents;
  const auto add = [&documents](const fs::path& path) {
    if (path.extension() == ".md") {
      documents.push_back(path);
    }
  };
  for (const auto& item : fs::directory_iterator(SourceRoot())) {
    add(item.path());
  }
  std::vector<std::string> folders = kSourceFolders;
  folders.insert(folders.end(), {"corpus", "docs", "third_party"});
  for (const std::string& folder : folders) {
    for (const auto& item : fs::recursive_directory_iterator(SourceRoot() / folder)) {
      add(item.path());
    }
  }
  std::sort(documents.begin(), documents.end());
  return documents;
}

}  // namespace veralith

#endif  // VERALITH_PROPERTY_TESTS_SOURCE_TREE_H_
