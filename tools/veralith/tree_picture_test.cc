// SPDX-License-Identifier: Apache-2.0

#include "tools/veralith/tree_picture.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace veralith::tools {
namespace {

std::string KeyOf(uint64_t i) {
  std::string digits = std::to_string(i);
  return std::string(8 - digits.size(), '0') + digits;
}

void AddRun(int level, uint64_t run_id, uint64_t files, uint64_t first_number, VersionEdit* edit) {
  for (uint64_t i = 0; i < files; ++i) {
    FileMeta file;
    file.number = first_number + i;
    file.bytes = 1000 + i;
    file.entries = 100;
    file.tombstones = i % 100;
    file.smallest_key = KeyOf(i * 1000 / files * 1000);
    file.smallest_key += "<&\">" + std::to_string(i);
    file.largest = {0, file.smallest_key + "z", KeyBound::Kind::kInclusive};
    file.min_ts = file.max_ts = (8 - static_cast<uint64_t>(level)) * 1000 + run_id * 10 + 1;
    edit->added_files.push_back({level, run_id, file});
  }
}

// Checks what an XML parser requires: elements nest and end, quotes close, special characters are
// escaped.
std::string FirstFault(const std::string& page) {
  std::vector<std::string> open;
  size_t at = page.find("<html");
  while (at < page.size()) {
    const size_t begin = page.find('<', at);
    const std::string between = page.substr(at, begin - at);
    for (size_t i = between.find('&'); i != std::string::npos; i = between.find('&', i + 1)) {
      if (between.find(';', i) > i + 5) {
        return "a bare & in: " + between;
      }
    }
    if (begin == std::string::npos) {
      break;
    }
    const size_t end = page.find('>', begin);
    if (end == std::string::npos) {
      return "a tag that does not end";
    }
    const std::string tag = page.substr(begin + 1, end - begin - 1);
    const std::string name = tag.substr(0, tag.find_first_of(" \n"));
    if (std::count(tag.begin(), tag.end(), '"') % 2 != 0 || tag.find('<') != std::string::npos) {
      return "a bad tag: " + tag;
    }
    if (name[0] == '/') {
      if (open.empty() || open.back() != name.substr(1)) {
        return "not open: " + name;
      }
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(name);
    }
    at = end + 1;
  }
  return open.empty() ? "" : "left open: " + open.back();
}

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

// The numbers of the files that the page's tooltips name, ascending.
std::vector<uint64_t> FilesIn(const std::string& page) {
  const std::string begin = "<title>";
  std::vector<uint64_t> numbers;
  for (size_t at = page.find(begin); at != std::string::npos; at = page.find(begin, at + 1)) {
    if (page.compare(at + begin.size() + 6, 8, ".parquet") == 0) {
      numbers.push_back(std::stoull(page.substr(at + begin.size(), 6)));
    }
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

TEST(TreePicture, OfNoFilesIsAPage) {
  const std::string page = DrawTree(Version(), {"an empty tree", {"nothing here"}});
  EXPECT_EQ(FirstFault(page), "");
  EXPECT_NE(page.find("nothing here"), std::string::npos);
}

TEST(TreePicture, Of10000FilesHoldsEachOnceAndNeedsNothingElse) {
  VersionEdit edit;
  AddRun(0, 12, 2, 1, &edit);
  AddRun(0, 11, 1, 3, &edit);
  AddRun(1, 0, 97, 10, &edit);
  AddRun(2, 0, 900, 200, &edit);
  AddRun(3, 0, 9000, 2000, &edit);
  const absl::StatusOr<Version> version = Version().Apply(edit);
  ASSERT_TRUE(version.ok()) << version.status();
  ASSERT_EQ(version->FileCount(), 10'000u);
  const std::string page = DrawTree(*version, {"10,000 files <&>", {}});
  EXPECT_EQ(FirstFault(page), "");
  EXPECT_EQ(FilesIn(page), version->FileNumbers());
  EXPECT_EQ(Count(page, "class=\"f\""), 10'000u);
  // The names of SVG only.
  EXPECT_EQ(Count(page, "http"), Count(page, "http://www.w3.org/2000/svg"));
  EXPECT_EQ(Count(page, "<script"), 0u);
  EXPECT_LT(page.size(), 10'000u * 600);
  EXPECT_EQ(page, DrawTree(*version, {"10,000 files <&>", {}}));
  for (const char* run : {"level 0, run 12", "level 0, run 11", "level 1", "level 3"}) {
    EXPECT_GE(Count(page, run), 2u) << run;  // in both pictures
  }
}

}  // namespace
}  // namespace veralith::tools
