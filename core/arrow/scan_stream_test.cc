// SPDX-License-Identifier: Apache-2.0

// The rules of Arrow's C stream interface, and of RowReader below it, over rows that are made up.
#include "core/arrow/scan_stream.h"

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "gtest/gtest.h"

namespace veralith::arrow {
namespace {

struct Row {
  std::string key;
  std::string value;
  Timestamp ts = 0;

  bool operator==(const Row&) const = default;
};

using Rows = std::vector<Row>;

// Rows, and an error that a read meets at one of them: before the row, by its timestamp, or because
// no memory holds its value.
class MadeUpRows : public DbIterator {
 public:
  enum class Fault { kNone, kRow, kTimestamp, kMemory };

  explicit MadeUpRows(Rows rows, Fault fault = Fault::kNone, size_t at = 0)
      : rows_(std::move(rows)), fault_(fault), fault_at_(at) {}

  bool Valid() const override { return status_.ok() && at_ < rows_.size(); }
  absl::Status status() const override { return status_; }
  void SeekToFirst() override { MoveTo(0); }
  void SeekToLast() override { MoveTo(rows_.size() - 1); }
  void Seek(std::string_view) override { ADD_FAILURE(); }
  void SeekForPrev(std::string_view) override { ADD_FAILURE(); }
  void Next() override { MoveTo(at_ + 1); }
  void Prev() override { MoveTo(at_ - 1); }
  std::string_view key() const override { return rows_[at_].key; }
  std::string_view value() const override {
    const bool is_huge = fault_ == Fault::kMemory && at_ == fault_at_;
    return {rows_[at_].value.data(), is_huge ? size_t{PTRDIFF_MAX} : rows_[at_].value.size()};
  }
  Timestamp timestamp() const override {
    if (fault_ == Fault::kTimestamp && at_ == fault_at_) {
      status_ = DataLoss("000001.parquet: damaged");
      return 0;
    }
    return rows_[at_].ts;
  }

 private:
  void MoveTo(size_t at) {
    at_ = at;
    if (fault_ == Fault::kRow && at_ == fault_at_) {
      status_ = DataLoss("000001.parquet: damaged");
    }
  }

  Rows rows_;
  Fault fault_;
  size_t fault_at_;
  size_t at_ = 0;
  mutable absl::Status status_;
};

Rows Numbered(size_t count) {
  Rows rows;
  for (size_t i = 0; i < count; ++i) {
    rows.push_back({std::string(1, static_cast<char>('a' + i)), std::string(i, 'v'), 100 + i});
  }
  return rows;
}

// A stream that is released at the end, unless it was moved from.
class Opened {
 public:
  explicit Opened(std::unique_ptr<DbIterator> rows, Batches batches = {},
                  Direction direction = Direction::kForward,
                  std::shared_ptr<void> owner = nullptr) {
    MakeScanStream(std::move(owner), RowReader(std::move(rows), 7, direction), batches, &stream_);
  }
  ~Opened() {
    if (stream_.release != nullptr) {
      stream_.release(&stream_);
      EXPECT_EQ(stream_.release, nullptr);
    }
  }

  ArrowArrayStream* get() { return &stream_; }
  int Next(ArrowArray* out) { return stream_.get_next(&stream_, out); }
  std::string Error() { return stream_.get_last_error(&stream_); }

 private:
  ArrowArrayStream stream_;
};

std::string_view Entry(const ArrowArray& column, int64_t row) {
  const auto* const offsets = static_cast<const int32_t*>(column.buffers[1]);
  return {static_cast<const char*>(column.buffers[2]) + offsets[row],
          static_cast<size_t>(offsets[row + 1] - offsets[row])};
}

int64_t Number(const ArrowArray& column, int64_t row) {
  return static_cast<const int64_t*>(column.buffers[1])[row];
}

// The rows of a batch of all columns, which is released.
Rows Take(ArrowArray* batch) {
  Rows rows;
  EXPECT_EQ(batch->n_children, 4);
  for (int64_t i = 0; i < batch->length; ++i) {
    EXPECT_EQ(Number(*batch->children[0], i), 7);
    rows.push_back({std::string(Entry(*batch->children[1], i)),
                    std::string(Entry(*batch->children[3], i)),
                    static_cast<Timestamp>(Number(*batch->children[2], i))});
  }
  batch->release(batch);
  EXPECT_EQ(batch->release, nullptr);
  return rows;
}

// Every batch of a stream that ends well.
std::vector<Rows> TakeAll(Opened* stream) {
  std::vector<Rows> batches;
  while (true) {
    ArrowArray batch;
    EXPECT_EQ(stream->Next(&batch), 0);
    if (batch.release == nullptr) {
      return batches;
    }
    batches.push_back(Take(&batch));
  }
}

TEST(ScanStream, HasTheColumnsOfSegments) {
  Opened stream(std::make_unique<MadeUpRows>(Numbered(1)));
  ArrowSchema schema;
  ASSERT_EQ(stream.get()->get_schema(stream.get(), &schema), 0);
  EXPECT_STREQ(schema.format, "+s");
  EXPECT_EQ(schema.flags, 0);
  std::vector<std::pair<std::string, std::string>> columns;
  for (int64_t i = 0; i < schema.n_children; ++i) {
    columns.emplace_back(schema.children[i]->name, schema.children[i]->format);
    EXPECT_EQ(schema.children[i]->flags, 0);  // not nullable
  }
  EXPECT_EQ(columns, (std::vector<std::pair<std::string, std::string>>{
                         {"ns", "l"}, {"key", "z"}, {"ts", "l"}, {"value", "z"}}));
  schema.release(&schema);
  EXPECT_EQ(schema.release, nullptr);
}

TEST(ScanStream, ColumnsThatAreNotWantedAreLeftOut) {
  Opened stream(std::make_unique<MadeUpRows>(Numbered(3), MadeUpRows::Fault::kTimestamp, 1),
                {.wanted = {.timestamps = false, .values = false}});
  ArrowSchema schema;
  ASSERT_EQ(stream.get()->get_schema(stream.get(), &schema), 0);
  ASSERT_EQ(schema.n_children, 2);
  EXPECT_STREQ(schema.children[1]->name, "key");
  schema.release(&schema);
  ArrowArray batch;
  ASSERT_EQ(stream.Next(&batch), 0);  // no timestamp is read
  ASSERT_EQ(batch.n_children, 2);
  EXPECT_EQ(batch.length, 3);
  EXPECT_EQ(Entry(*batch.children[1], 2), "c");
  batch.release(&batch);
}

TEST(ScanStream, GivesTheRowsInEitherDirection) {
  Rows rows = Numbered(5);
  Opened forward(std::make_unique<MadeUpRows>(rows));
  EXPECT_EQ(TakeAll(&forward), std::vector<Rows>({rows}));
  Opened reverse(std::make_unique<MadeUpRows>(rows), {}, Direction::kReverse);
  EXPECT_EQ(TakeAll(&reverse), std::vector<Rows>({Rows(rows.rbegin(), rows.rend())}));
}

TEST(ScanStream, EndsAndStaysEnded) {
  Opened stream(std::make_unique<MadeUpRows>(Rows{}));
  for (int i = 0; i < 3; ++i) {
    ArrowArray batch;
    EXPECT_EQ(stream.Next(&batch), 0);
    EXPECT_EQ(batch.release, nullptr);
  }
}

TEST(ScanStream, BatchesAreBounded) {
  const Rows rows = Numbered(7);  // row i has 1 + i bytes
  const auto sizes = [&](Batches batches) {
    Opened stream(std::make_unique<MadeUpRows>(rows), batches);
    std::vector<size_t> counts;
    Rows together;
    for (const Rows& batch : TakeAll(&stream)) {
      counts.push_back(batch.size());
      together.insert(together.end(), batch.begin(), batch.end());
    }
    EXPECT_EQ(together, rows);
    return counts;
  };
  EXPECT_EQ(sizes({.wanted = {}, .rows = 3}), (std::vector<size_t>{3, 3, 1}));
  EXPECT_EQ(sizes({.wanted = {}, .rows = 7}), (std::vector<size_t>{7}));
  EXPECT_EQ(sizes({.wanted = {}, .bytes = 1}), (std::vector<size_t>{1, 1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(sizes({.wanted = {}, .bytes = 6}), (std::vector<size_t>{3, 2, 1, 1}));
}

TEST(ScanStream, AnErrorComesAfterTheRowsBeforeItAndStays) {
  for (const auto fault : {MadeUpRows::Fault::kRow, MadeUpRows::Fault::kTimestamp}) {
    Opened stream(std::make_unique<MadeUpRows>(Numbered(5), fault, 3));
    ArrowArray batch;
    ASSERT_EQ(stream.Next(&batch), 0);
    EXPECT_EQ(Take(&batch), Numbered(3));
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(stream.Next(&batch), EIO);
      EXPECT_EQ(batch.release, nullptr);
      EXPECT_NE(stream.Error().find("000001.parquet: damaged"), std::string::npos);
    }
  }
}

TEST(ScanStream, WithoutMemoryForARowItGivesTheRowsBeforeAndNoneAfter) {
  Opened stream(std::make_unique<MadeUpRows>(Numbered(5), MadeUpRows::Fault::kMemory, 3));
  ArrowArray batch;
  ASSERT_EQ(stream.Next(&batch), 0);
  for (int64_t i = 0; i < batch.n_children; ++i) {
    EXPECT_EQ(batch.children[i]->length, 3);
  }
  EXPECT_EQ(Take(&batch), Numbered(3));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(stream.Next(&batch), ENOMEM);
    EXPECT_NE(stream.Error().find("out of memory"), std::string::npos);
  }
}

TEST(ScanStream, BatchesAndSchemasOutliveTheStream) {
  ArrowArray batch;
  ArrowSchema schema;
  {
    Opened stream(std::make_unique<MadeUpRows>(Numbered(4)));
    ASSERT_EQ(stream.get()->get_schema(stream.get(), &schema), 0);
    ASSERT_EQ(stream.Next(&batch), 0);
  }
  EXPECT_STREQ(schema.children[3]->name, "value");
  schema.release(&schema);
  EXPECT_EQ(Take(&batch), Numbered(4));
}

TEST(ScanStream, AChildCanBeTakenOutOfItsBatch) {
  Opened stream(std::make_unique<MadeUpRows>(Numbered(4)));
  ArrowArray batch;
  ASSERT_EQ(stream.Next(&batch), 0);
  ArrowArray values = *batch.children[3];
  batch.children[3]->release = nullptr;
  batch.release(&batch);
  EXPECT_EQ(Entry(values, 3), "vvv");
  values.release(&values);
  EXPECT_EQ(values.release, nullptr);
}

TEST(ScanStream, BuffersOfNothingAreNotNull) {
  Opened stream(std::make_unique<MadeUpRows>(Rows{{"", "", 1}}));
  ArrowArray batch;
  ASSERT_EQ(stream.Next(&batch), 0);
  for (const int child : {1, 3}) {
    EXPECT_EQ(batch.children[child]->n_buffers, 3);
    EXPECT_EQ(batch.children[child]->buffers[0], nullptr);
    EXPECT_NE(batch.children[child]->buffers[2], nullptr);
  }
  EXPECT_EQ(Take(&batch), (Rows{{"", "", 1}}));
}

// An iterator that needs its database to the end.
class Tied : public MadeUpRows {
 public:
  Tied(std::weak_ptr<int> database, bool* in_order)
      : MadeUpRows(Numbered(1)), database_(std::move(database)), in_order_(in_order) {}
  ~Tied() override { *in_order_ = !database_.expired(); }

 private:
  std::weak_ptr<int> database_;
  bool* in_order_;
};

TEST(ScanStream, TheOwnerIsLetGoOfAfterTheIterator) {
  bool in_order = false;
  std::weak_ptr<int> watch;
  {
    auto database = std::make_shared<int>(0);
    watch = database;
    auto rows = std::make_unique<Tied>(database, &in_order);
    const Opened stream(std::move(rows), {}, Direction::kForward, std::move(database));
    EXPECT_FALSE(watch.expired());
  }
  EXPECT_TRUE(in_order);
  EXPECT_TRUE(watch.expired());
}

}  // namespace
}  // namespace veralith::arrow
