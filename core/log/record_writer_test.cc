// SPDX-License-Identifier: Apache-2.0

#include "core/log/record_writer.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "core/base/status.h"
#include "core/format/testing/allocation_count.h"
#include "core/fs/testing/memory_file.h"
#include "core/log/record_reader.h"

namespace veralith {
namespace {

constexpr RecordFileId kId = {RecordFileKind::kManifest, 3, 0x5eed};

class RecordWriterTest : public ::testing::Test {
 protected:
  std::vector<std::string> ReadAll() {
    auto reader = RecordReader::Open(OpenMemoryFile(state_->bytes), kId);
    std::vector<std::string> payloads;
    std::string_view payload;
    while (*(*reader)->Next(&payload)) {
      payloads.emplace_back(payload);
    }
    resume_ = (*reader)->resume_point();
    EXPECT_EQ((*reader)->end_reason(), RecordReader::EndReason::kEndOfFile);
    return payloads;
  }

  std::shared_ptr<MemoryFileState> state_ = std::make_shared<MemoryFileState>();
  RecordResumePoint resume_;
};

TEST_F(RecordWriterTest, WritesNothingBeforeCommitAndEverythingStagedWithOneAppend) {
  RecordWriter writer(OpenMemoryFile(state_), kId);
  writer.Stage("one");
  writer.Stage("two");
  EXPECT_EQ(state_->appends, 0);
  EXPECT_EQ(writer.committed_offset(), 0u);
  EXPECT_EQ(writer.staged_offset(), kRecordFileHeaderBytes + 2 * RecordBytes(3));
  ASSERT_TRUE(writer.Commit().ok());
  EXPECT_EQ(state_->appends, 1);
  EXPECT_EQ(writer.committed_offset(), state_->bytes.size());
  writer.Stage("three");
  ASSERT_TRUE(writer.Commit().ok());
  EXPECT_EQ(state_->appends, 2);
  EXPECT_EQ(ReadAll(), (std::vector<std::string>{"one", "two", "three"}));
}

TEST_F(RecordWriterTest, ACommitWithNothingStagedDoesNothing) {
  RecordWriter writer(OpenMemoryFile(state_), kId);
  ASSERT_TRUE(writer.Commit().ok());  // the file header
  ASSERT_TRUE(writer.Commit().ok());
  EXPECT_EQ(state_->appends, 1);
  EXPECT_EQ(state_->bytes.size(), kRecordFileHeaderBytes);
}

TEST_F(RecordWriterTest, SyncReachesWhatWasCommittedAndNotMore) {
  RecordWriter writer(OpenMemoryFile(state_), kId);
  writer.Stage("one");
  ASSERT_TRUE(writer.Commit().ok());
  EXPECT_EQ(writer.synced_offset(), 0u);
  const uint64_t committed = writer.committed_offset();
  writer.Stage("two");
  ASSERT_TRUE(writer.Sync().ok());
  EXPECT_EQ(writer.synced_offset(), committed);
  ASSERT_TRUE(writer.Sync().ok());
  EXPECT_EQ(state_->syncs, 1) << "nothing new to sync";
}

TEST_F(RecordWriterTest, AFailedAppendPoisonsTheWriterForEver) {
  RecordWriter writer(OpenMemoryFile(state_), kId);
  writer.Stage("one");
  ASSERT_TRUE(writer.Commit().ok());
  state_->append_error = ResourceExhausted("memory/file: append: full");
  writer.Stage("two");
  EXPECT_EQ(Message(writer.Commit()), "memory/file: append: full");
  state_->append_error = absl::OkStatus();
  const std::string bytes = state_->bytes;
  writer.Stage("three");
  EXPECT_EQ(Message(writer.Commit()), "memory/file: append: full");
  EXPECT_EQ(Message(writer.Sync()), "memory/file: append: full");
  EXPECT_EQ(Message(writer.status()), "memory/file: append: full");
  EXPECT_EQ(state_->bytes, bytes) << "nothing is appended behind a half-written record";
  EXPECT_EQ(state_->syncs, 0);
}

TEST_F(RecordWriterTest, AFailedSyncPoisonsTheWriterForEver) {
  RecordWriter writer(OpenMemoryFile(state_), kId);
  writer.Stage("one");
  ASSERT_TRUE(writer.Commit().ok());
  state_->sync_error = Unavailable("memory/file: sync: EIO");
  EXPECT_EQ(Message(writer.Sync()), "memory/file: sync: EIO");
  state_->sync_error = absl::OkStatus();
  writer.Stage("two");
  EXPECT_EQ(Message(writer.Commit()), "memory/file: sync: EIO");
  EXPECT_EQ(Message(writer.Sync()), "memory/file: sync: EIO");
  EXPECT_EQ(writer.synced_offset(), 0u);
  EXPECT_EQ(state_->appends, 1);
}

TEST_F(RecordWriterTest, NothingIsWrittenAfterClose) {
  RecordWriter writer(OpenMemoryFile(state_), kId);
  ASSERT_TRUE(writer.Close().ok());
  writer.Stage("one");
  EXPECT_EQ(writer.Commit().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(writer.Sync().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(state_->appends, 0);
}

TEST_F(RecordWriterTest, StagingAllocatesNothingInSteadyState) {
  RecordWriter writer(OpenMemoryFile(state_), kId);
  const std::string payload(1000, 'p');
  for (int i = 0; i < 100; ++i) {
    writer.Stage(payload);
  }
  ASSERT_TRUE(writer.Commit().ok());
  const uint64_t before = AllocationCount();
  for (int i = 0; i < 100; ++i) {
    writer.Stage(payload);
  }
  EXPECT_EQ(AllocationCount(), before);
}

TEST_F(RecordWriterTest, RecordsOfAnySizeReadBack) {
  RecordWriter writer(OpenMemoryFile(state_), kId);
  std::vector<std::string> payloads;
  for (const size_t n : {1, 7, 8, 9, 65'519, 65'520, 65'536, 200'000, 20'000'000, 5}) {
    payloads.push_back(std::string(n, static_cast<char>('a' + n % 26)));
    writer.Stage(payloads.back());
    if (n % 2 == 0) {
      ASSERT_TRUE(writer.Commit().ok());
    }
  }
  ASSERT_TRUE(writer.Commit().ok());
  EXPECT_EQ(ReadAll(), payloads);
}

TEST_F(RecordWriterTest, GoesOnBehindTheLastGoodRecord) {
  {
    RecordWriter writer(OpenMemoryFile(state_), kId);
    writer.Stage("one");
    ASSERT_TRUE(writer.Commit().ok());
  }
  ASSERT_EQ(ReadAll().size(), 1u);
  RecordWriter writer(OpenMemoryFile(state_), kId, resume_);
  EXPECT_EQ(writer.synced_offset(), state_->bytes.size());
  writer.Stage("two");
  ASSERT_TRUE(writer.Commit().ok());
  EXPECT_EQ(ReadAll(), (std::vector<std::string>{"one", "two"}));
}

}  // namespace
}  // namespace veralith
