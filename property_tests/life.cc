// SPDX-License-Identifier: Apache-2.0

#include "property_tests/life.h"

#include <algorithm>
#include <exception>

#include "core/base/status.h"
#include "core/base/text.h"

namespace veralith::model {
namespace {

class InCall {
 public:
  explicit InCall(Life::Machine& machine) : machine_(machine) { machine_.BeginCall(); }
  ~InCall() { machine_.EndCall(); }

 private:
  Life::Machine& machine_;
};

const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

}  // namespace

Life::Life(std::string directory, Options options, Machine* machine)
    : directory_(std::move(directory)), options_(std::move(options)), machine_(machine) {
  options_.clock = &clock_;
  options_.executor = &executor_;
}

Life::~Life() {
  db_.reset();
  executor_.DropAll();
}

template <typename Call>
auto Life::Engine(Call call) {
  using Result = decltype(call());
  if constexpr (std::is_same_v<Result, absl::Status> || requires(const Result& result) {
                  result.status().ok();
                  result.value();
                }) {
    Result result = [&] {
      const InCall in_call(*machine_);
      return call();
    }();
    Note(StatusOf(result));
    return result;
  } else {
    const InCall in_call(*machine_);
    return call();
  }
}

void Life::Note(const absl::Status& status) {
  if (wrong_.agrees() && !status.ok()) {
    wrong_ = machine_->Judge(status);
  }
}

Difference Life::Run() {
  try {
    if (!Open()) {
      return wrong_;
    }
    for (int round = 0; round < 2 && wrong_.agrees(); ++round) {
      VERALITH_RETURN_IF_DIFFERENT(LiveOnce(round));
      if (round == 0) {
        Engine([&] { return db_->Close(); }).IgnoreError();
        Engine([&] { db_.reset(); });
        if (!Open()) {
          return wrong_;
        }
        VERALITH_RETURN_IF_DIFFERENT(Recover(/*excused=*/true));
        if (db_ == nullptr) {
          return Agree();
        }
      }
    }
    return wrong_;
  } catch (const std::exception& exception) {
    static_cast<void>(db_.release());  // in what state, nobody knows
    return StrCat("an exception crossed the interface: ", exception.what());
  }
}

Difference Life::LiveOnce(int round) {
  Put("a", 10, false);
  Put("b", 3000, false);  // rotates the memtable by itself
  Put("c", 3000, true);
  Batch();
  Engine([&] { return db_->Flush(); }).IgnoreError();
  Delete("a");
  DeleteRange("b", "c");
  VERALITH_RETURN_IF_DIFFERENT(CompareSnapshot());
  Maintain(round);
  Put("d", 10, false);
  Engine([&] { return db_->Sync(); }).IgnoreError();
  return Compare("while calls fail");
}

void Life::Maintain(int round) {
  Engine([&] { return db_->CompactAll(); }).IgnoreError();
  const std::string copy = StrCat(directory_, "/copy", round);
  Engine([&] { return db_->Checkpoint(copy); }).IgnoreError();
  Engine([&] { return db_->WaitForBackgroundWork(); }).IgnoreError();
  Engine([&] { return db_->Check(); }).IgnoreError();
  Engine([&] { db_->GetStatistics(); });
}

Difference Life::Heal() {
  try {
    db_.reset();
    executor_.DropAll();
    if (!Open()) {
      return "cannot be opened afterwards: " + ToString(opened_);
    }
    VERALITH_RETURN_IF_DIFFERENT(Recover(/*excused=*/false).In("afterwards "));
    Put("e", 10, true);
    for (const absl::Status& status : {db_->Flush(), db_->CompactAll(), db_->Check()}) {
      if (!status.ok()) {
        return "afterwards " + ToString(status);
      }
    }
    return Compare("afterwards");
  } catch (const std::exception& exception) {
    static_cast<void>(db_.release());
    return StrCat("afterwards an exception crossed the interface: ", exception.what());
  }
}

bool Life::Open() {
  const std::string directory = directory_ + "/db";
  absl::StatusOr<std::unique_ptr<Db>> db = Engine([&] { return Db::Open(directory, options_); });
  opened_ = db.status();
  if (db.ok()) {
    db_ = *std::move(db);
  }
  return opened_.ok();
}

// --- Writing -------------------------------------------------------------------------------------

void Life::Commit(std::vector<Write> writes, bool synced) {
  WriteBatch batch;
  WriteOptions options;
  options.sync = synced             ? SyncMode::kCommit
                 : writes_ % 2 == 0 ? SyncMode::kInterval
                                    : SyncMode::kManual;
  const absl::StatusOr<Timestamp> timestamp = Engine([&] {
    for (const Write& write : writes) {
      switch (write.kind) {
        case Write::Kind::kPut:
          batch.Put(write.key, write.value);
          break;
        case Write::Kind::kDelete:
          batch.Delete(write.key);
          break;
        case Write::Kind::kDeleteRange:
          batch.DeleteRange(write.ns, write.key, write.end);
          break;
      }
    }
    return db_->Write(options, batch);
  });
  if (timestamp.ok()) {
    model_.Acknowledged(*timestamp, std::move(writes), synced);
  } else {
    model_.Failed(std::move(writes));
    ++failed_;
  }
}

Write Life::PutOf(const std::string& key, size_t bytes) {
  return {Write::Kind::kPut, 0, key, StrCat(++writes_, std::string(bytes, 'v')), std::nullopt};
}
void Life::Put(const std::string& key, size_t bytes, bool synced) {
  Commit({PutOf(key, bytes)}, synced);
}
void Life::Batch() { Commit({PutOf("a", 20), PutOf("b", 20), PutOf("x", 20)}, false); }
void Life::Delete(const std::string& key) {
  Commit({{Write::Kind::kDelete, 0, key, "", std::nullopt}}, false);
}
void Life::DeleteRange(const std::string& begin, const std::string& end) {
  Commit({{Write::Kind::kDeleteRange, 0, begin, "", end}}, false);
}

// --- Reading -------------------------------------------------------------------------------------

// Returns the rows ascending; at 0: the newest.
absl::StatusOr<std::vector<Row>> Life::Scan(bool forward, Timestamp at) {
  ScanOptions options;
  if (at != 0) {
    options.timestamp = at;
  }
  std::vector<Row> rows;
  const std::unique_ptr<DbIterator> it = Engine([&] { return db_->NewIterator(options); });
  Engine([&] { forward ? it->SeekToFirst() : it->SeekToLast(); });
  while (Engine([&] { return it->Valid(); })) {
    const Timestamp timestamp = Engine([&] { return it->timestamp(); });
    if (!it->Valid()) {
      break;
    }
    rows.push_back({std::string(it->key()), std::string(it->value()), timestamp});
    Engine([&] { forward ? it->Next() : it->Prev(); });
  }
  absl::Status status = Engine([&] { return it->status(); });
  if (!status.ok()) {
    return status;
  }
  if (!forward) {
    std::reverse(rows.begin(), rows.end());
  }
  return rows;
}

absl::StatusOr<CrashModel::Recovered> Life::Observe() {
  VERALITH_ASSIGN_OR_RETURN(std::vector<Row> rows, Scan(/*forward=*/true, 0));
  CrashModel::Recovered recovered;
  if (!rows.empty()) {
    recovered.contents[0] = std::move(rows);
  }
  recovered.last_timestamp = db_->LastTimestamp();
  return recovered;
}

// Called after an opening. Without `excused`, reading must be possible.
Difference Life::Recover(bool excused) {
  const absl::StatusOr<CrashModel::Recovered> recovered = Observe();
  if (recovered.ok()) {
    return model_.Kill(*recovered);
  }
  db_.reset();
  return excused ? Agree() : "nothing can be read: " + ToString(recovered.status());
}

Difference Life::Compare(const std::string& when) {
  VERALITH_RETURN_IF_DIFFERENT(CompareScans().In(when + ": "));
  return CompareLookups().In(when + ": ");
}

Difference Life::CompareScans() {
  const std::vector<Row> expected =
      model_.current().Scan(0, Bound::Open(), Bound::Open(), kMaxTimestamp);
  for (const bool forward : {true, false}) {
    const absl::StatusOr<std::vector<Row>> rows = Scan(forward, 0);
    if (rows.ok()) {
      VERALITH_RETURN_IF_DIFFERENT(DifferenceOf(expected, *rows));
    }
  }
  const auto namespaces = Engine([&] { return db_->ListNamespaces({}); });
  if (namespaces.ok() && namespaces->size() != model_.current().All(kMaxTimestamp).size()) {
    return "ListNamespaces is wrong";
  }
  return Agree();
}

Difference Life::CompareLookups() {
  for (const std::string& key : model_.current().Keys(0)) {
    const std::optional<Row> expected = model_.current().Get(0, key, kMaxTimestamp);
    PinnedValue value;
    const absl::StatusOr<bool> found = Engine([&] { return db_->Get({}, key, &value); });
    if (found.ok() &&
        (*found != expected.has_value() || (*found && value.view() != expected->value))) {
      return "Get of " + key + " is wrong";
    }
    const std::string_view keys[] = {key};
    const auto values = Engine([&] { return db_->MultiGet({}, 0, keys); });
    if (values.ok() && (*values)[0].has_value() != expected.has_value()) {
      return "MultiGet of " + key + " is wrong";
    }
  }
  return Agree();
}

// Compares two snapshots of now, which a write does not change.
Difference Life::CompareSnapshot() {
  const Timestamp now = db_->LastTimestamp();
  const Snapshot* const held = Engine([&] { return db_->GetSnapshot(); });
  const absl::StatusOr<const Snapshot*> past = Engine([&] { return db_->GetSnapshotAt(now); });
  const std::optional<Row> expected = model_.current().Get(0, "x", now);
  Put("x", 30, false);
  Difference difference = Agree();
  for (const Snapshot* snapshot : {held, past.ok() ? *past : nullptr}) {
    ReadOptions options;
    options.snapshot = snapshot;
    PinnedValue value;
    if (snapshot == nullptr) {
      continue;
    }
    const absl::StatusOr<bool> found = Engine([&] { return db_->Get(options, "x", &value); });
    if (found.ok() &&
        (*found != expected.has_value() || (*found && value.view() != expected->value))) {
      difference = "a read at a snapshot is wrong";
    }
    Engine([&] { db_->ReleaseSnapshot(snapshot); });
  }
  return difference;
}

}  // namespace veralith::model
