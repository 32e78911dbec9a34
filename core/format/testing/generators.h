// SPDX-License-Identifier: Apache-2.0

// RapidCheck generators of what the codecs encode. Keys are mostly drawn from few bytes, so that
// shared prefixes, neighbours and escapes are common, and sometimes from all bytes.
#ifndef VERALITH_CORE_FORMAT_TESTING_GENERATORS_H_
#define VERALITH_CORE_FORMAT_TESTING_GENERATORS_H_

#include <rapidcheck.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/format/log_record.h"
#include "core/format/version_edit.h"
#include "veralith/types.h"

namespace veralith::testing {

inline rc::Gen<std::string> AnyKey() {
  return rc::gen::oneOf(
      rc::gen::container<std::string>(rc::gen::element('\x00', '\x01', '\xff', 'a')),
      rc::gen::container<std::string>(rc::gen::arbitrary<char>()));
}

// Small numbers, powers of two and their neighbours, and any number, below `limit`.
inline rc::Gen<uint64_t> AnyNumberUpTo(uint64_t limit) {
  return rc::gen::map(rc::gen::pair(rc::gen::inRange(0, 65), rc::gen::arbitrary<uint64_t>()),
                      [limit](const std::pair<int, uint64_t>& p) {
                        const uint64_t v = p.first == 64 ? p.second
                                           : p.first % 3 == 0
                                               ? uint64_t{1} << p.first
                                               : (uint64_t{1} << p.first) - 1 + p.second % 2;
                        return v <= limit ? v : v % limit;
                      });
}

inline rc::Gen<NamespaceId> AnyNamespace() { return AnyNumberUpTo(kMaxNamespace); }
inline rc::Gen<Timestamp> AnyTimestamp() {
  return rc::gen::map(AnyNumberUpTo(kMaxTimestamp - 1), [](uint64_t v) { return v + 1; });
}

// A log operation that owns its bytes.
struct OwnedOperation {
  LogOperation::Kind kind;
  bool open_end;
  NamespaceId ns;
  std::string key;
  std::string value;

  LogOperation View() const { return {kind, open_end, ns, key, value}; }
};

inline rc::Gen<OwnedOperation> AnyOperation() {
  return rc::gen::exec([] {
    OwnedOperation op;
    op.kind = *rc::gen::element(LogOperation::Kind::kPut, LogOperation::Kind::kDelete,
                                LogOperation::Kind::kDeleteRange);
    op.open_end = op.kind == LogOperation::Kind::kDeleteRange && *rc::gen::arbitrary<bool>();
    op.ns = *AnyNamespace();
    op.key = *AnyKey();
    if (op.kind != LogOperation::Kind::kDelete && !op.open_end) {
      op.value = *AnyKey();
    }
    return op;
  });
}

inline std::vector<LogOperation> Views(const std::vector<OwnedOperation>& operations) {
  std::vector<LogOperation> views;
  for (const OwnedOperation& op : operations) {
    views.push_back(op.View());
  }
  return views;
}

inline rc::Gen<FileMeta> AnyFileMeta() {
  return rc::gen::exec([] {
    FileMeta f;
    f.number = *AnyTimestamp();
    for (uint64_t* field : {&f.bytes, &f.entries, &f.tombstones, &f.superseded, &f.range_tombstones,
                            &f.created_by_job}) {
      *field = *AnyNumberUpTo(UINT64_MAX);
    }
    f.min_ts = *AnyTimestamp();
    f.max_ts = *AnyTimestamp();
    f.smallest_ns = *AnyNamespace();
    f.smallest_key = *AnyKey();
    f.largest.ns = *AnyNamespace();
    f.largest.kind = *rc::gen::element(KeyBound::Kind::kInclusive, KeyBound::Kind::kExclusive,
                                       KeyBound::Kind::kNamespaceEnd);
    if (f.largest.kind != KeyBound::Kind::kNamespaceEnd) {
      f.largest.key = *AnyKey();
    }
    if (!IsWithin(f.smallest_ns, f.smallest_key, f.largest)) {
      f.smallest_ns = f.largest.ns;
      f.smallest_key.clear();
    }
    if (!IsWithin(f.smallest_ns, f.smallest_key, f.largest)) {
      f.largest.key.push_back('\0');
    }
    return f;
  });
}

// --- Values of the fields of an edit -------------------------------------------------------------

inline uint64_t DrawNumber(NumberForm form) {
  switch (form) {
    case NumberForm::kFixed:
      return *rc::gen::arbitrary<uint64_t>();
    case NumberForm::kTimestamp:
    case NumberForm::kFileNumber:
      return *AnyTimestamp();
    case NumberForm::kVarint:
      break;
  }
  return *AnyNumberUpTo(UINT64_MAX);
}
inline int DrawLevel() { return *rc::gen::inRange(0, kLevels); }

inline void Draw(NumberForm form, uint64_t* number) { *number = DrawNumber(form); }
inline void Draw(NumberForm, LogPosition* position) {
  *position = {DrawNumber(NumberForm::kFileNumber), DrawNumber(NumberForm::kVarint)};
}
inline void Draw(NumberForm, WrittenBytes* written) {
  for (uint64_t* v : {&written->user, &written->logs, &written->flushes, &written->compactions}) {
    *v = DrawNumber(NumberForm::kVarint);
  }
}
inline void Draw(NumberForm, CompactionPolicyKind* policy) {
  *policy = *rc::gen::element(CompactionPolicyKind::kLeveled, CompactionPolicyKind::kHybrid,
                              CompactionPolicyKind::kTiered);
}
inline void Draw(NumberForm, VersionEdit::RemovedFile* removed) {
  *removed = {DrawLevel(), DrawNumber(NumberForm::kFileNumber)};
}
inline void Draw(NumberForm, VersionEdit::AddedFile* added) {
  *added = {DrawLevel(), DrawNumber(NumberForm::kVarint), *AnyFileMeta()};
}
inline void Draw(NumberForm, VersionEdit::AddedLog* log) {
  *log = {DrawNumber(NumberForm::kFileNumber), DrawNumber(NumberForm::kFixed)};
}
inline void Draw(NumberForm, VersionEdit::Cursor* cursor) {
  *cursor = {DrawLevel(), *AnyNamespace(), *AnyKey()};
}

template <typename Value>
void Draw(NumberForm form, std::optional<Value>* single) {
  if (*rc::gen::arbitrary<bool>()) {
    Draw(form, &single->emplace());
  }
}
template <typename Value>
void Draw(NumberForm form, std::vector<Value>* repeated) {
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
    Draw(form, &repeated->emplace_back());
  }
}

inline rc::Gen<VersionEdit> AnyVersionEdit() {
  return rc::gen::exec([] {
    VersionEdit edit;
    ForEachEditField([&edit](const auto& field) { Draw(field.form, &(edit.*field.member)); });
    return edit;
  });
}

}  // namespace veralith::testing

#endif  // VERALITH_CORE_FORMAT_TESTING_GENERATORS_H_
