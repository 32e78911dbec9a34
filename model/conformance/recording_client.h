// SPDX-License-Identifier: Apache-2.0

// One client of a database under test whose calls are recorded for model/linearizability.h.
//
// Thread rule: one thread per client; `tick` is shared, and never gives a number twice.
#ifndef VERALITH_MODEL_CONFORMANCE_RECORDING_CLIENT_H_
#define VERALITH_MODEL_CONFORMANCE_RECORDING_CLIENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/linearizability.h"
#include "veralith/db.h"

namespace veralith::model {

class RecordingClient {
 public:
  RecordingClient(Db& db, std::function<uint64_t()> tick) : db_(db), tick_(std::move(tick)) {}

  absl::Status Write(std::vector<model::Write> writes, SyncMode sync = SyncMode::kManual) {
    WriteBatch batch;
    for (const model::Write& write : writes) {
      switch (write.kind) {
        case model::Write::Kind::kPut:
          batch.Put(write.ns, write.key, write.value);
          break;
        case model::Write::Kind::kDelete:
          batch.Delete(write.ns, write.key);
          break;
        case model::Write::Kind::kDeleteRange:
          batch.DeleteRange(write.ns, write.key, write.end);
          break;
      }
    }
    Call call;
    call.batch = std::move(writes);
    call.begin = tick_();
    const absl::StatusOr<Timestamp> written = db_.Write({.sync = sync}, batch);
    if (written.ok()) {
      call.end = tick_();
      call.timestamp = *written;
      call.durable = sync == SyncMode::kCommit;
    }
    calls_.push_back(std::move(call));
    return written.status();
  }
  absl::Status Put(std::string key, std::string value) {
    return Write({{model::Write::Kind::kPut, 0, std::move(key), std::move(value), std::nullopt}});
  }

  // A read that fails says nothing and is not recorded.
  absl::Status Get(const std::string& key, const Snapshot* snapshot = nullptr) {
    Call call = Read(Call::Kind::kGet, snapshot);
    call.key = key;
    ReadOptions options;
    options.snapshot = snapshot;
    PinnedValue value;
    Timestamp timestamp = 0;
    const absl::StatusOr<bool> found = db_.Get(options, 0, key, &value, &timestamp);
    if (found.ok() && *found) {
      call.rows.push_back({key, value.ToString(), timestamp});
    }
    return Keep(found.status(), std::move(call));
  }

  absl::Status Scan(const Snapshot* snapshot = nullptr) {
    Call call = Read(Call::Kind::kScan, snapshot);
    ScanOptions options;
    options.snapshot = snapshot;
    const std::unique_ptr<DbIterator> it = db_.NewIterator(options);
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      call.rows.push_back({std::string(it->key()), std::string(it->value()), it->timestamp()});
    }
    return Keep(it->status(), std::move(call));
  }

  const Snapshot* Hold() {
    Call call;
    call.kind = Call::Kind::kSnapshot;
    call.begin = tick_();
    const Snapshot* snapshot = db_.GetSnapshot();
    call.end = tick_();
    call.timestamp = snapshot->timestamp();
    calls_.push_back(std::move(call));
    return snapshot;
  }

  const std::vector<Call>& calls() const { return calls_; }

 private:
  Call Read(Call::Kind kind, const Snapshot* snapshot) {
    Call call;
    call.kind = kind;
    call.timestamp = snapshot == nullptr ? 0 : snapshot->timestamp();
    call.begin = tick_();
    return call;
  }
  absl::Status Keep(absl::Status status, Call call) {
    if (status.ok()) {
      call.end = tick_();
      calls_.push_back(std::move(call));
    }
    return status;
  }

  Db& db_;
  const std::function<uint64_t()> tick_;
  std::vector<Call> calls_;
};

}  // namespace veralith::model

#endif  // VERALITH_MODEL_CONFORMANCE_RECORDING_CLIENT_H_
