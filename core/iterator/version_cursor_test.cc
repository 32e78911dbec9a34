#include "core/iterator/version_cursor.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/iterator/vector_iterator.h"

namespace veralith {
namespace {

TEST(VersionCursor, ASeekForgetsTheErrorBefore) {
  auto versions = std::make_unique<VectorIterator>(std::vector<OwnedEntry>{
      {0, "a", 1, EntryKind::kPut, "v"}, {0, "b", 1, EntryKind::kPut, "v"}});
  versions->FailAt(1, DataLoss("bad page"));
  const auto cursor = NewVersionCursor(std::move(versions), 0, kMaxTimestamp);
  for (const bool forward : {true, false}) {
    cursor->Seek("b");
    EXPECT_FALSE(cursor->Valid());
    EXPECT_EQ(cursor->status(), DataLoss("bad page"));
    forward ? cursor->Seek("a") : cursor->SeekForPrev("a");
    ASSERT_TRUE(cursor->Valid());
    EXPECT_EQ(cursor->key(), "a");
    EXPECT_TRUE(cursor->status().ok()) << cursor->status();
  }
}

}  // namespace
}  // namespace veralith
