// SPDX-License-Identifier: Apache-2.0

// DESIGN promises 1 and 3: namespaces go from 0 to 2^63-1, keys are any bytes, timestamps lie in
// 1 <= ts < 2^63. Here: the ends of all three are ordinary values. None is taken for a special mark
// (hazard O5), and none hides its neighbours (hazard O2).
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/db/testing/simulation.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

constexpr NamespaceId kNamespaces[] = {0, 1, 2, 255, 256, 65'535, kMaxNamespace - 1, kMaxNamespace};

std::vector<std::string> Keys() {
  return {"",
          std::string(1, '\0'),
          std::string(2, '\0'),
          std::string("\0\xff", 2),
          "a",
          "\xff",
          std::string(16, '\xff'),
          std::string(kMaxKeyBytes, '\xff')};
}

class Ends : public ::testing::Test {
 protected:
  void Open() {
    db_.reset();
    db_ = *simulation_.Open();
  }
  // Expects every namespace, both ways, and every key by itself.
  void Expect(const std::map<std::pair<NamespaceId, std::string>, std::string>& contents) {
    for (const NamespaceId ns : kNamespaces) {
      ScanOptions scan;
      scan.ns = ns;
      const auto it = db_->NewIterator(scan);
      auto expected = contents.lower_bound({ns, ""});
      for (it->SeekToFirst(); it->Valid(); it->Next(), ++expected) {
        ASSERT_TRUE(expected != contents.end() && expected->first.first == ns);
        ASSERT_EQ(it->key(), expected->first.second);
        ASSERT_EQ(it->value(), expected->second);
      }
      ASSERT_TRUE(it->status().ok());
      ASSERT_TRUE(expected == contents.end() || expected->first.first != ns) << "namespace " << ns;
      for (it->SeekToLast(); it->Valid(); it->Prev()) {
        --expected;
        ASSERT_EQ(it->key(), expected->first.second);
      }
      ASSERT_TRUE(expected == contents.lower_bound({ns, ""})) << "namespace " << ns;
    }
    for (const auto& [place, value] : contents) {
      PinnedValue found;
      const absl::StatusOr<bool> there = db_->Get({}, place.first, place.second, &found);
      ASSERT_TRUE(there.ok() && *there);
      ASSERT_EQ(found.view(), value);
    }
  }

  Simulation simulation_;
  std::unique_ptr<Db> db_;
};

TEST_F(Ends, OfNamespacesAndKeysAreLikeOthers) {
  Open();
  std::map<std::pair<NamespaceId, std::string>, std::string> contents;
  for (const NamespaceId ns : kNamespaces) {
    for (const std::string& key : Keys()) {
      const std::string value = std::to_string(ns) + "/" + std::to_string(key.size());
      ASSERT_TRUE(db_->Put({}, ns, key, value).ok());
      contents[{ns, key}] = value;
    }
  }
  Expect(contents);
  ASSERT_TRUE(db_->Flush().ok());
  Expect(contents);
  // A delete to the end of a namespace ends there.
  ASSERT_TRUE(db_->DeleteRange({}, 255, "", std::nullopt).ok());
  ASSERT_TRUE(db_->DeleteRange({}, kMaxNamespace, "\xff", std::nullopt).ok());
  std::erase_if(contents, [](const auto& item) {
    return item.first.first == 255 ||
           (item.first.first == kMaxNamespace && item.first.second >= "\xff");
  });
  Expect(contents);
  ASSERT_TRUE(db_->CompactAll().ok());
  Expect(contents);
  ASSERT_TRUE(db_->Close().ok());
  Open();
  Expect(contents);
}

TEST_F(Ends, OfTimeAreTimestampsLikeOthers) {
  // A group has up to 4,096 commits, and no group begins without a timestamp for each of them.
  constexpr Timestamp kLast = kMaxTimestamp - 4095;
  simulation_.clock().SetWall(kLast - 5);
  Open();
  const std::string key = "k";
  int commits = 0;
  absl::Status status;
  for (; status.ok() && commits < 100; ++commits) {
    status = db_->Put({}, 0, key, std::to_string(commits));
  }
  // The last timestamp with which a group can begin was given out, and nothing after it.
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status.ToString();
  EXPECT_EQ(db_->LastTimestamp(), kLast);
  const std::string last = std::to_string(commits - 2);
  for (int step = 0; step < 3; ++step) {
    PinnedValue value;
    Timestamp at = 0;
    const absl::StatusOr<bool> found = db_->Get({}, 0, key, &value, &at);
    ASSERT_TRUE(found.ok() && *found) << step;
    EXPECT_EQ(value.view(), last) << step;
    EXPECT_EQ(at, kLast) << step;
    const auto it = db_->NewIterator({});
    it->SeekToLast();
    ASSERT_TRUE(it->Valid()) << step;
    EXPECT_EQ(it->value(), last) << step;
    EXPECT_EQ(it->timestamp(), kLast) << step;
    it->Prev();
    EXPECT_FALSE(it->Valid());
    ASSERT_TRUE(step == 0 ? db_->Flush().ok() : db_->CompactAll().ok());
  }
}

TEST_F(Ends, TheFirstTimestampIsOne) {
  simulation_.clock().SetWall(0);
  Open();
  EXPECT_EQ(db_->LastTimestamp(), 0u);
  ASSERT_TRUE(db_->Put({}, 0, "", "first").ok());
  EXPECT_EQ(db_->LastTimestamp(), kMinTimestamp);
  ASSERT_TRUE(db_->Flush().ok());
  ReadOptions at;
  at.timestamp = kMinTimestamp;
  PinnedValue value;
  const absl::StatusOr<bool> found = db_->Get(at, 0, "", &value);
  ASSERT_TRUE(found.ok() && *found);
  EXPECT_EQ(value.view(), "first");
}

}  // namespace
}  // namespace veralith
