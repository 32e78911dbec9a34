// SPDX-License-Identifier: Apache-2.0

#include "core/format/log_record.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/record_frame.h"
#include "core/format/testing/allocation_count.h"
#include "core/format/testing/generators.h"
#include "core/format/testing/version_1.h"

namespace veralith {
namespace {

constexpr uint32_t kVersion = kRecordFormatVersion;

// Encodes version 1 as its writers did.
std::string Store(Timestamp ts, LogPosition synced, const std::vector<LogOperation>& operations,
                  uint32_t version = kVersion) {
  if (version == 1) {
    return testing::Version1LogPayload(ts, synced, operations);
  }
  std::string out(LogRecordBytes(synced, operations), '\0');
  EXPECT_EQ(StoreLogRecord(out.data(), ts, synced, operations), out.data() + out.size());
  return out;
}

std::vector<LogOperation> OperationsOf(const LogRecordView& record) {
  std::vector<LogOperation> operations;
  LogOperation op;
  for (auto cursor = record.operations(); cursor.Next(&op);) {
    operations.push_back(op);
  }
  return operations;
}

const std::vector<LogOperation>& GoldenOperations() {
  static const std::vector<LogOperation> operations = {
      {.kind = LogOperation::Kind::kPut, .ns = 0, .key = "k", .value = "vv"},
      {.kind = LogOperation::Kind::kDelete, .ns = 300, .key = "", .value = ""},
      {.kind = LogOperation::Kind::kDeleteRange, .ns = 1, .key = "a", .value = "c"},
      {.kind = LogOperation::Kind::kDeleteRange,
       .open_end = true,
       .ns = 1,
       .key = "x",
       .value = ""},
  };
  return operations;
}

TEST(LogRecord, HasItsGoldenBytes) {
  EXPECT_EQ(HexEncode(Store(9, {2, 300}, GoldenOperations())), "0900000000000000"
                                                               "02"
                                                               "ac02"
                                                               "0101026b7676"
                                                               "82ac0200"
                                                               "8301010161"
                                                               "63"
                                                               "84010178");
}

// The log of a load: 148 bytes of log for 116 bytes of key and value.
TEST(LogRecord, APutOf116BytesTakes148BytesOfLog) {
  const std::string key(16, 'k');
  const std::string value(100, 'v');
  const LogOperation put{.key = key, .value = value};
  const uint64_t synced_late = uint64_t{63} << 20;
  EXPECT_EQ(RecordBytes(LogRecordBytes({9, synced_late}, {&put, 1})), 148u);
  EXPECT_EQ(RecordBytes(LogRecordBytes({9'999, 0}, {&put, 1})), 148u);
}

TEST(LogRecord, Version1HasItsGoldenBytes) {
  EXPECT_EQ(HexEncode(Store(9, {2, 40}, GoldenOperations(), 1)), "0900000000000000"
                                                                 "0200000000000000"
                                                                 "2800000000000000"
                                                                 "04000000"
                                                                 "010001026b7676"
                                                                 "02ac0200"
                                                                 "03010101"
                                                                 "6163"
                                                                 "04010178");
}

RC_GTEST_PROP(LogRecord, ParsingAStoredRecordGivesIt, ()) {
  const auto owned =
      *rc::gen::container<std::vector<testing::OwnedOperation>>(testing::AnyOperation());
  const std::vector<LogOperation> operations = testing::Views(owned);
  const Timestamp ts = *testing::AnyTimestamp();
  const LogPosition synced{*rc::gen::arbitrary<uint64_t>(), *rc::gen::arbitrary<uint64_t>()};
  const auto version = *rc::gen::element(1u, 2u);
  const std::string bytes = Store(ts, synced, operations, version);
  RC_ASSERT(LogRecordBytes(synced, operations) <= MaxLogRecordBytes(operations));
  const auto record = LogRecordView::Parse(bytes, version);
  RC_ASSERT(record.ok());
  RC_ASSERT(record->ts() == ts);
  RC_ASSERT(record->synced_through() == synced);
  RC_ASSERT(record->operation_count() == operations.size());
  RC_ASSERT(OperationsOf(*record) == operations);
  const auto header =
      LogRecordView::ParseHeader(bytes.substr(0, kMaxLogRecordHeaderBytes), version);
  RC_ASSERT(header.ok());
  RC_ASSERT(header->ts == ts);
  RC_ASSERT(header->synced_through == synced);
}

class LogRecordOfVersion : public ::testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(All, LogRecordOfVersion, ::testing::Values(1, 2));

TEST_P(LogRecordOfVersion, EveryChangeOfEveryByteIsRefusedOrIsARecordItself) {
  const std::string bytes = Store(9, {2, 300}, GoldenOperations(), GetParam());
  for (size_t place = 0; place < bytes.size(); ++place) {
    for (int change = 1; change < 256; ++change) {
      std::string changed = bytes;
      changed[place] = static_cast<char>(changed[place] ^ change);
      const auto record = LogRecordView::Parse(changed, GetParam());
      if (record.ok()) {
        ASSERT_EQ(Store(record->ts(), record->synced_through(), OperationsOf(*record), GetParam()),
                  changed);
      }
    }
  }
}

// In version 2 a payload may end after any operation; the frame knows its length.
TEST_P(LogRecordOfVersion, EveryCutIsRefusedOrIsARecordItself) {
  const std::string bytes = Store(9, {2, 300}, GoldenOperations(), GetParam());
  size_t records = 0;
  for (size_t n = 0; n < bytes.size(); ++n) {
    const std::string_view cut = std::string_view(bytes).substr(0, n);
    const auto record = LogRecordView::Parse(cut, GetParam());
    if (record.ok()) {
      ASSERT_EQ(Store(record->ts(), record->synced_through(), OperationsOf(*record)), cut);
      EXPECT_EQ(record->operation_count(), records++);
    }
  }
  EXPECT_EQ(records, GetParam() == 1 ? 0 : GoldenOperations().size());
  EXPECT_FALSE(LogRecordView::Parse(bytes + '\0', GetParam()).ok());
}

TEST(LogRecord, NamesWhatIsWrong) {
  const std::string good = Store(9, {2, 40}, GoldenOperations());
  const auto with = [&](size_t place, char value) {
    std::string changed = good;
    changed[place] = value;
    return LogRecordView::Parse(changed, kVersion).status();
  };
  EXPECT_EQ(Message(with(0, 0)), "log record: offset 0: timestamp out of range");
  EXPECT_EQ(Message(with(7, '\x80')), "log record: offset 0: timestamp out of range");
  EXPECT_EQ(Message(with(10, 0)), "log record: offset 10: unknown operation kind");
  EXPECT_EQ(Message(with(10, '\x80')), "log record: offset 10: unknown operation kind");
  EXPECT_EQ(with(10, 9).code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(Message(with(10, '\x89')), "log record: offset 10: operation kind 9");
  EXPECT_EQ(
      Message(LogRecordView::Parse(good.substr(0, 8) + std::string("\1\0\x82\0\0", 5), kVersion)
                  .status()),
      "log record: offset 11: namespace 0 is not written");
  EXPECT_EQ(Message(LogRecordView::ParseHeader("abc", kVersion).status()),
            "log record: offset 0: expected 8 bytes of timestamp, 3 remain");
}

TEST(LogRecord, NamesWhatIsWrongInVersion1) {
  const std::string good = Store(9, {2, 40}, GoldenOperations(), 1);
  const auto with = [&](size_t place, char value) {
    std::string changed = good;
    changed[place] = value;
    return LogRecordView::Parse(changed, 1).status();
  };
  EXPECT_EQ(Message(with(0, 0)), "log record: offset 0: timestamp out of range");
  EXPECT_EQ(Message(with(7, '\x80')), "log record: offset 0: timestamp out of range");
  EXPECT_EQ(Message(with(24, 5)),
            "log record: offset 49: expected 1 bytes of operation kind, 0 remain");
  EXPECT_EQ(Message(with(24, 3)),
            "log record: offset 45: expected the end of the operations, 4 bytes remain");
  EXPECT_EQ(Message(with(28, 0)), "log record: offset 28: unknown operation kind");
  EXPECT_EQ(with(28, 9).code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(Message(with(28, 9)), "log record: offset 28: operation kind 9");
  EXPECT_EQ(with(28, '\x81').code(), absl::StatusCode::kUnimplemented);
}

TEST_P(LogRecordOfVersion, AnEmptyRecordIsLegal) {
  const std::string bytes = Store(1, {}, {}, GetParam());
  EXPECT_EQ(bytes.size(), GetParam() == 1 ? 28u : 10u);
  const auto record = LogRecordView::Parse(bytes, GetParam());
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(record->operation_count(), 0u);
  EXPECT_TRUE(OperationsOf(*record).empty());
}

TEST_P(LogRecordOfVersion, ParsingAllocatesNothing) {
  const std::string bytes = Store(9, {2, 40}, GoldenOperations(), GetParam());
  const uint64_t before = AllocationCount();
  const bool parsed = LogRecordView::Parse(bytes, GetParam()).ok();
  EXPECT_EQ(AllocationCount(), before);
  EXPECT_TRUE(parsed);
}

TEST(LogRecord, ParsingAllocatesNothingWhateverTheCountOfVersion1Says) {
  std::string bytes = Store(9, {2, 40}, GoldenOperations(), 1);
  std::memset(bytes.data() + 24, 0xff, 4);
  const uint64_t before = AllocationCount();
  EXPECT_FALSE(LogRecordView::Parse(bytes, 1).ok());
  EXPECT_LT(AllocationCount(), before + 20);  // the message
}

TEST(LogRecord, TheOverheadOfAnOperationIsBounded) {
  const std::string key(kMaxKeyBytes, 'k');
  const std::string value(kMaxValueBytes, 'v');
  const LogOperation largest{.ns = kMaxNamespace, .key = key, .value = value};
  const size_t most =
      kMaxLogRecordHeaderBytes + key.size() + value.size() + kMaxLogOperationOverhead;
  EXPECT_EQ(LogRecordBytes({UINT64_MAX, UINT64_MAX}, {&largest, 1}), most);
  EXPECT_EQ(MaxLogRecordBytes({&largest, 1}), most);
}

TEST(LogPosition, OrdersByLogThenOffset) {
  EXPECT_LT((LogPosition{0, 0}), (LogPosition{1, 0}));
  EXPECT_LT((LogPosition{1, 500}), (LogPosition{2, 0}));
  EXPECT_LT((LogPosition{1, 40}), (LogPosition{1, 48}));
}

}  // namespace
}  // namespace veralith
