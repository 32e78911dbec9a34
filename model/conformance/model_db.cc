// SPDX-License-Identifier: Apache-2.0

#include "model/conformance/model_db.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/db/pinned_value_filler.h"
#include "core/db/write_batch_reader.h"
#include "core/fs/file_helpers.h"
#include "model/conformance/environment.h"
#include "model/kv_model.h"
#include "model/limits.h"
#include "veralith/clock.h"
#include "veralith/executor.h"
#include "veralith/file_system.h"

namespace veralith::model {
namespace {

constexpr uint64_t kCeilingStep = 1'000'000'000;

// --- The log: records of [u32 size][u64 checksum][payload] ---------------------------------------

void PutNumber(std::string* out, uint64_t value, size_t size = 8) {
  for (size_t i = 0; i < size; ++i) {
    out->push_back(static_cast<char>(value >> (8 * i)));
  }
}

void PutBytes(std::string* out, std::string_view bytes) {
  PutNumber(out, bytes.size());
  out->append(bytes);
}

struct Cursor {
  std::string_view bytes;
  bool bad = false;

  uint64_t Number(size_t size = 8) {
    if (bytes.size() < size) {
      bad = true;
      return 0;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i) {
      value |= uint64_t{static_cast<uint8_t>(bytes[i])} << (8 * i);
    }
    bytes.remove_prefix(size);
    return value;
  }
  std::string Bytes() {
    const uint64_t size = Number();
    if (bytes.size() < size) {
      bad = true;
      return "";
    }
    std::string result(bytes.substr(0, size));
    bytes.remove_prefix(size);
    return result;
  }
};

enum class RecordKind : uint8_t { kCommit, kCeiling, kFloor };

struct Record {
  RecordKind kind = RecordKind::kCommit;
  Timestamp timestamp = 0;
  std::vector<Write> batch;
};

std::string EncodeRecord(const Record& record) {
  std::string payload;
  PutNumber(&payload, static_cast<uint64_t>(record.kind), 1);
  PutNumber(&payload, record.timestamp);
  PutNumber(&payload, record.batch.size());
  for (const Write& write : record.batch) {
    PutNumber(&payload, static_cast<uint64_t>(write.kind), 1);
    PutNumber(&payload, write.ns);
    PutBytes(&payload, write.key);
    PutBytes(&payload, write.value);
    PutNumber(&payload, write.end.has_value() ? 1 : 0, 1);
    PutBytes(&payload, write.end.value_or(""));
  }
  std::string framed;
  PutNumber(&framed, payload.size(), 4);
  PutNumber(&framed, Fingerprint(payload.size(), payload));
  return framed + payload;
}

// Returns nullopt at the end and at the first record that is not whole.
std::optional<Record> TakeRecord(Cursor* cursor) {
  const uint64_t size = cursor->Number(4);
  const uint64_t checksum = cursor->Number();
  if (cursor->bad || size > cursor->bytes.size() ||
      checksum != Fingerprint(size, cursor->bytes.substr(0, size))) {
    return std::nullopt;
  }
  Cursor payload{cursor->bytes.substr(0, size)};
  cursor->bytes.remove_prefix(size);
  Record record;
  record.kind = static_cast<RecordKind>(payload.Number(1));
  record.timestamp = payload.Number();
  record.batch.resize(payload.Number());
  for (Write& write : record.batch) {
    write.kind = static_cast<Write::Kind>(payload.Number(1));
    write.ns = payload.Number();
    write.key = payload.Bytes();
    write.value = payload.Bytes();
    const bool has_end = payload.Number(1) != 0;
    std::string end = payload.Bytes();
    if (has_end) {
      write.end = std::move(end);
    }
  }
  return record;
}

// Makes a directory whose name survives a crash.
absl::Status MakeDirectory(FileSystem& fs, const std::string& directory) {
  VERALITH_RETURN_IF_ERROR(fs.CreateDirectory(directory));
  const size_t slash = directory.rfind('/');
  return fs.SyncDirectory(slash == 0 || slash == std::string::npos ? "/"
                                                                   : directory.substr(0, slash));
}

// --- Shared with iterators -----------------------------------------------------------------------

struct State {
  KvModel model;
  bool closed = false;
  Defect defect = Defect::kNone;
};

struct HeldSnapshot final : Snapshot {
  explicit HeldSnapshot(Timestamp t) : at(t) {}
  Timestamp timestamp() const override { return at; }
  Timestamp at;
};

class RowsIterator final : public DbIterator {
 public:
  RowsIterator(std::shared_ptr<State> state, ScanOptions options, Timestamp at, absl::Status status)
      : state_(std::move(state)), options_(std::move(options)), at_(at), status_(status) {
    if (status_.ok()) {
      Load();
    }
  }
  bool Valid() const override { return status().ok() && place_ >= 0 && place_ < Size(); }
  absl::Status status() const override {
    return state_->closed ? FailedPrecondition("the database is closed") : status_;
  }
  void SeekToFirst() override { Refresh(), place_ = 0; }
  void SeekToLast() override { Refresh(), place_ = Size() - 1; }
  void Seek(std::string_view key) override {
    Refresh();
    place_ = std::count_if(rows_.begin(), rows_.end(), [&](const Row& r) { return r.key < key; });
  }
  void SeekForPrev(std::string_view key) override {
    Refresh();
    place_ =
        std::count_if(rows_.begin(), rows_.end(), [&](const Row& r) { return r.key <= key; }) - 1;
    if (Broken(Defect::kSeekForPrevGoesBehind) && place_ + 1 < Size() && place_ >= 0 &&
        rows_[static_cast<size_t>(place_)].key != key) {
      ++place_;
    }
  }
  void Next() override { ++place_; }
  void Prev() override { place_ -= Broken(Defect::kPrevSkipsAKey) && place_ == 3 ? 2 : 1; }
  std::string_view key() const override { return row().key; }
  std::string_view value() const override { return row().value; }
  Timestamp timestamp() const override { return row().timestamp; }

 private:
  bool Broken(Defect defect) const { return state_->defect == defect; }
  ptrdiff_t Size() const { return static_cast<ptrdiff_t>(rows_.size()); }
  const Row& row() const {
    VERALITH_CHECK(Valid());
    return rows_[static_cast<size_t>(place_)];
  }
  void Refresh() {
    if (Broken(Defect::kCursorsSeeLaterWrites) && status_.ok()) {
      at_ = std::max(at_, state_->model.last_timestamp());
      Load();
    }
  }
  void Load() {
    Bound lower = options_.lower;
    Bound upper = options_.upper;
    if (lower.kind == Bound::Kind::kExclusive && Broken(Defect::kExcludedLowerBoundIsReturned)) {
      lower.kind = Bound::Kind::kInclusive;
    }
    if (upper.kind == Bound::Kind::kInclusive &&
        Broken(Defect::kIncludedUpperBoundTakesLongerKeys)) {
      upper.key += '\xff';
    }
    rows_ = state_->model.Scan(options_.ns, lower, upper, at_);
    if (Broken(Defect::kScanLeaksTheNextNamespace) && upper.kind == Bound::Kind::kOpen &&
        options_.ns < kMaxNamespace) {
      const std::vector<Row> leaked = state_->model.Scan(options_.ns + 1, {}, {}, at_);
      rows_.insert(rows_.end(), leaked.begin(), leaked.end());
    }
  }

  std::shared_ptr<State> state_;
  ScanOptions options_;
  Timestamp at_;
  absl::Status status_;
  std::vector<Row> rows_;
  ptrdiff_t place_ = -1;
};

// --- The database --------------------------------------------------------------------------------

class ModelDb final : public Db {
 public:
  ModelDb(const std::string& directory, const Options& options, Defect defect)
      : directory_(directory), options_(options), defect_(defect) {
    state_->defect = defect;
  }
  ~ModelDb() override { Close().IgnoreError(); }

  absl::Status Start();

  using Db::Delete;
  using Db::Get;
  using Db::Put;

  absl::Status Put(const WriteOptions& options, NamespaceId ns, std::string_view key,
                   std::string_view value) override {
    return Commit(options, {{Write::Kind::kPut, ns, std::string(key), std::string(value), {}}})
        .status();
  }
  absl::Status Delete(const WriteOptions& options, NamespaceId ns, std::string_view key) override {
    return Commit(options, {{Write::Kind::kDelete, ns, std::string(key), "", {}}}).status();
  }
  absl::Status DeleteRange(const WriteOptions& options, NamespaceId ns, std::string_view begin,
                           std::optional<std::string_view> end) override {
    model::Write write{model::Write::Kind::kDeleteRange, ns, std::string(begin), "", {}};
    if (end.has_value()) {
      write.end = std::string(*end);
    }
    return Commit(options, {write}).status();
  }
  absl::StatusOr<Timestamp> Write(const WriteOptions& options, const WriteBatch& batch) override;

  absl::Status Sync() override {
    VERALITH_RETURN_IF_ERROR(Usable());
    VERALITH_RETURN_IF_ERROR(Writable());
    if (Broken(Defect::kSyncDoesNothing)) {
      return absl::OkStatus();
    }
    return SyncLog();
  }

  absl::StatusOr<bool> Get(const ReadOptions& options, NamespaceId ns, std::string_view key,
                           PinnedValue* value, Timestamp* entry_timestamp) override;
  absl::StatusOr<std::vector<std::optional<std::string>>> MultiGet(
      const ReadOptions& options, NamespaceId ns, std::span<const std::string_view> keys) override;
  std::unique_ptr<DbIterator> NewIterator(const ScanOptions& options) override {
    absl::StatusOr<Timestamp> at = ReadTimestamp(options);
    return std::make_unique<RowsIterator>(state_, options, at.ok() ? *at : 0, at.status());
  }

  absl::StatusOr<std::vector<NamespaceId>> ListNamespaces(const ReadOptions& options) override;

  const Snapshot* GetSnapshot() override { return Hold(model().last_timestamp()); }
  absl::StatusOr<const Snapshot*> GetSnapshotAt(Timestamp timestamp) override {
    ReadOptions options;
    options.timestamp = timestamp;
    VERALITH_RETURN_IF_ERROR(ReadTimestamp(options).status());
    return Hold(timestamp);
  }
  void ReleaseSnapshot(const Snapshot* snapshot) override {
    const auto held = std::find_if(snapshots_.begin(), snapshots_.end(),
                                   [&](const auto& own) { return own.get() == snapshot; });
    VERALITH_CHECK(held != snapshots_.end());
    snapshots_.erase(held);
  }

  absl::Status Flush() override { return Sync(); }
  absl::Status Compact(const CompactOptions&, std::optional<NamespaceId>, const Bound&,
                       const Bound&) override {
    VERALITH_RETURN_IF_ERROR(Usable());
    VERALITH_RETURN_IF_ERROR(Writable());
    VERALITH_RETURN_IF_ERROR(Append({RecordKind::kFloor, model().last_timestamp(), {}}));
    VERALITH_RETURN_IF_ERROR(SyncLog());
    floor_ = model().last_timestamp();
    return absl::OkStatus();
  }
  absl::Status WaitForBackgroundWork() override { return Usable(); }
  absl::Status Resume() override { return Usable(); }
  void SetBackgroundRate(uint64_t) override {}
  absl::Status PauseBackgroundWork() override {
    VERALITH_RETURN_IF_ERROR(Usable());
    ++pauses_;
    return absl::OkStatus();
  }
  absl::Status ContinueBackgroundWork() override {
    VERALITH_RETURN_IF_ERROR(Usable());
    if (pauses_ == 0) {
      return FailedPrecondition("not paused");
    }
    --pauses_;
    return absl::OkStatus();
  }
  absl::Status Checkpoint(const std::string& directory) override;
  absl::StatusOr<PublishReport> PublishIceberg(const std::string& table,
                                               const PublishOptions& options) override;
  absl::Status Check() override { return Usable(); }

  Timestamp LastTimestamp() const override { return model().last_timestamp(); }
  absl::Status AdvanceClock(Timestamp remote) override {
    VERALITH_RETURN_IF_ERROR(Usable());
    const Timestamp wall = options_.clock->WallNanos();
    if (remote == 0 || remote > kMaxTimestamp) {
      return InvalidArgument("no timestamp");
    }
    if (wall > kMaxTimestamp) {
      return Unavailable("the wall clock is wrong");
    }
    if (remote > wall && remote - wall > static_cast<Timestamp>(options_.max_clock_skew_nanos)) {
      return InvalidArgument("too far ahead");
    }
    clock_ = std::max(clock_, remote);
    return absl::OkStatus();
  }
  Statistics GetStatistics() override {
    Statistics statistics;
    statistics.last_timestamp = model().last_timestamp();
    statistics.history_floor = floor_;
    return statistics;
  }
  absl::Status Close() override;

 private:
  bool Broken(Defect defect) const { return defect_ == defect; }
  const KvModel& model() const { return state_->model; }
  std::string LogPath() const { return JoinPath(directory_, "MODEL.log"); }
  absl::Status Usable() const {
    return state_->closed ? FailedPrecondition("the database is closed") : absl::OkStatus();
  }
  absl::Status Writable() const {
    if (options_.read_only) {
      return FailedPrecondition("the database is open for reading only");
    }
    return Broken(Defect::kWritesAfterAFailedLogAreTaken) ? absl::OkStatus() : log_error_;
  }
  const Snapshot* Hold(Timestamp at) {
    snapshots_.push_back(std::make_unique<HeldSnapshot>(at));
    return snapshots_.back().get();
  }
  absl::StatusOr<Timestamp> ReadTimestamp(const ReadOptions& options) const;
  bool IsHeld(Timestamp at) const {
    return std::any_of(snapshots_.begin(), snapshots_.end(),
                       [at](const auto& own) { return own->at == at; });
  }
  absl::Status Append(const Record& record);
  absl::Status SyncLog();
  absl::Status TakeLocks();
  absl::Status Recover();
  absl::Status Rewrite();
  absl::StatusOr<Timestamp> Tick();
  absl::StatusOr<Timestamp> Commit(const WriteOptions& options,
                                   const std::vector<model::Write>& batch);
  void Apply(Timestamp timestamp, const std::vector<model::Write>& batch);
  absl::Status MakeDurable(SyncMode mode);

  const std::string directory_;
  const Options options_;
  const Defect defect_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
  std::vector<std::unique_ptr<HeldSnapshot>> snapshots_;
  std::shared_ptr<FileSystem> fs_;  // with the directory pinned
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<FileLock> directory_lock_;
  std::unique_ptr<File> log_;
  absl::Status log_error_;
  std::vector<Record> records_;
  Timestamp clock_ = 0;    // every commit's timestamp is larger
  Timestamp ceiling_ = 0;  // and none exceeds this, which is durable
  Timestamp floor_ = 0;
  int pauses_ = 0;
  std::optional<Executor::TimerId> sync_timer_;
};

absl::Status ModelDb::Start() {
  FileSystem& fs = *options_.file_system;
  VERALITH_ASSIGN_OR_RETURN(const bool exists, fs.Exists(LogPath()));
  if (!exists && (options_.read_only || !options_.create_if_missing)) {
    return FailedPrecondition("there is no database in " + directory_);
  }
  if (exists && options_.error_if_exists) {
    return FailedPrecondition("there is a database in " + directory_);
  }
  if (!options_.read_only) {
    VERALITH_RETURN_IF_ERROR(MakeDirectory(fs, directory_));
  }
  VERALITH_ASSIGN_OR_RETURN(fs_, PinDirectory(&fs, directory_));
  if (!Broken(Defect::kSecondOwnerIsLetIn)) {
    VERALITH_RETURN_IF_ERROR(TakeLocks());
  }
  if (exists) {
    VERALITH_RETURN_IF_ERROR(Recover());
  }
  if (options_.read_only && !Broken(Defect::kReadOnlyOpeningWrites)) {
    return absl::OkStatus();
  }
  return Rewrite();
}

// A reader only checks whether somebody else has them. (The lock file may have been swept away.)
absl::Status ModelDb::TakeLocks() {
  const LockMode mode = options_.read_only ? LockMode::kShared : LockMode::kExclusive;
  absl::StatusOr<std::unique_ptr<FileLock>> file = fs_->Lock(JoinPath(directory_, "LOCK"), mode);
  if (!options_.read_only || !absl::IsNotFound(file.status())) {
    VERALITH_RETURN_IF_ERROR(file.status());
  }
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<FileLock> itself, fs_->LockDirectory(directory_, mode));
  if (!options_.read_only) {
    lock_ = *std::move(file);
    directory_lock_ = std::move(itself);
  }
  return absl::OkStatus();
}

absl::Status ModelDb::Recover() {
  VERALITH_ASSIGN_OR_RETURN(const std::string bytes,
                            ReadWholeFile(*fs_, LogPath(), uint64_t{1} << 32));
  Cursor cursor{bytes};
  while (std::optional<Record> record = TakeRecord(&cursor)) {
    switch (record->kind) {
      case RecordKind::kCommit:
        std::erase_if(record->batch, [this](const model::Write& write) {
          return (Broken(Defect::kDeletesAreForgottenByReopening) &&
                  write.kind == model::Write::Kind::kDelete) ||
                 (Broken(Defect::kEmptyKeyIsLost) && write.key.empty());
        });
        Apply(record->timestamp, record->batch);
        break;
      case RecordKind::kCeiling:
        ceiling_ = record->timestamp;
        break;
      case RecordKind::kFloor:
        floor_ = record->timestamp;
        break;
    }
    records_.push_back(*std::move(record));
  }
  if (!Broken(Defect::kTimestampsOfLostCommitsAreReused)) {
    clock_ = std::max(clock_, ceiling_);
  }
  return absl::OkStatus();
}

// Writes a new log with the whole records, durable under its name before anything is added.
absl::Status ModelDb::Rewrite() {
  FileSystem& fs = *fs_;
  if (Broken(Defect::kTornTailIsAppendedTo) && !records_.empty()) {
    VERALITH_ASSIGN_OR_RETURN(log_, fs.Open(LogPath(), OpenMode::kReadWrite));
    return absl::OkStatus();
  }
  const std::string temporary = JoinPath(directory_, "NEW.log");
  VERALITH_ASSIGN_OR_RETURN(const bool left_over, fs.Exists(temporary));
  if (left_over) {
    VERALITH_RETURN_IF_ERROR(fs.Remove(temporary));
  }
  VERALITH_ASSIGN_OR_RETURN(log_, fs.Open(temporary, OpenMode::kCreate));
  std::string bytes;
  for (const Record& record : records_) {
    bytes += EncodeRecord(record);
  }
  if (Broken(Defect::kBytesDependOnMemory)) {
    bytes += std::to_string(reinterpret_cast<uintptr_t>(this));
  }
  VERALITH_RETURN_IF_ERROR(log_->Append(bytes));
  VERALITH_RETURN_IF_ERROR(log_->Sync());
  VERALITH_RETURN_IF_ERROR(fs.Rename(temporary, LogPath()));
  return fs.SyncDirectory(directory_);
}

absl::Status ModelDb::Append(const Record& record) {
  VERALITH_RETURN_IF_ERROR(Writable());
  std::string bytes = EncodeRecord(record);
  if (Broken(Defect::kHalfABatchSurvives) && record.batch.size() > 1) {
    bytes.clear();
    for (const model::Write& write : record.batch) {
      bytes += EncodeRecord({record.kind, record.timestamp, {write}});
    }
  }
  if (absl::Status status = log_->Append(bytes); !status.ok()) {
    log_error_ = FailedPrecondition("the log has failed: " + std::string(Message(status)));
    return status;
  }
  records_.push_back(record);
  return absl::OkStatus();
}

absl::Status ModelDb::SyncLog() {
  absl::Status status = log_->Sync();
  if (!status.ok()) {
    log_error_ = FailedPrecondition("the log has failed: " + std::string(Message(status)));
  }
  return status;
}

absl::StatusOr<Timestamp> ModelDb::Tick() {
  const Timestamp reading = options_.clock->WallNanos();
  const Timestamp wall = reading <= kMaxTimestamp ? reading : clock_ + 1;
  const Timestamp next =
      Broken(Defect::kClockRestartsAtTheWall) ? wall : std::max(wall, clock_ + 1);
  if (next > ceiling_) {
    VERALITH_RETURN_IF_ERROR(Append({RecordKind::kCeiling, next + kCeilingStep, {}}));
    VERALITH_RETURN_IF_ERROR(SyncLog());
    ceiling_ = next + kCeilingStep;
  }
  clock_ = next;
  return next;
}

absl::StatusOr<Timestamp> ModelDb::Commit(const WriteOptions& options,
                                          const std::vector<model::Write>& batch) {
  if (!Broken(Defect::kWritesAfterCloseAreTaken)) {
    VERALITH_RETURN_IF_ERROR(Usable());
  }
  if (!BatchIsLegal(batch) && !Broken(Defect::kLongKeysAreTaken)) {
    return InvalidArgument("the batch exceeds a limit");
  }
  VERALITH_RETURN_IF_ERROR(Writable());
  if (state_->closed || batch.empty()) {
    return model().last_timestamp();
  }
  VERALITH_ASSIGN_OR_RETURN(const Timestamp timestamp, Tick());
  const absl::Status status = Append({RecordKind::kCommit, timestamp, batch});
  if (!status.ok() && !Broken(Defect::kFailedWritesAreVisible)) {
    return status;
  }
  if (status.ok()) {
    const bool own = options.sync != SyncMode::kDefault;
    VERALITH_RETURN_IF_ERROR(MakeDurable(own ? options.sync : options_.sync_mode));
  }
  Apply(timestamp, batch);
  VERALITH_RETURN_IF_ERROR(status);
  return timestamp;
}

void ModelDb::Apply(Timestamp timestamp, const std::vector<model::Write>& batch) {
  std::vector<model::Write> applied = batch;
  if (Broken(Defect::kBatchesApplyBackwards)) {
    std::reverse(applied.begin(), applied.end());
  }
  for (model::Write& write : applied) {
    if (write.kind == model::Write::Kind::kDeleteRange && write.end.has_value() &&
        Broken(Defect::kRangeDeleteTakesItsEnd) && write.key < *write.end) {
      *write.end += '\0';
    }
  }
  state_->model.Commit(timestamp, applied);
  clock_ = std::max(clock_, timestamp);
}

absl::Status ModelDb::MakeDurable(SyncMode mode) {
  if (mode == SyncMode::kCommit) {
    return SyncLog();
  }
  if (mode == SyncMode::kInterval && !sync_timer_.has_value()) {
    sync_timer_ = options_.executor->ScheduleAfter(options_.sync_interval_nanos, [this] {
      sync_timer_.reset();
      SyncLog().IgnoreError();
    });
  }
  return absl::OkStatus();
}

absl::StatusOr<Timestamp> ModelDb::Write(const WriteOptions& options, const WriteBatch& batch) {
  std::vector<model::Write> writes;
  for (size_t i = 0; i < batch.count(); ++i) {
    const WriteBatchReader::Operation operation = WriteBatchReader::At(batch, i);
    model::Write& write = writes.emplace_back();
    write.ns = operation.ns;
    write.key = operation.key;
    if (operation.kind == WriteBatchReader::Kind::kPut) {
      write.value = operation.value;
    } else if (operation.kind == WriteBatchReader::Kind::kDelete) {
      write.kind = model::Write::Kind::kDelete;
    } else {
      write.kind = model::Write::Kind::kDeleteRange;
      if (!operation.open_end) {
        write.end = std::string(operation.value);
      }
    }
  }
  return Commit(options, writes);
}

absl::StatusOr<Timestamp> ModelDb::ReadTimestamp(const ReadOptions& options) const {
  VERALITH_RETURN_IF_ERROR(Usable());
  const Timestamp last = model().last_timestamp();
  if (options.snapshot != nullptr) {
    const Timestamp at = options.snapshot->timestamp();
    return Broken(Defect::kCompactionForgetsSnapshots) && at < floor_ ? last : at;
  }
  if (!options.timestamp.has_value()) {
    return last;
  }
  const bool past = *options.timestamp >= floor_ || IsHeld(*options.timestamp) ||
                    Broken(Defect::kHistoryBelowTheFloorIsAnswered);
  const bool future = *options.timestamp > last && !Broken(Defect::kFutureReadsAreAnswered);
  if (!past || future) {
    return OutOfRange("no history there");
  }
  return *options.timestamp;
}

absl::StatusOr<bool> ModelDb::Get(const ReadOptions& options, NamespaceId ns, std::string_view key,
                                  PinnedValue* value, Timestamp* entry_timestamp) {
  VERALITH_ASSIGN_OR_RETURN(const Timestamp at, ReadTimestamp(options));
  std::optional<Row> row = model().Get(ns, std::string(key), at);
  if (!row && Broken(Defect::kLookupMatchesAPrefix)) {
    const std::vector<Row> after = model().Scan(ns, Bound::Inclusive(std::string(key)), {}, at);
    if (!after.empty() && after[0].key.starts_with(key)) {
      row = after[0];
    }
  }
  if (row && Broken(Defect::kOldestVersionWins)) {
    for (const Timestamp commit : model().commits()) {
      if (std::optional<Row> older = model().Get(ns, std::string(key), commit)) {
        row = older;
        break;
      }
    }
  }
  if (row && Broken(Defect::kRangeDeleteHidesNewerWrites)) {
    for (const Record& record : records_) {
      for (const model::Write& write : record.batch) {
        if (write.kind == model::Write::Kind::kDeleteRange && write.ns == ns && write.key <= key &&
            (!write.end || key < *write.end)) {
          return false;
        }
      }
    }
  }
  if (!row) {
    return false;
  }
  auto* copy = new std::string(std::move(row->value));
  PinnedValueFiller::Assign(
      *copy, Pin(copy, [](void* object) { delete static_cast<std::string*>(object); }), value);
  if (entry_timestamp != nullptr) {
    *entry_timestamp = Broken(Defect::kValueTimestampIsTheReaders) ? at : row->timestamp;
  }
  return true;
}

absl::StatusOr<std::vector<std::optional<std::string>>> ModelDb::MultiGet(
    const ReadOptions& options, NamespaceId ns, std::span<const std::string_view> keys) {
  VERALITH_ASSIGN_OR_RETURN(Timestamp at, ReadTimestamp(options));
  if (Broken(Defect::kMultiGetIgnoresTheSnapshot)) {
    at = model().last_timestamp();
  }
  std::vector<std::optional<std::string>> values;
  for (const std::string_view key : keys) {
    std::optional<Row> row = model().Get(ns, std::string(key), at);
    values.push_back(row ? std::optional(std::move(row->value)) : std::nullopt);
  }
  return values;
}

absl::Status ModelDb::Checkpoint(const std::string& directory) {
  VERALITH_RETURN_IF_ERROR(Usable());
  VERALITH_RETURN_IF_ERROR(Writable());
  VERALITH_RETURN_IF_ERROR(SyncLog());
  FileSystem& fs = *fs_;
  VERALITH_ASSIGN_OR_RETURN(const bool exists, fs.Exists(directory));
  if (exists) {
    return AlreadyExists(directory);
  }
  VERALITH_RETURN_IF_ERROR(MakeDirectory(fs, directory));
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<File> copy,
                            fs.Open(JoinPath(directory, "MODEL.log"), OpenMode::kCreate));
  for (const Record& record : records_) {
    VERALITH_RETURN_IF_ERROR(copy->Append(EncodeRecord(record)));
  }
  VERALITH_RETURN_IF_ERROR(copy->Sync());
  return fs.SyncDirectory(directory);
}

// Counts what a table would show, and writes none.
absl::StatusOr<PublishReport> ModelDb::PublishIceberg(const std::string&,
                                                      const PublishOptions& options) {
  VERALITH_RETURN_IF_ERROR(Usable());
  VERALITH_RETURN_IF_ERROR(Writable());
  if (options.ns.has_value() && *options.ns > kMaxNamespace) {
    return InvalidArgument("a namespace over the limit");
  }
  ReadOptions read;
  read.timestamp = options.at;
  VERALITH_ASSIGN_OR_RETURN(const Timestamp at, ReadTimestamp(read));
  VERALITH_RETURN_IF_ERROR(SyncLog());
  PublishReport report;
  report.at = at;
  for (const auto& [ns, rows] : model().All(at)) {
    report.rows += !options.ns.has_value() || ns == *options.ns ? rows.size() : 0;
  }
  return report;
}

absl::StatusOr<std::vector<NamespaceId>> ModelDb::ListNamespaces(const ReadOptions& options) {
  VERALITH_RETURN_IF_ERROR(Usable());
  VERALITH_ASSIGN_OR_RETURN(const Timestamp at, ReadTimestamp(options));
  if (Broken(Defect::kEmptyNamespacesAreListed)) {
    return model().Namespaces();
  }
  std::vector<NamespaceId> namespaces;
  for (const auto& [ns, rows] : model().All(at)) {
    namespaces.push_back(ns);
  }
  return namespaces;
}

absl::Status ModelDb::Close() {
  if (state_->closed) {
    return absl::OkStatus();
  }
  state_->closed = true;
  if (sync_timer_.has_value()) {
    options_.executor->Cancel(*sync_timer_);
  }
  absl::Status status;
  if (log_ != nullptr) {
    status = log_error_.ok() ? SyncLog() : log_error_;
    log_.reset();
  }
  lock_.reset();
  directory_lock_.reset();
  return status;
}

}  // namespace

std::string_view DefectName(Defect defect) {
  static constexpr std::string_view kNames[kDefects] = {
      "none",
      "excluded lower bound is returned",
      "included upper bound takes longer keys",
      "scan leaks the next namespace",
      "clock restarts at the wall",
      "timestamps of lost commits are reused",
      "lookup matches a prefix",
      "oldest version wins",
      "deletes are forgotten by reopening",
      "compaction forgets snapshots",
      "half a batch survives",
      "sync does nothing",
      "writes after close are taken",
      "writes after a failed log are taken",
      "torn tail is appended to",
      "failed writes are visible",
      "range delete takes its end",
      "range delete hides newer writes",
      "prev skips a key",
      "seek for prev goes behind",
      "cursors see later writes",
      "batches apply backwards",
      "read-only opening writes",
      "second owner is let in",
      "history below the floor is answered",
      "future reads are answered",
      "multi-get ignores the snapshot",
      "long keys are taken",
      "empty key is lost",
      "value timestamp is the reader's",
      "empty namespaces are listed",
      "bytes depend on memory",
  };
  return kNames[static_cast<int>(defect)];
}

absl::StatusOr<std::unique_ptr<Db>> OpenModelDb(const std::string& directory,
                                                const Options& options, Defect defect) {
  auto db = std::make_unique<ModelDb>(directory, options, defect);
  VERALITH_RETURN_IF_ERROR(db->Start());
  return std::unique_ptr<Db>(std::move(db));
}

}  // namespace veralith::model
