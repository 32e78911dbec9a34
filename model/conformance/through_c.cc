// SPDX-License-Identifier: Apache-2.0

#include "model/conformance/through_c.h"

#include <cstdlib>
#include <stop_token>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/c/objects.h"
#include "core/db/error_iterator.h"
#include "core/db/pinned_value_filler.h"
#include "core/db/write_batch_reader.h"
#include "veralith/c.h"
#include "veralith/options_text.h"

namespace veralith::model {
namespace {

absl::Status Taken(veralith_status_t* error) {
  const absl::Status status = MakeStatus(static_cast<absl::StatusCode>(veralith_status_code(error)),
                                         veralith_status_message(error));
  VERALITH_CHECK(status.ok() == (error == nullptr));
  veralith_status_free(error);
  return status;
}

struct HeldThroughC final : Snapshot {
  ~HeldThroughC() override { veralith_snapshot_free(held); }
  Timestamp timestamp() const override { return veralith_snapshot_timestamp(held); }
  veralith_snapshot_t* held = nullptr;
};

// ReadOptions as C has them; it must not move.
struct ReadForC {
  explicit ReadForC(const ReadOptions& options) {
    c.struct_size = sizeof(c);
    c.spare_cache = options.fill_cache ? 0 : 1;
    if (options.snapshot != nullptr) {
      c.snapshot = static_cast<const HeldThroughC*>(options.snapshot)->held;
    }
    if (options.timestamp.has_value()) {
      timestamp = *options.timestamp;
      c.timestamp = &timestamp;
    }
  }
  veralith_read_options_t c = {};
  uint64_t timestamp = 0;
};

veralith_write_options_t ForC(const WriteOptions& options) {
  return {sizeof(veralith_write_options_t), static_cast<int32_t>(options.sync), 0};
}

veralith_bound_t ForC(const Bound& bound) {
  return {static_cast<int32_t>(bound.kind), 0, bound.key.data(), bound.key.size()};
}

// --- Iterators -----------------------------------------------------------------------------------

class IteratorThroughC final : public DbIterator {
 public:
  explicit IteratorThroughC(veralith_iterator_t* iterator) : iterator_(iterator) {}
  ~IteratorThroughC() override { veralith_iterator_free(iterator_); }

  bool Valid() const override { return veralith_iterator_valid(iterator_) != 0; }
  absl::Status status() const override { return Taken(veralith_iterator_status(iterator_)); }
  void SeekToFirst() override { Moved(veralith_iterator_first(iterator_)); }
  void SeekToLast() override { Moved(veralith_iterator_last(iterator_)); }
  void Seek(std::string_view key) override {
    Moved(veralith_iterator_seek(iterator_, key.data(), key.size()));
  }
  void SeekForPrev(std::string_view key) override {
    Moved(veralith_iterator_seek_for_prev(iterator_, key.data(), key.size()));
  }
  void Next() override { Moved(veralith_iterator_next(iterator_)); }
  void Prev() override { Moved(veralith_iterator_prev(iterator_)); }
  std::string_view key() const override {
    size_t size = 0;
    const char* const bytes = veralith_iterator_key(iterator_, &size);
    return {bytes, size};
  }
  std::string_view value() const override {
    size_t size = 0;
    const char* const bytes = veralith_iterator_value(iterator_, &size);
    return {bytes, size};
  }
  Timestamp timestamp() const override {
    uint64_t timestamp = 0;
    const absl::Status read = Taken(veralith_iterator_timestamp(iterator_, &timestamp));
    VERALITH_CHECK(read.ok() ? timestamp != 0 : timestamp == 0 && !Valid());
    return timestamp;
  }

 private:
  void Moved(veralith_status_t* error) {
    const absl::Status moved = Taken(error);
    VERALITH_CHECK(moved == status());
    VERALITH_CHECK(moved.ok() || !Valid());
  }

  veralith_iterator_t* const iterator_;
};

// --- Batches -------------------------------------------------------------------------------------

using BatchForC = std::unique_ptr<veralith_batch_t, decltype(&veralith_batch_free)>;

veralith_status_t* Add(const WriteBatchReader::Operation& o, veralith_batch_t* batch) {
  switch (o.kind) {
    case WriteBatchReader::Kind::kPut:
      return veralith_batch_put(batch, o.ns, o.key.data(), o.key.size(), o.value.data(),
                                o.value.size());
    case WriteBatchReader::Kind::kDelete:
      return veralith_batch_delete(batch, o.ns, o.key.data(), o.key.size());
    case WriteBatchReader::Kind::kDeleteRange:
      break;
  }
  return o.open_end ? veralith_batch_delete_from(batch, o.ns, o.key.data(), o.key.size())
                    : veralith_batch_delete_range(batch, o.ns, o.key.data(), o.key.size(),
                                                  o.value.data(), o.value.size());
}

// The batch gives back what went into it.
void CheckOperation(const veralith_batch_t* batch, size_t i,
                    const WriteBatchReader::Operation& expected) {
  veralith_operation_t found = {};
  found.struct_size = sizeof(found);
  VERALITH_CHECK(Taken(veralith_batch_operation(batch, i, &found)).ok());
  VERALITH_CHECK(found.ns == expected.ns);
  VERALITH_CHECK(std::string_view(found.key, found.key_size) == expected.key);
  VERALITH_CHECK(std::string_view(found.value, found.value_size) == expected.value);
  const int32_t kind = expected.kind == WriteBatchReader::Kind::kPut ? VERALITH_OPERATION_PUT
                       : expected.kind == WriteBatchReader::Kind::kDelete
                           ? VERALITH_OPERATION_DELETE
                       : expected.open_end ? VERALITH_OPERATION_DELETE_FROM
                                           : VERALITH_OPERATION_DELETE_RANGE;
  VERALITH_CHECK(found.kind == kind);
}

absl::StatusOr<BatchForC> ForC(const WriteBatch& batch) {
  veralith_batch_t* made = nullptr;
  VERALITH_RETURN_IF_ERROR(Taken(veralith_batch_create(&made)));
  BatchForC owned(made, &veralith_batch_free);
  for (size_t i = 0; i < batch.count(); ++i) {
    const WriteBatchReader::Operation operation = WriteBatchReader::At(batch, i);
    VERALITH_RETURN_IF_ERROR(Taken(Add(operation, made)));
    CheckOperation(made, i, operation);
  }
  VERALITH_CHECK(veralith_batch_count(made) == batch.count());
  VERALITH_CHECK(veralith_batch_bytes(made) == batch.bytes());
  return owned;
}

// --- Statistics ----------------------------------------------------------------------------------

class Numbers {
 public:
  explicit Numbers(veralith_report_t* report) : report_(report) {}
  ~Numbers() { veralith_report_free(report_); }
  Numbers(const Numbers&) = delete;
  Numbers& operator=(const Numbers&) = delete;

  uint64_t Of(const std::string& name) const {
    uint64_t number = 0;
    VERALITH_CHECK(Taken(veralith_report_number(report_, name.c_str(), &number)).ok());
    return number;
  }
  std::string Text(const char* name) const {
    size_t size = 0;
    const char* const text = veralith_report_find(report_, name, &size);
    VERALITH_CHECK(text != nullptr);
    return std::string(text, size);
  }

 private:
  veralith_report_t* const report_;
};

LevelStatistics LevelOf(const Numbers& numbers, size_t i) {
  const std::string prefix = StrCat("levels.", i, ".");
  LevelStatistics level;
  level.level = static_cast<int>(numbers.Of(prefix + "level"));
  level.runs = static_cast<int>(numbers.Of(prefix + "runs"));
  level.files = numbers.Of(prefix + "files");
  level.bytes = numbers.Of(prefix + "bytes");
  level.entries = numbers.Of(prefix + "entries");
  level.tombstones = numbers.Of(prefix + "tombstones");
  level.superseded = numbers.Of(prefix + "superseded");
  level.range_tombstones = numbers.Of(prefix + "range_tombstones");
  return level;
}

// --- The database --------------------------------------------------------------------------------

class DbThroughC final : public Db {
 public:
  explicit DbThroughC(veralith_t* db) : db_(db) {}
  ~DbThroughC() override { Taken(veralith_db_free(db_)).IgnoreError(); }

  absl::Status Put(const WriteOptions& options, NamespaceId ns, std::string_view key,
                   std::string_view value) override {
    const veralith_write_options_t write = ForC(options);
    return Taken(veralith_put(db_, &write, ns, key.data(), key.size(), value.data(), value.size()));
  }
  absl::Status Delete(const WriteOptions& options, NamespaceId ns, std::string_view key) override {
    const veralith_write_options_t write = ForC(options);
    return Taken(veralith_delete(db_, &write, ns, key.data(), key.size()));
  }
  absl::Status DeleteRange(const WriteOptions& options, NamespaceId ns, std::string_view begin,
                           std::optional<std::string_view> end) override {
    const veralith_write_options_t write = ForC(options);
    return Taken(end.has_value()
                     ? veralith_delete_range(db_, &write, ns, begin.data(), begin.size(),
                                             end->data(), end->size())
                     : veralith_delete_from(db_, &write, ns, begin.data(), begin.size()));
  }
  absl::StatusOr<Timestamp> Write(const WriteOptions& options, const WriteBatch& batch) override {
    const veralith_write_options_t write = ForC(options);
    VERALITH_ASSIGN_OR_RETURN(const BatchForC own, ForC(batch));
    uint64_t timestamp = 0;
    VERALITH_RETURN_IF_ERROR(Taken(veralith_write(db_, &write, own.get(), &timestamp)));
    return timestamp;
  }
  absl::Status Sync() override { return Taken(veralith_sync(db_)); }

  absl::StatusOr<bool> Get(const ReadOptions& options, NamespaceId ns, std::string_view key,
                           PinnedValue* value, Timestamp* entry_timestamp) override;
  absl::StatusOr<std::vector<std::optional<std::string>>> MultiGet(
      const ReadOptions& options, NamespaceId ns, std::span<const std::string_view> keys) override;
  std::unique_ptr<DbIterator> NewIterator(const ScanOptions& options) override;
  absl::StatusOr<std::vector<NamespaceId>> ListNamespaces(const ReadOptions& options) override {
    const ReadForC read(options);
    uint64_t* namespaces = nullptr;
    size_t count = 0;
    VERALITH_RETURN_IF_ERROR(Taken(veralith_namespaces(db_, &read.c, &namespaces, &count)));
    const std::vector<NamespaceId> copy(namespaces, namespaces + count);
    veralith_free(namespaces);
    return copy;
  }

  const Snapshot* GetSnapshot() override {
    auto held = std::make_unique<HeldThroughC>();
    VERALITH_CHECK(Taken(veralith_snapshot_create(db_, &held->held)).ok());
    return held.release();
  }
  absl::StatusOr<const Snapshot*> GetSnapshotAt(Timestamp timestamp) override {
    auto held = std::make_unique<HeldThroughC>();
    VERALITH_RETURN_IF_ERROR(Taken(veralith_snapshot_create_at(db_, timestamp, &held->held)));
    return held.release();
  }
  void ReleaseSnapshot(const Snapshot* snapshot) override {
    delete static_cast<const HeldThroughC*>(snapshot);
  }

  absl::Status Flush() override { return Taken(veralith_flush(db_)); }
  absl::Status Compact(const CompactOptions& options, std::optional<NamespaceId> ns,
                       const Bound& lower, const Bound& upper) override;
  absl::Status WaitForBackgroundWork() override {
    return Taken(veralith_wait_for_background_work(db_));
  }
  absl::Status Resume() override { return Taken(veralith_resume(db_)); }
  void SetBackgroundRate(uint64_t rate) override {
    VERALITH_CHECK(Taken(veralith_set_background_rate(db_, rate)).ok());
  }
  absl::Status PauseBackgroundWork() override { return Taken(veralith_pause_background_work(db_)); }
  absl::Status ContinueBackgroundWork() override {
    return Taken(veralith_continue_background_work(db_));
  }
  absl::Status Checkpoint(const std::string& directory) override {
    return Taken(veralith_checkpoint(db_, directory.c_str()));
  }
  absl::StatusOr<PublishReport> PublishIceberg(const std::string& table,
                                               const PublishOptions& options) override;
  absl::Status Check() override { return Taken(veralith_check(db_)); }
  Timestamp LastTimestamp() const override { return veralith_last_timestamp(db_); }
  absl::Status AdvanceClock(Timestamp remote) override {
    return Taken(veralith_advance_clock(db_, remote));
  }
  Statistics GetStatistics() override;
  absl::Status Close() override { return Taken(veralith_close(db_)); }

 private:
  veralith_t* const db_;
};

// A copy of the value equals the pinned one, unless one of the two reads met an error.
void CheckCopy(veralith_t* db, const ReadForC& read, NamespaceId ns, std::string_view key,
               const veralith_pinned_t* pinned) {
  char* copy = nullptr;
  size_t copy_size = 0;
  if (Taken(veralith_get(db, &read.c, ns, key.data(), key.size(), &copy, &copy_size)).ok()) {
    size_t size = 0;
    const char* const value = veralith_pinned_value(pinned, &size);
    VERALITH_CHECK((copy == nullptr) == (value == nullptr));
    VERALITH_CHECK(std::string_view(copy, copy_size) == std::string_view(value, size));
  }
  veralith_free(copy);
}

absl::StatusOr<bool> DbThroughC::Get(const ReadOptions& options, NamespaceId ns,
                                     std::string_view key, PinnedValue* value,
                                     Timestamp* entry_timestamp) {
  value->Reset();
  const ReadForC read(options);
  veralith_pinned_t* pinned = nullptr;
  VERALITH_RETURN_IF_ERROR(Taken(veralith_pinned_create(&pinned)));
  Pin pin(pinned, [](void* p) { veralith_pinned_free(static_cast<veralith_pinned_t*>(p)); });
  VERALITH_RETURN_IF_ERROR(
      Taken(veralith_get_pinned(db_, &read.c, ns, key.data(), key.size(), pinned)));
  CheckCopy(db_, read, ns, key, pinned);
  size_t size = 0;
  const char* const bytes = veralith_pinned_value(pinned, &size);
  if (bytes == nullptr) {
    return false;
  }
  if (entry_timestamp != nullptr) {
    *entry_timestamp = veralith_pinned_timestamp(pinned);
  }
  PinnedValueFiller::Assign({bytes, size}, std::move(pin), value);
  return true;
}

absl::StatusOr<std::vector<std::optional<std::string>>> DbThroughC::MultiGet(
    const ReadOptions& options, NamespaceId ns, std::span<const std::string_view> keys) {
  const ReadForC read(options);
  std::vector<const void*> bytes;
  std::vector<size_t> sizes;
  for (const std::string_view key : keys) {
    bytes.push_back(key.data());
    sizes.push_back(key.size());
  }
  std::vector<char*> values(keys.size());
  std::vector<size_t> value_sizes(keys.size());
  VERALITH_RETURN_IF_ERROR(
      Taken(veralith_multi_get(db_, &read.c, ns, keys.size(), bytes.data(), sizes.data(),
                               values.data(), value_sizes.data())));
  std::vector<std::optional<std::string>> found(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    if (values[i] != nullptr) {
      found[i] = std::string(values[i], value_sizes[i]);
    }
    veralith_free(values[i]);
  }
  return found;
}

std::unique_ptr<DbIterator> DbThroughC::NewIterator(const ScanOptions& options) {
  const ReadForC read(options);
  const veralith_bound_t lower = ForC(options.lower);
  const veralith_bound_t upper = ForC(options.upper);
  veralith_iterator_t* made = nullptr;
  absl::Status status =
      Taken(veralith_iterator_create(db_, &read.c, options.ns, &lower, &upper, &made));
  VERALITH_CHECK(status.ok() == (made != nullptr));
  if (!status.ok()) {
    return std::make_unique<ErrorIterator>(std::move(status));
  }
  return std::make_unique<IteratorThroughC>(made);
}

absl::Status DbThroughC::Compact(const CompactOptions& options, std::optional<NamespaceId> ns,
                                 const Bound& lower, const Bound& upper) {
  veralith_cancel_t* cancel = nullptr;
  VERALITH_RETURN_IF_ERROR(Taken(veralith_cancel_create(&cancel)));
  const std::unique_ptr<veralith_cancel_t, decltype(&veralith_cancel_free)> owned(
      cancel, &veralith_cancel_free);
  const std::stop_callback passed_on(options.cancel, [&] { veralith_cancel_request(cancel); });
  const veralith_compact_options_t compact = {sizeof(compact), cancel};
  const veralith_bound_t from = ForC(lower);
  const veralith_bound_t to = ForC(upper);
  return Taken(ns.has_value() ? veralith_compact(db_, &compact, *ns, &from, &to)
                              : veralith_compact_all(db_, &compact));
}

absl::StatusOr<PublishReport> DbThroughC::PublishIceberg(const std::string& table,
                                                         const PublishOptions& options) {
  veralith_publish_options_t publish = {};
  publish.struct_size = sizeof(publish);
  publish.at = options.at.has_value() ? &*options.at : nullptr;
  publish.ns = options.ns.has_value() ? &*options.ns : nullptr;
  publish.location = options.location.c_str();
  publish.keep = options.keep;
  publish.keep_nanos = options.keep_nanos;
  publish.format_version = options.format_version;
  veralith_report_t* report = nullptr;
  VERALITH_RETURN_IF_ERROR(Taken(veralith_publish_iceberg(db_, table.c_str(), &publish, &report)));
  const Numbers numbers(report);
  PublishReport published;
  published.snapshot_id = static_cast<int64_t>(numbers.Of("snapshot_id"));
  published.is_new = numbers.Of("is_new") == 1;
  published.at = numbers.Of("at");
  published.format_version = static_cast<int>(numbers.Of("format_version"));
  published.metadata_file = numbers.Text("metadata_file");
  published.rows = numbers.Of("rows");
  published.hidden_rows = numbers.Of("hidden_rows");
  published.data_files = numbers.Of("data_files");
  published.linked_files = numbers.Of("linked_files");
  published.copied_files = numbers.Of("copied_files");
  published.delete_bytes = numbers.Of("delete_bytes");
  published.expired_snapshots = numbers.Of("expired_snapshots");
  published.removed_files = numbers.Of("removed_files");
  return published;
}

Statistics DbThroughC::GetStatistics() {
  veralith_report_t* report = nullptr;
  VERALITH_CHECK(Taken(veralith_statistics(db_, &report)).ok());
  const Numbers numbers(report);
  Statistics statistics;
  const uint64_t levels = numbers.Of("levels.count");
  for (uint64_t i = 0; i < levels; ++i) {
    statistics.levels.push_back(LevelOf(numbers, i));
  }
  statistics.lifetime = {.user = numbers.Of("lifetime.user"),
                         .logs = numbers.Of("lifetime.logs"),
                         .flushes = numbers.Of("lifetime.flushes"),
                         .compactions = numbers.Of("lifetime.compactions")};
  statistics.user_bytes_written = numbers.Of("user_bytes_written");
  statistics.flushes = numbers.Of("flushes");
  statistics.compactions = numbers.Of("compactions");
  statistics.commits = numbers.Of("commits");
  statistics.hidden_keys = numbers.Of("hidden_keys");
  statistics.live_snapshots = numbers.Of("live_snapshots");
  statistics.last_timestamp = numbers.Of("last_timestamp");
  statistics.history_floor = numbers.Of("history_floor");
  statistics.recovery_report = numbers.Text("recovery_report");
  statistics.background_error = numbers.Text("background_error");
  statistics.stall_reason = numbers.Text("stall_reason");
  return statistics;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Db>> OpenThroughC(const std::string& directory,
                                                 const Options& options) {
  veralith_options_t* made = nullptr;
  VERALITH_RETURN_IF_ERROR(Taken(veralith_options_create(&made)));
  const std::unique_ptr<veralith_options_t, decltype(&veralith_options_free)> own(
      made, &veralith_options_free);
  for (const OptionText& option : OptionTexts(options)) {
    const std::string name(option.name);
    VERALITH_RETURN_IF_ERROR(Taken(veralith_options_set(made, name.c_str(), option.text.c_str())));
  }
  made->options.listeners = options.listeners;
  made->options.file_system = options.file_system;
  made->options.clock = options.clock;
  made->options.executor = options.executor;
  made->options.random_seed = options.random_seed;
  veralith_t* db = nullptr;
  VERALITH_RETURN_IF_ERROR(Taken(options.read_only
                                     ? veralith_open_read_only(made, directory.c_str(), &db)
                                     : veralith_open(made, directory.c_str(), &db)));
  return std::make_unique<DbThroughC>(db);
}

}  // namespace veralith::model
