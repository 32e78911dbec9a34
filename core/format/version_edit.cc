// SPDX-License-Identifier: Apache-2.0

#include "core/format/version_edit.h"

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/coding.h"

namespace veralith {
namespace {

// Fields of an edit, in the order in which they are written. Never renumber.
enum Tag : uint64_t {
  kDatabaseId = 1,
  kNextFileNumber = 2,
  kNextRunId = 3,
  kTimestampCeiling = 4,
  kHistoryFloor = 5,
  kLastTimestamp = 6,
  kLogsSyncedThrough = 7,
  kWrittenBytes = 8,
  kPolicy = 9,
  kLastSingleField = kPolicy,  // tags up to this one occur at most once
  kRemovedFile = 16,
  kAddedFile = 17,
  kRemovedLog = 18,
  kAddedLog = 19,
  kCursor = 20,
};

bool IsKnown(uint64_t tag) {
  return (tag >= kDatabaseId && tag <= kLastSingleField) || (tag >= kRemovedFile && tag <= kCursor);
}

bool IsLegal(const FileMeta& f) {
  const bool bound_is_legal =
      f.largest.kind != KeyBound::Kind::kNamespaceEnd || f.largest.key.empty();
  return f.number != 0 && bound_is_legal && IsWithin(f.smallest_ns, f.smallest_key, f.largest);
}

// --- Encoding ------------------------------------------------------------------------------------

class Encoder {
 public:
  explicit Encoder(std::string* out) : out_(out) {}

  void Number(Tag tag, const std::optional<uint64_t>& v) {
    if (v.has_value()) {
      AppendVarint64(&body_, *v);
      Finish(tag);
    }
  }
  void Id(Tag tag, const std::optional<uint64_t>& v) {
    if (v.has_value()) {
      AppendFixed64(&body_, *v);
      Finish(tag);
    }
  }
  void Position(Tag tag, const std::optional<LogPosition>& position) {
    if (position.has_value()) {
      VERALITH_CHECK(position->log_number != 0);
      AppendVarint64(&body_, position->log_number);
      AppendVarint64(&body_, position->offset);
      Finish(tag);
    }
  }
  void Written(const std::optional<WrittenBytes>& written) {
    if (written.has_value()) {
      for (const uint64_t v :
           {written->user, written->logs, written->flushes, written->compactions}) {
        AppendVarint64(&body_, v);
      }
      Finish(kWrittenBytes);
    }
  }
  void Policy(const std::optional<CompactionPolicyKind>& policy) {
    if (policy.has_value()) {
      body_.push_back(static_cast<char>(*policy));
      Finish(kPolicy);
    }
  }
  void RemovedFile(const VersionEdit::RemovedFile& removed) {
    VERALITH_CHECK(removed.number != 0);
    Level(removed.level);
    AppendVarint64(&body_, removed.number);
    Finish(kRemovedFile);
  }
  void AddedFile(const VersionEdit::AddedFile& added) {
    Level(added.level);
    AppendVarint64(&body_, added.run_id);
    File(added.file);
    Finish(kAddedFile);
  }
  void RemovedLog(uint64_t number) {
    VERALITH_CHECK(number != 0);
    AppendVarint64(&body_, number);
    Finish(kRemovedLog);
  }
  void AddedLog(const VersionEdit::AddedLog& log) {
    VERALITH_CHECK(log.number != 0);
    AppendVarint64(&body_, log.number);
    AppendFixed64(&body_, log.id);
    Finish(kAddedLog);
  }
  void Cursor(const VersionEdit::Cursor& cursor) {
    Level(cursor.level);
    UserKey(cursor.ns, cursor.key);
    Finish(kCursor);
  }

 private:
  void Level(int level) {
    VERALITH_CHECK(level >= 0 && level < kLevels);
    AppendVarint64(&body_, static_cast<uint64_t>(level));
  }
  void UserKey(NamespaceId ns, std::string_view key) {
    VERALITH_CHECK(ns <= kMaxNamespace && key.size() <= kMaxKeyBytes);
    AppendVarint64(&body_, ns);
    AppendLengthPrefixed(&body_, key);
  }
  void File(const FileMeta& f) {
    VERALITH_CHECK(IsLegal(f));
    for (const uint64_t v : {f.number, f.bytes, f.entries, f.tombstones, f.superseded,
                             f.range_tombstones, f.min_ts, f.max_ts, f.created_by_job}) {
      AppendVarint64(&body_, v);
    }
    UserKey(f.smallest_ns, f.smallest_key);
    body_.push_back(static_cast<char>(f.largest.kind));
    UserKey(f.largest.ns, f.largest.key);
  }
  void Finish(Tag tag) {
    AppendVarint64(out_, tag);
    AppendLengthPrefixed(out_, body_);
    body_.clear();
  }

  std::string* const out_;
  std::string body_;  // body of the field being written
};

// --- Decoding ------------------------------------------------------------------------------------

class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : reader_(bytes) {}

  absl::StatusOr<VersionEdit> Run() {
    uint64_t previous = 0;
    while (reader_.ok() && !reader_.AtEnd()) {
      const size_t start = reader_.offset();
      uint64_t tag = 0;
      if (!reader_.ReadVarint64(&tag, "field tag")) {
        break;
      }
      if (!IsKnown(tag)) {
        return Unimplemented(StrCat("version edit: offset ", start, ": field ", tag));
      }
      if (tag < previous || (tag == previous && tag <= kLastSingleField)) {
        reader_.FailAtOffset(start, "field out of order or twice");
        break;
      }
      ReadField(static_cast<Tag>(tag));
      previous = tag;
    }
    if (unknown_policy_.has_value()) {
      return Unimplemented(StrCat("version edit: compaction policy ", *unknown_policy_));
    }
    if (!reader_.ok()) {
      return Annotate(reader_.status(), "version edit");
    }
    return std::move(edit_);
  }

 private:
  bool ReadField(Tag tag) {
    uint64_t body_bytes = 0;
    if (!reader_.ReadVarintUpTo(reader_.remaining(), &body_bytes, "field length")) {
      return false;
    }
    const size_t body_start = reader_.offset();
    return ReadBody(tag) && (reader_.offset() == body_start + body_bytes ||
                             reader_.FailAtOffset(body_start, "field length does not fit"));
  }

  bool ReadBody(Tag tag) {
    switch (tag) {
      case kDatabaseId:
        return reader_.ReadFixed64(&edit_.database_id.emplace(), "database id");
      case kNextFileNumber:
        return reader_.ReadVarint64(&edit_.next_file_number.emplace(), "next file number");
      case kNextRunId:
        return reader_.ReadVarint64(&edit_.next_run_id.emplace(), "next run id");
      case kTimestampCeiling:
        return ReadTimestamp(&edit_.timestamp_ceiling.emplace());
      case kHistoryFloor:
        return ReadTimestamp(&edit_.history_floor.emplace());
      case kLastTimestamp:
        return ReadTimestamp(&edit_.last_timestamp.emplace());
      case kLogsSyncedThrough:
        return ReadLogPosition(&edit_.logs_synced_through.emplace());
      case kWrittenBytes:
        return ReadWrittenBytes(&edit_.written.emplace());
      case kPolicy:
        return ReadPolicy();
      case kRemovedFile:
        return ReadRemovedFile(&edit_.removed_files.emplace_back());
      case kAddedFile:
        return ReadAddedFile(&edit_.added_files.emplace_back());
      case kRemovedLog:
        return ReadFileNumber(&edit_.removed_logs.emplace_back());
      case kAddedLog:
        return ReadAddedLog(&edit_.added_logs.emplace_back());
      case kCursor:
        return ReadCursor(&edit_.cursors.emplace_back());
    }
    return reader_.Fail("unknown field");
  }

  bool ReadLogPosition(LogPosition* position) {
    return ReadFileNumber(&position->log_number) &&
           reader_.ReadVarint64(&position->offset, "log offset");
  }

  bool ReadWrittenBytes(WrittenBytes* written) {
    return reader_.ReadVarint64(&written->user, "bytes of users") &&
           reader_.ReadVarint64(&written->logs, "bytes of logs") &&
           reader_.ReadVarint64(&written->flushes, "bytes of flushes") &&
           reader_.ReadVarint64(&written->compactions, "bytes of compactions");
  }

  bool ReadRemovedFile(VersionEdit::RemovedFile* removed) {
    return ReadLevel(&removed->level) && ReadFileNumber(&removed->number);
  }

  bool ReadAddedFile(VersionEdit::AddedFile* added) {
    return ReadLevel(&added->level) && reader_.ReadVarint64(&added->run_id, "run id") &&
           ReadFile(&added->file);
  }

  bool ReadAddedLog(VersionEdit::AddedLog* log) {
    return ReadFileNumber(&log->number) && reader_.ReadFixed64(&log->id, "log id");
  }

  bool ReadCursor(VersionEdit::Cursor* cursor) {
    return ReadLevel(&cursor->level) && ReadUserKey(&cursor->ns, &cursor->key);
  }

  bool ReadTimestamp(Timestamp* ts) {
    return reader_.ReadVarintUpTo(kMaxTimestamp, ts, "timestamp");
  }

  bool ReadPolicy() {
    uint8_t policy = 0;
    if (!reader_.ReadFixed8(&policy, "compaction policy")) {
      return false;
    }
    if (policy == 0) {
      return reader_.FailAtOffset(reader_.offset() - 1, "compaction policy 0");
    }
    if (policy > static_cast<uint8_t>(CompactionPolicyKind::kTiered)) {
      unknown_policy_ = policy;
    }
    edit_.policy = CompactionPolicyKind{policy};
    return true;
  }

  bool ReadLevel(int* level) {
    uint64_t v = 0;
    if (!reader_.ReadVarintUpTo(kLevels - 1, &v, "level")) {
      return false;
    }
    *level = static_cast<int>(v);
    return true;
  }

  bool ReadFileNumber(uint64_t* number) {
    const size_t start = reader_.offset();
    return reader_.ReadVarint64(number, "file number") &&
           (*number != 0 || reader_.FailAtOffset(start, "file number 0"));
  }

  bool ReadUserKey(NamespaceId* ns, std::string* key) {
    std::string_view bytes;
    if (!reader_.ReadVarintUpTo(kMaxNamespace, ns, "namespace") ||
        !reader_.ReadLengthPrefixed(kMaxKeyBytes, &bytes, "key")) {
      return false;
    }
    key->assign(bytes);
    return true;
  }

  bool ReadFile(FileMeta* f) {
    const size_t start = reader_.offset();
    uint8_t kind = 0;
    if (!ReadFileNumber(&f->number) || !reader_.ReadVarint64(&f->bytes, "file size") ||
        !reader_.ReadVarint64(&f->entries, "entry count") ||
        !reader_.ReadVarint64(&f->tombstones, "tombstone count") ||
        !reader_.ReadVarint64(&f->superseded, "superseded count") ||
        !reader_.ReadVarint64(&f->range_tombstones, "range tombstone count") ||
        !ReadTimestamp(&f->min_ts) || !ReadTimestamp(&f->max_ts) ||
        !reader_.ReadVarint64(&f->created_by_job, "job number") ||
        !ReadUserKey(&f->smallest_ns, &f->smallest_key) ||
        !reader_.ReadFixed8(&kind, "bound kind")) {
      return false;
    }
    if (kind > static_cast<uint8_t>(KeyBound::Kind::kNamespaceEnd)) {
      return reader_.FailAtOffset(reader_.offset() - 1, "unknown bound kind");
    }
    f->largest.kind = KeyBound::Kind{kind};
    return ReadUserKey(&f->largest.ns, &f->largest.key) &&
           (IsLegal(*f) || reader_.FailAtOffset(start, "a file with an empty range"));
  }

  ByteReader reader_;
  VersionEdit edit_;
  std::optional<uint8_t> unknown_policy_;  // a policy of a later version
};

}  // namespace

void EncodeVersionEdit(const VersionEdit& edit, std::string* out) {
  Encoder encoder(out);
  encoder.Id(kDatabaseId, edit.database_id);
  encoder.Number(kNextFileNumber, edit.next_file_number);
  encoder.Number(kNextRunId, edit.next_run_id);
  encoder.Number(kTimestampCeiling, edit.timestamp_ceiling);
  encoder.Number(kHistoryFloor, edit.history_floor);
  encoder.Number(kLastTimestamp, edit.last_timestamp);
  encoder.Position(kLogsSyncedThrough, edit.logs_synced_through);
  encoder.Written(edit.written);
  encoder.Policy(edit.policy);
  for (const VersionEdit::RemovedFile& removed : edit.removed_files) {
    encoder.RemovedFile(removed);
  }
  for (const VersionEdit::AddedFile& added : edit.added_files) {
    encoder.AddedFile(added);
  }
  for (const uint64_t number : edit.removed_logs) {
    encoder.RemovedLog(number);
  }
  for (const VersionEdit::AddedLog& log : edit.added_logs) {
    encoder.AddedLog(log);
  }
  for (const VersionEdit::Cursor& cursor : edit.cursors) {
    encoder.Cursor(cursor);
  }
}

absl::StatusOr<VersionEdit> DecodeVersionEdit(std::string_view bytes) {
  return Decoder(bytes).Run();
}

}  // namespace veralith
