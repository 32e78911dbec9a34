// SPDX-License-Identifier: Apache-2.0

#include "core/iterator/visible_iterator.h"

#include <utility>

#include "core/base/check.h"

namespace veralith {
namespace {

// While range tombstones hide key after key, the sources are asked to skip at the 2nd hidden key
// and at every kSkipInterval-th after it. If they cannot skip, asking costs little.
constexpr uint32_t kSkipInterval = 16;

bool DueToSkip(uint32_t hidden) { return hidden % kSkipInterval == 2; }

}  // namespace

VisibleIterator::VisibleIterator(Source source)
    : keep_alive_(std::move(source.keep_alive)),
      merged_(std::move(source.merged)),
      tombstones_(std::move(source.range_tombstones), source.ns, source.snapshot),
      lower_(std::move(source.lower)),
      upper_(std::move(source.upper)),
      ns_(source.ns),
      snapshot_(source.snapshot),
      gaps_(source.gaps) {
  VERALITH_CHECK(merged_ != nullptr);
}

void VisibleIterator::End() {
  valid_ = false;
  status_ = merged_->Valid() ? absl::OkStatus() : merged_->status();
}

bool VisibleIterator::BelowLower(std::string_view key) const {
  if (lower_.kind == Bound::Kind::kOpen) {
    return false;
  }
  const int order = CompareBytes(key, lower_.key);
  return order < 0 || (order == 0 && lower_.kind == Bound::Kind::kExclusive);
}

bool VisibleIterator::AboveUpper(std::string_view key) const {
  if (upper_.kind == Bound::Kind::kOpen) {
    return false;
  }
  const int order = CompareBytes(key, upper_.key);
  return order > 0 || (order == 0 && upper_.kind == Bound::Kind::kExclusive);
}

Timestamp VisibleIterator::timestamp() {
  VERALITH_DCHECK(valid_);
  if (merged_->LoadTimestamp()) {
    return merged_->timestamp();
  }
  End();
  return 0;
}

// --- Seeking -----------------------------------------------------------------------------------

void VisibleIterator::SeekToFirst() {
  if (lower_.kind == Bound::Kind::kOpen) {
    merged_->SeekToFirst();
  } else {
    merged_->Seek(lower_.key);
  }
  if (merged_->Valid() && BelowLower(merged_->key())) {
    merged_->Next();  // the excluded bound itself
  }
  FindForward();
}

// The target may be a key that a source holds, which changes as that source moves.
std::string_view VisibleIterator::Keep(std::string_view target) {
  if (!valid_) {
    return target;
  }
  target_.assign(target);
  return target_;
}

void VisibleIterator::Seek(std::string_view target) {
  const std::string_view key = Keep(target);
  if (BelowLower(key)) {
    SeekToFirst();
    return;
  }
  if (AboveUpper(key)) {
    EndOutside();
    return;
  }
  merged_->Seek(key);
  FindForward();
}

void VisibleIterator::SeekToLast() {
  if (upper_.kind == Bound::Kind::kOpen) {
    merged_->SeekToLast();
  } else {
    merged_->SeekForPrev(upper_.key);
  }
  if (merged_->Valid() && AboveUpper(merged_->key())) {
    merged_->Prev();  // the excluded bound itself
  }
  FindBackward();
}

void VisibleIterator::SeekForPrev(std::string_view target) {
  const std::string_view key = Keep(target);
  if (AboveUpper(key)) {
    SeekToLast();
    return;
  }
  if (BelowLower(key)) {
    EndOutside();
    return;
  }
  merged_->SeekForPrev(key);
  FindBackward();
}

// --- Moving ------------------------------------------------------------------------------------

void VisibleIterator::Next() {
  VERALITH_DCHECK(valid_);
  merged_->Next();
  FindForward();
}

void VisibleIterator::Prev() {
  VERALITH_DCHECK(valid_);
  merged_->Prev();
  FindBackward();
}

// A version that no range tombstone covers does not need its timestamp read.
bool VisibleIterator::HiddenByRange(bool* unreadable) {
  const Timestamp covering = tombstones_.MaxCovering(merged_->key());
  if (covering == 0) {
    return false;
  }
  *unreadable = !merged_->LoadTimestamp();
  return !*unreadable && covering > merged_->timestamp();
}

VisibleIterator::Visibility VisibleIterator::Classify() {
  if (!tombstones_.empty()) {
    bool unreadable = false;
    if (HiddenByRange(&unreadable)) {
      return Visibility::kHiddenByRange;
    }
    if (unreadable) {
      return Visibility::kUnreadable;
    }
  }
  if (!merged_->Load()) {
    return Visibility::kUnreadable;
  }
  return merged_->kind() == EntryKind::kDelete ? Visibility::kHidden : Visibility::kVisible;
}

// --- Over what is not there --------------------------------------------------------------------

bool VisibleIterator::FindGap(uint64_t hidden) {
  const bool asks = hidden >= kAskAfter && (hidden & (hidden - 1)) == 0;
  if (gaps_ == nullptr || !asks) {
    return false;
  }
  if (!has_run_) {
    run_.assign(merged_->key());
    has_run_ = true;
  }
  return gaps_->Find(ns_, merged_->key(), snapshot_, &gap_);
}

void VisibleIterator::LearnForward(uint64_t hidden) {
  if (!has_run_ || hidden < kLearnAfter || !(merged_->Valid() || merged_->status().ok())) {
    return;
  }
  KeyGap gap{ns_, run_, {}, !merged_->Valid()};
  if (merged_->Valid()) {
    gap.end.assign(merged_->key());
  }
  gaps_->Learn(snapshot_, std::move(gap));
}

void VisibleIterator::LearnBackward(uint64_t hidden) {
  if (!has_run_ || hidden < kLearnAfter || !(merged_->Valid() || merged_->status().ok())) {
    return;
  }
  KeyGap gap{ns_, {}, AfterRun(), false};
  if (merged_->Valid()) {
    gap.begin.assign(merged_->key()).push_back('\0');
  }
  gaps_->Learn(snapshot_, std::move(gap));
}

// Moves from merged_'s key to the first visible key at or after it.
void VisibleIterator::FindForward() {
  uint32_t covered = 0;
  uint64_t hidden = 0;  // since the last jump
  has_run_ = false;
  while (merged_->Valid() && !AboveUpper(merged_->key())) {
    const Visibility visibility = Classify();
    if (visibility == Visibility::kVisible) {
      LearnForward(hidden);
      valid_ = true;
      return;
    }
    if (visibility == Visibility::kUnreadable) {
      End();
      return;
    }
    ++hidden_keys_;
    if (FindGap(++hidden)) {
      if (hidden >= kLearnAfter) {
        gaps_->Learn(snapshot_, {ns_, run_, gap_.end, gap_.open_end});
      }
      if (gap_.open_end) {
        EndOutside();
        return;
      }
      hidden = 0;
      merged_->Seek(gap_.end);
    } else if (visibility == Visibility::kHiddenByRange && DueToSkip(++covered)) {
      merged_->SkipCovered(tombstones_.stretch());
    } else {
      merged_->Next();
    }
  }
  LearnForward(hidden);
  End();
}

void VisibleIterator::FindBackward() {
  uint32_t covered = 0;
  uint64_t hidden = 0;  // since the last jump
  has_run_ = false;
  while (merged_->Valid() && !BelowLower(merged_->key())) {
    const Visibility visibility = Classify();
    if (visibility == Visibility::kVisible) {
      LearnBackward(hidden);
      valid_ = true;
      return;
    }
    if (visibility == Visibility::kUnreadable) {
      End();
      return;
    }
    ++hidden_keys_;
    if (FindGap(++hidden)) {
      if (hidden >= kLearnAfter) {
        gaps_->Learn(snapshot_, {ns_, gap_.begin, AfterRun(), false});
      }
      hidden = 0;
      merged_->SeekForPrev(gap_.begin);
    } else if (visibility == Visibility::kHiddenByRange && DueToSkip(++covered)) {
      merged_->SkipCoveredBackward(tombstones_.stretch());
    } else {
      merged_->Prev();
    }
  }
  LearnBackward(hidden);
  End();
}

}  // namespace veralith
