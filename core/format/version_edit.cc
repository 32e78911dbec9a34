// SPDX-License-Identifier: Apache-2.0

#include "core/format/version_edit.h"

#include <utility>

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/coding.h"

namespace veralith {
namespace {

// Returns whether tags ascend and say which fields repeat.
constexpr bool TagsAreInOrder() {
  return std::apply(
      []<typename... Members>(const EditField<Members>&... fields) {
        uint64_t previous = 0;
        const auto fits = [&previous](uint64_t tag, bool repeats) {
          return tag > std::exchange(previous, tag) && (tag >= kFirstRepeatedTag) == repeats;
        };
        return (fits(fields.tag, EditField<Members>::kRepeats) && ...);
      },
      kEditFields);
}
static_assert(TagsAreInOrder());

bool IsLegal(const FileMeta& f) {
  const bool bound_is_legal =
      f.largest.kind != KeyBound::Kind::kNamespaceEnd || f.largest.key.empty();
  return f.number != 0 && bound_is_legal && IsWithin(f.smallest_ns, f.smallest_key, f.largest);
}

// --- Encoding ------------------------------------------------------------------------------------

class Encoder {
 public:
  explicit Encoder(std::string* out) : out_(out) {}

  void Run(const VersionEdit& edit) {
    ForEachEditField([&](const auto& field) {
      field.ForEachValue(edit, [&](const auto& value) {
        Body(value, field.form);
        AppendVarint64(out_, field.tag);
        AppendLengthPrefixed(out_, body_);
        body_.clear();
      });
    });
  }

 private:
  void Body(uint64_t number, NumberForm form) {
    if (form == NumberForm::kFixed) {
      AppendFixed64(&body_, number);
      return;
    }
    VERALITH_CHECK(form != NumberForm::kFileNumber || number != 0);
    AppendVarint64(&body_, number);
  }
  void Body(const LogPosition& position, NumberForm) {
    FileNumber(position.log_number);
    AppendVarint64(&body_, position.offset);
  }
  void Body(const WrittenBytes& written, NumberForm) {
    for (const uint64_t v : {written.user, written.logs, written.flushes, written.compactions}) {
      AppendVarint64(&body_, v);
    }
  }
  void Body(CompactionPolicyKind policy, NumberForm) { body_.push_back(static_cast<char>(policy)); }
  void Body(const VersionEdit::RemovedFile& removed, NumberForm) {
    Level(removed.level);
    FileNumber(removed.number);
  }
  void Body(const VersionEdit::AddedFile& added, NumberForm) {
    Level(added.level);
    AppendVarint64(&body_, added.run_id);
    File(added.file);
  }
  void Body(const VersionEdit::AddedLog& log, NumberForm) {
    FileNumber(log.number);
    AppendFixed64(&body_, log.id);
  }
  void Body(const VersionEdit::Cursor& cursor, NumberForm) {
    Level(cursor.level);
    UserKey(cursor.ns, cursor.key);
  }

  void FileNumber(uint64_t number) { Body(number, NumberForm::kFileNumber); }
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
      if (!VisitField(tag, [](const auto&) {})) {
        return Unimplemented(StrCat("version edit: offset ", start, ": field ", tag));
      }
      if (tag < previous || (tag == previous && tag < kFirstRepeatedTag)) {
        reader_.FailAtOffset(start, "field out of order or twice");
        break;
      }
      VisitField(tag, [this](const auto& field) { ReadField(field); });
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
  // Calls visit(field) for the field with the tag; returns false if there is none.
  template <typename Visit>
  static bool VisitField(uint64_t tag, Visit visit) {
    return std::apply(
        [&](const auto&... fields) {
          return ((fields.tag == tag && (visit(fields), true)) || ...);
        },
        kEditFields);
  }

  template <typename Member>
  bool ReadField(const EditField<Member>& field) {
    uint64_t body_bytes = 0;
    if (!reader_.ReadVarintUpTo(reader_.remaining(), &body_bytes, "field length")) {
      return false;
    }
    const size_t body_start = reader_.offset();
    return ReadBody(field, NewValue(&(edit_.*field.member))) &&
           (reader_.offset() == body_start + body_bytes ||
            reader_.FailAtOffset(body_start, "field length does not fit"));
  }

  template <typename Value>
  static Value* NewValue(std::optional<Value>* single) {
    return &single->emplace();
  }
  template <typename Value>
  static Value* NewValue(std::vector<Value>* repeated) {
    return &repeated->emplace_back();
  }

  template <typename Member>
  bool ReadBody(const EditField<Member>& field, uint64_t* number) {
    switch (field.form) {
      case NumberForm::kFixed:
        return reader_.ReadFixed64(number, field.name);
      case NumberForm::kTimestamp:
        return ReadTimestamp(number);
      case NumberForm::kFileNumber:
        return ReadFileNumber(number);
      case NumberForm::kVarint:
        break;
    }
    return reader_.ReadVarint64(number, field.name);
  }
  template <typename Member, typename Value>
  bool ReadBody(const EditField<Member>&, Value* value) {
    return Read(value);
  }

  bool Read(LogPosition* position) {
    return ReadFileNumber(&position->log_number) &&
           reader_.ReadVarint64(&position->offset, "log offset");
  }

  bool Read(WrittenBytes* written) {
    return reader_.ReadVarint64(&written->user, "bytes of users") &&
           reader_.ReadVarint64(&written->logs, "bytes of logs") &&
           reader_.ReadVarint64(&written->flushes, "bytes of flushes") &&
           reader_.ReadVarint64(&written->compactions, "bytes of compactions");
  }

  bool Read(CompactionPolicyKind* kind) {
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
    *kind = CompactionPolicyKind{policy};
    return true;
  }

  bool Read(VersionEdit::RemovedFile* removed) {
    return ReadLevel(&removed->level) && ReadFileNumber(&removed->number);
  }

  bool Read(VersionEdit::AddedFile* added) {
    return ReadLevel(&added->level) && reader_.ReadVarint64(&added->run_id, "run id") &&
           ReadFile(&added->file);
  }

  bool Read(VersionEdit::AddedLog* log) {
    return ReadFileNumber(&log->number) && reader_.ReadFixed64(&log->id, "log id");
  }

  bool Read(VersionEdit::Cursor* cursor) {
    return ReadLevel(&cursor->level) && ReadUserKey(&cursor->ns, &cursor->key);
  }

  bool ReadTimestamp(Timestamp* ts) {
    return reader_.ReadVarintUpTo(kMaxTimestamp, ts, "timestamp");
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

std::string ValueText(uint64_t number) { return std::to_string(number); }

std::string ValueText(const LogPosition& position) {
  return StrCat(position.log_number, ":", position.offset);
}

std::string ValueText(const WrittenBytes& written) {
  return StrCat(written.user, " by users, ", written.logs, " to logs, ", written.flushes,
                " by flushes, ", written.compactions, " by compactions");
}

std::string ValueText(CompactionPolicyKind policy) { return std::string(PolicyName(policy)); }

void EncodeVersionEdit(const VersionEdit& edit, std::string* out) { Encoder(out).Run(edit); }

absl::StatusOr<VersionEdit> DecodeVersionEdit(std::string_view bytes) {
  return Decoder(bytes).Run();
}

}  // namespace veralith
