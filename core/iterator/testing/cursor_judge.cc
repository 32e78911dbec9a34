// SPDX-License-Identifier: Apache-2.0

#include "core/iterator/testing/cursor_judge.h"

#include <algorithm>
#include <cstddef>

namespace veralith::testing {
namespace {

enum class Verdict { kRight, kFailed, kWrong };

// At expected[at], or nowhere when that is outside (0 - 1 wraps around).
Verdict JudgePlace(KeyCursor* cursor, const std::vector<ShownKey>& expected, size_t at,
                   MayFail may_fail) {
  if (cursor->Valid()) {
    if (!cursor->status().ok() || at >= expected.size() || cursor->key() != expected[at].key) {
      return Verdict::kWrong;
    }
    const ShownKey& shown = expected[at];
    if (cursor->LoadTimestamp() && cursor->Load()) {
      const bool same = cursor->key() == shown.key && cursor->timestamp() == shown.ts &&
                        cursor->kind() == shown.kind && cursor->value() == shown.value;
      return same && cursor->Valid() ? Verdict::kRight : Verdict::kWrong;
    }
    if (cursor->Valid() || cursor->status().ok()) {
      return Verdict::kWrong;  // a load that failed ends the cursor, with an error
    }
  }
  if (!cursor->status().ok()) {
    return may_fail(cursor->status()) ? Verdict::kFailed : Verdict::kWrong;
  }
  return at >= expected.size() ? Verdict::kRight : Verdict::kWrong;
}

std::string Wrong(const char* what, const KeyCursor& cursor) {
  return std::string(what) + ": " +
         (cursor.Valid() ? "at " + std::string(cursor.key()) : cursor.status().ToString());
}

}  // namespace

std::string JudgeCursorWalks(KeyCursor* cursor, const std::vector<ShownKey>& expected,
                             MayFail may_fail) {
  size_t at = 0;
  Verdict verdict = Verdict::kRight;
  for (cursor->SeekToFirst();; cursor->Next(), ++at) {
    verdict = JudgePlace(cursor, expected, at, may_fail);
    if (verdict != Verdict::kRight || !cursor->Valid()) {
      break;
    }
  }
  if (verdict == Verdict::kWrong) {
    return Wrong("a walk forward shows something else", *cursor);
  }
  at = expected.size() - 1;
  for (cursor->SeekToLast();; cursor->Prev(), --at) {
    verdict = JudgePlace(cursor, expected, at, may_fail);
    if (verdict != Verdict::kRight || !cursor->Valid()) {
      break;
    }
  }
  return verdict == Verdict::kWrong ? Wrong("a walk backward shows something else", *cursor) : "";
}

std::string JudgeCursorSeeks(KeyCursor* cursor, const std::vector<ShownKey>& expected,
                             std::string_view target, MayFail may_fail) {
  const auto found =
      std::lower_bound(expected.begin(), expected.end(), target,
                       [](const ShownKey& shown, std::string_view key) { return shown.key < key; });
  const auto next = static_cast<size_t>(found - expected.begin());
  const bool is_there = found != expected.end() && found->key == target;
  for (const bool from_below : {true, false}) {
    const size_t at = from_below || is_there ? next : next - 1;
    for (const bool forward : {true, false}) {
      from_below ? cursor->Seek(target) : cursor->SeekForPrev(target);
      Verdict verdict = JudgePlace(cursor, expected, at, may_fail);
      if (verdict == Verdict::kWrong) {
        return Wrong(from_below ? "Seek stands elsewhere" : "SeekForPrev stands elsewhere",
                     *cursor);
      }
      if (!cursor->Valid()) {
        continue;
      }
      forward ? cursor->Next() : cursor->Prev();
      verdict = JudgePlace(cursor, expected, forward ? at + 1 : at - 1, may_fail);
      if (verdict == Verdict::kWrong) {
        return Wrong(forward ? "Next after a seek shows something else"
                             : "Prev after a seek shows something else",
                     *cursor);
      }
    }
  }
  return "";
}

}  // namespace veralith::testing
