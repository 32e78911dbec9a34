// SPDX-License-Identifier: Apache-2.0

// LogWriter and LogReader together: what recovery relies on.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/testing/allocation_count.h"
#include "core/format/testing/generators.h"
#include "core/format/testing/version_1.h"
#include "core/fs/testing/memory_file.h"
#include "core/log/log_reader.h"
#include "core/log/log_writer.h"

namespace veralith {
namespace {

constexpr uint64_t kNumber = 12;
constexpr uint64_t kLogId = 0xfeedface12345678;

std::vector<LogOperation> OperationsOf(const LogRecordView& record) {
  std::vector<LogOperation> operations;
  LogOperation op;
  for (auto cursor = record.operations(); cursor.Next(&op);) {
    operations.push_back(op);
  }
  return operations;
}

class LogTest : public ::testing::Test {
 protected:
  // Writes one put per record; each record but the first says that the one before it was synced.
  void Write(int records) {
    LogWriter writer(OpenMemoryFile(state_), kNumber, kLogId);
    for (int i = 1; i <= records; ++i) {
      const std::string key = StrCat("key", i);
      const LogOperation put{.key = key, .value = "value"};
      writer.Stage(i, writer.synced(), {&put, 1});
      ASSERT_TRUE(writer.Commit().ok());
      ends_.push_back(writer.end());
      ASSERT_TRUE(writer.Sync().ok());
    }
  }

  std::unique_ptr<LogReader> Open() {
    return *LogReader::Open(OpenMemoryFile(state_), kNumber, kLogId);
  }

  // Returns the timestamps read.
  static std::vector<Timestamp> ReadToEnd(LogReader& reader) {
    std::vector<Timestamp> timestamps;
    LogRecordView record;
    while (*reader.Next(&record)) {
      timestamps.push_back(record.ts());
    }
    return timestamps;
  }

  std::shared_ptr<MemoryFileState> state_ = std::make_shared<MemoryFileState>();
  std::vector<LogPosition> ends_;
};

TEST_F(LogTest, PositionsTellWhatIsCommittedAndWhatIsSynced) {
  LogWriter writer(OpenMemoryFile(state_), kNumber, kLogId);
  EXPECT_EQ(writer.end(), (LogPosition{kNumber, 0}));
  const LogOperation put{.key = "k", .value = "v"};
  writer.Stage(1, {}, {&put, 1});
  EXPECT_EQ(writer.end(), (LogPosition{kNumber, 0}));
  ASSERT_TRUE(writer.Commit().ok());
  EXPECT_EQ(writer.end(), (LogPosition{kNumber, state_->bytes.size()}));
  EXPECT_EQ(writer.synced(), (LogPosition{kNumber, 0}));
  ASSERT_TRUE(writer.Sync().ok());
  EXPECT_EQ(writer.synced(), writer.end());
}

RC_GTEST_FIXTURE_PROP(LogTest, ReadsBackTheBatchesThatWereStaged, ()) {
  const auto batches = *rc::gen::container<std::vector<std::vector<testing::OwnedOperation>>>(
      rc::gen::container<std::vector<testing::OwnedOperation>>(testing::AnyOperation()));
  LogWriter writer(OpenMemoryFile(state_), kNumber, kLogId);
  Timestamp ts = 0;
  for (const auto& batch : batches) {
    ++ts;
    writer.Stage(ts, {ts, 2 * ts}, testing::Views(batch));
    if (*rc::gen::arbitrary<bool>()) {
      RC_ASSERT(writer.Commit().ok());
    }
  }
  RC_ASSERT(writer.Commit().ok());
  auto reader = Open();
  LogRecordView record;
  ts = 0;
  for (const auto& batch : batches) {
    RC_ASSERT(*reader->Next(&record));
    ++ts;
    RC_ASSERT(record.ts() == ts);
    RC_ASSERT((record.synced_through() == LogPosition{ts, 2 * ts}));
    RC_ASSERT(OperationsOf(record) == testing::Views(batch));
  }
  RC_ASSERT(!*reader->Next(&record));
  RC_ASSERT(reader->end_reason() == LogReader::EndReason::kEndOfFile);
  RC_ASSERT(reader->end() == writer.end());
  state_->bytes.clear();
}

TEST_F(LogTest, ATornTailIsNotCalledSyncedByAnyRecord) {
  Write(3);
  state_->bytes.resize(state_->bytes.size() - 3);
  auto reader = Open();
  EXPECT_EQ(ReadToEnd(*reader), (std::vector<Timestamp>{1, 2}));
  EXPECT_EQ(reader->end_reason(), LogReader::EndReason::kBadRecord);
  EXPECT_EQ(reader->end(), ends_[1]);
  EXPECT_EQ(*reader->FurthestSyncedBehindDamage(), std::nullopt);
}

TEST_F(LogTest, DamageInTheMiddleIsCalledSyncedByALaterRecord) {
  Write(4);
  state_->bytes[ends_[0].offset + 20] ^= 1;
  auto reader = Open();
  EXPECT_EQ(ReadToEnd(*reader), (std::vector<Timestamp>{1}));
  EXPECT_EQ(reader->end(), ends_[0]);
  const auto synced = *reader->FurthestSyncedBehindDamage();
  ASSERT_TRUE(synced.has_value());
  EXPECT_EQ(*synced, ends_[2]) << "what record 4 says";
  EXPECT_GT(*synced, reader->end());
}

TEST_F(LogTest, RecordsBehindALostFileHeaderAreFound) {
  Write(2);
  state_->bytes.replace(0, 40, std::string(40, '\0'));
  auto reader = Open();
  EXPECT_TRUE(ReadToEnd(*reader).empty());
  EXPECT_EQ(reader->end(), (LogPosition{kNumber, 0}));
  EXPECT_EQ(*reader->FurthestSyncedBehindDamage(), ends_[0]);
}

TEST_F(LogTest, ASoundRecordThatDoesNotParseIsAnErrorAndNothingBehindItIsRead) {
  RecordWriter writer(OpenMemoryFile(state_), {RecordFileKind::kLog, kNumber, kLogId});
  writer.Stage("no batch");
  writer.Stage("no batch");
  ASSERT_TRUE(writer.Commit().ok());
  auto reader = Open();
  LogRecordView record;
  for (int i = 0; i < 2; ++i) {
    const absl::Status status = reader->Next(&record).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(Message(status),
              "memory/file: record at offset 40: log record: offset 8: expected 1 bytes of "
              "synced-through log, 0 remain");
  }
}

TEST_F(LogTest, ASoundRecordBehindDamageThatDoesNotParseIsAnErrorToo) {
  RecordWriter writer(OpenMemoryFile(state_), {RecordFileKind::kLog, kNumber, kLogId});
  writer.Stage("no batch");
  ASSERT_TRUE(writer.Commit().ok());
  state_->bytes[0] = 0;
  auto reader = Open();
  EXPECT_TRUE(ReadToEnd(*reader).empty());
  EXPECT_EQ(reader->FurthestSyncedBehindDamage().status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(LogTest, ALogThatLostItsTailAtARecordsBoundaryIsNoticedByTheNextLog) {
  Write(3);
  uint32_t checksum = 0;
  {
    auto reader = Open();
    ReadToEnd(*reader);
    checksum = *reader->checksum();
  }
  auto next = std::make_shared<MemoryFileState>();
  LogWriter writer(OpenMemoryFile(next), kNumber + 1, 99, checksum);
  writer.Stage(4, {}, {});
  ASSERT_TRUE(writer.Commit().ok());
  for (const bool lost_tail : {false, true}) {
    if (lost_tail) {
      state_->bytes.resize(ends_[1].offset);
    }
    auto first = Open();
    ReadToEnd(*first);
    EXPECT_EQ(first->end_reason(), LogReader::EndReason::kEndOfFile);
    auto second = *LogReader::Open(OpenMemoryFile(next), kNumber + 1, 99);
    second->ExpectContinues(*first->checksum());
    EXPECT_EQ(ReadToEnd(*second).size(), lost_tail ? 0u : 1u);
    EXPECT_EQ(second->end_reason(),
              lost_tail ? LogReader::EndReason::kBrokenChain : LogReader::EndReason::kEndOfFile);
  }
}

// A log of version 1 with one put per record. Each record but the first says that the one before it
// was synced; ends[i] is the end of record i.
testing::RecordFileImage Version1Log(int records, std::vector<LogPosition>* ends) {
  testing::RecordFileImage image({.file = {RecordFileKind::kLog, kNumber, kLogId}, .version = 1});
  LogPosition synced;
  for (int i = 1; i <= records; ++i) {
    const std::string key = StrCat("key", i);
    const LogOperation put{.ns = 7, .key = key, .value = "value"};
    image.Add(testing::Version1LogPayload(i, synced, {&put, 1}));
    synced = {kNumber, image.bytes().size()};
    ends->push_back(synced);
  }
  return image;
}

TEST_F(LogTest, ALogOfVersion1IsReadAndContinuedByOneOfVersion2) {
  const testing::RecordFileImage old = Version1Log(3, &ends_);
  state_->bytes = old.bytes();
  auto next = std::make_shared<MemoryFileState>();
  LogWriter writer(OpenMemoryFile(next), kNumber + 1, 99, old.checksum());
  writer.Stage(4, ends_[2], {});
  ASSERT_TRUE(writer.Commit().ok());

  auto first = Open();
  LogRecordView record;
  ASSERT_TRUE(*first->Next(&record));
  EXPECT_EQ(OperationsOf(record),
            (std::vector<LogOperation>{{.ns = 7, .key = "key1", .value = "value"}}));
  EXPECT_EQ(ReadToEnd(*first), (std::vector<Timestamp>{2, 3}));
  EXPECT_EQ(first->end(), ends_[2]);
  auto second = *LogReader::Open(OpenMemoryFile(next), kNumber + 1, 99);
  second->ExpectContinues(*first->checksum());
  ASSERT_TRUE(*second->Next(&record));
  EXPECT_EQ(record.synced_through(), ends_[2]);
  EXPECT_EQ(second->end_reason(), LogReader::EndReason::kEndOfFile);
}

TEST_F(LogTest, DamageToALogOfVersion1IsCalledSyncedByALaterRecord) {
  state_->bytes = Version1Log(4, &ends_).bytes();
  state_->bytes[ends_[0].offset + 20] ^= 1;
  auto reader = Open();
  EXPECT_EQ(ReadToEnd(*reader), (std::vector<Timestamp>{1}));
  EXPECT_EQ(*reader->FurthestSyncedBehindDamage(), ends_[2]);
}

TEST_F(LogTest, RecordsOfVersion1BehindALostFileHeaderAreFound) {
  state_->bytes = Version1Log(2, &ends_).bytes();
  state_->bytes.replace(0, 40, std::string(40, '\0'));
  auto reader = Open();
  EXPECT_TRUE(ReadToEnd(*reader).empty());
  EXPECT_EQ(*reader->FurthestSyncedBehindDamage(), ends_[0]);
}

TEST_F(LogTest, StagingABatchAllocatesNothingInSteadyState) {
  LogWriter writer(OpenMemoryFile(state_), kNumber, kLogId);
  const std::string key(16, 'k');
  const std::string value(100, 'v');
  const LogOperation put{.key = key, .value = value};
  const uint64_t before = AllocationCount();
  for (int i = 1; i <= 300; ++i) {
    writer.Stage(i, {}, {&put, 1});
  }
  EXPECT_EQ(AllocationCount(), before);
}

}  // namespace
}  // namespace veralith
