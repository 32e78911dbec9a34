#include "core/format/log_record.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/testing/allocation_count.h"
#include "core/format/testing/generators.h"

namespace veralith {
namespace {

std::string Store(Timestamp ts, LogPosition synced, const std::vector<LogOperation>& operations) {
  std::string out(LogRecordBytes(operations), '\0');
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
      {.kind = LogOperation::Kind::kDeleteRange, .open_end = true, .ns = 1, .key = "x", .value = ""},
  };
  return operations;
}

TEST(LogRecord, HasItsGoldenBytes) {
  EXPECT_EQ(HexEncode(Store(9, {2, 40}, GoldenOperations())),
            "0900000000000000"
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
  const std::string bytes = Store(ts, synced, operations);
  const auto record = LogRecordView::Parse(bytes);
  RC_ASSERT(record.ok());
  RC_ASSERT(record->ts() == ts);
  RC_ASSERT(record->synced_through() == synced);
  RC_ASSERT(record->operation_count() == operations.size());
  RC_ASSERT(OperationsOf(*record) == operations);
  RC_ASSERT(*LogRecordView::ParseSyncedThrough(bytes) == synced);
}

TEST(LogRecord, EveryChangeOfEveryByteIsRefusedOrIsARecordItself) {
  const std::string bytes = Store(9, {2, 40}, GoldenOperations());
  for (size_t place = 0; place < bytes.size(); ++place) {
    for (int change = 1; change < 256; ++change) {
      std::string changed = bytes;
      changed[place] = static_cast<char>(changed[place] ^ change);
      const auto record = LogRecordView::Parse(changed);
      if (record.ok()) {
        ASSERT_EQ(Store(record->ts(), record->synced_through(), OperationsOf(*record)), changed);
      }
    }
  }
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(LogRecordView::Parse(std::string_view(bytes).substr(0, n)).ok());
  }
  EXPECT_FALSE(LogRecordView::Parse(bytes + '\0').ok());
}

TEST(LogRecord, NamesWhatIsWrong) {
  const std::string good = Store(9, {2, 40}, GoldenOperations());
  const auto with = [&](size_t place, char value) {
    std::string changed = good;
    changed[place] = value;
    return LogRecordView::Parse(changed).status();
  };
  EXPECT_EQ(Message(with(0, 0)), "log record: offset 0: timestamp out of range");
  EXPECT_EQ(Message(with(7, '\x80')), "log record: offset 0: timestamp out of range");
  EXPECT_EQ(Message(with(24, 5)), "log record: offset 49: expected 1 bytes of operation kind, 0 remain");
  EXPECT_EQ(Message(with(24, 3)), "log record: offset 45: expected the end of the operations, 4 bytes remain");
  EXPECT_EQ(Message(with(28, 0)), "log record: offset 28: unknown operation kind");
  EXPECT_EQ(with(28, 9).code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(Message(with(28, 9)), "log record: offset 28: operation kind 9");
  EXPECT_EQ(Message(LogRecordView::ParseSyncedThrough("abc").status()),
            "log record: offset 0: expected 8 bytes of timestamp, 3 remain");
}

TEST(LogRecord, AnEmptyRecordIsLegal) {
  const std::string bytes = Store(1, {}, {});
  EXPECT_EQ(bytes.size(), kLogRecordHeaderBytes);
  const auto record = LogRecordView::Parse(bytes);
  ASSERT_TRUE(record.ok());
  EXPECT_TRUE(OperationsOf(*record).empty());
}

TEST(LogRecord, ParsingAllocatesNothingWhateverTheCountSays) {
  std::string bytes = Store(9, {2, 40}, GoldenOperations());
  const uint64_t before = AllocationCount();
  const bool parsed = LogRecordView::Parse(bytes).ok();
  EXPECT_EQ(AllocationCount(), before);
  EXPECT_TRUE(parsed);
  std::memset(bytes.data() + 24, 0xff, 4);
  EXPECT_FALSE(LogRecordView::Parse(bytes).ok());
  EXPECT_LT(AllocationCount(), before + 20);  // the message
}

TEST(LogRecord, TheOverheadOfAnOperationIsBounded) {
  const std::string key(kMaxKeyBytes, 'k');
  const std::string value(kMaxValueBytes, 'v');
  const LogOperation largest{.ns = kMaxNamespace, .key = key, .value = value};
  EXPECT_EQ(LogRecordBytes({&largest, 1}),
            kLogRecordHeaderBytes + key.size() + value.size() + kMaxLogOperationOverhead);
}

TEST(LogPosition, OrdersByLogThenOffset) {
  EXPECT_LT((LogPosition{0, 0}), (LogPosition{1, 0}));
  EXPECT_LT((LogPosition{1, 500}), (LogPosition{2, 0}));
  EXPECT_LT((LogPosition{1, 40}), (LogPosition{1, 48}));
}

}  // namespace
}  // namespace veralith
