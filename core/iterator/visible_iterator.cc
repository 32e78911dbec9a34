#include "core/iterator/visible_iterator.h"

#include <utility>

#include "core/base/check.h"

namespace veralith {
namespace {

// Steps over versions of one key before a seek takes over.
constexpr int kMaxSteps = 8;
// Of the keys in one run that range tombstones hide, the second asks the sources to skip, and then
// every kSkipInterval-th: where they cannot, asking costs little.
constexpr uint32_t kSkipInterval = 16;

bool DueToSkip(uint32_t hidden) { return hidden % kSkipInterval == 2; }

}  // namespace

VisibleIterator::VisibleIterator(Source source)
    : keep_alive_(std::move(source.keep_alive)),
      merged_(std::move(source.merged)),
      tombstones_(std::move(source.range_tombstones), source.ns, source.snapshot),
      ns_(source.ns),
      lower_(std::move(source.lower)),
      upper_(std::move(source.upper)),
      snapshot_(source.snapshot) {
  VERALITH_CHECK(merged_ != nullptr);
}

void VisibleIterator::End() {
  valid_ = false;
  status_ = merged_->Valid() ? absl::OkStatus() : merged_->status();
}

bool VisibleIterator::BelowLower(std::string_view key) const {
  if (lower_.kind == ScanBound::Kind::kOpen) {
    return false;
  }
  const int order = CompareBytes(key, lower_.key);
  return order < 0 ||
         (order == 0 && lower_.kind == ScanBound::Kind::kExclusive && !VERALITH_BROKEN(O3));
}

bool VisibleIterator::AboveUpper(std::string_view key) const {
  if (upper_.kind == ScanBound::Kind::kOpen) {
    return false;
  }
  const int order = CompareBytes(key, upper_.key);
  if (VERALITH_BROKEN(O3) && key.starts_with(upper_.key)) {
    return upper_.kind == ScanBound::Kind::kExclusive;
  }
  return order > 0 || (order == 0 && upper_.kind == ScanBound::Kind::kExclusive);
}

bool VisibleIterator::HiddenByRange(std::string_view key, Timestamp ts) {
  return !tombstones_.empty() && tombstones_.MaxCovering(key) > ts;
}

// --- Seeking -----------------------------------------------------------------------------------

void VisibleIterator::SeekToFirst() {
  switch (lower_.kind) {
    case ScanBound::Kind::kOpen:
      merged_->Seek(ns_, {}, kMaxTimestamp);
      break;
    case ScanBound::Kind::kInclusive:
      merged_->Seek(ns_, lower_.key, kMaxTimestamp);
      break;
    case ScanBound::Kind::kExclusive:
      merged_->Seek(ns_, lower_.key, 0);  // behind its oldest version
      break;
  }
  FindForward();
}

void VisibleIterator::Seek(std::string_view key) {
  if (BelowLower(key)) {
    SeekToFirst();
    return;
  }
  if (AboveUpper(key)) {
    EndOutside();
    return;
  }
  merged_->Seek(ns_, key, kMaxTimestamp);
  FindForward();
}

void VisibleIterator::SeekToLast() {
  if (upper_.kind != ScanBound::Kind::kOpen) {
    const bool inclusive = upper_.kind == ScanBound::Kind::kInclusive;
    merged_->SeekForPrev(ns_, upper_.key, inclusive ? 0 : kMaxTimestamp);
  } else if (ns_ < kMaxNamespace) {
    merged_->SeekForPrev(ns_ + 1, {}, kMaxTimestamp);
  } else {
    merged_->SeekToLast();
  }
  FindBackward();
}

void VisibleIterator::SeekForPrev(std::string_view key) {
  if (AboveUpper(key)) {
    SeekToLast();
    return;
  }
  if (BelowLower(key)) {
    EndOutside();
    return;
  }
  merged_->SeekForPrev(ns_, key, 0);
  FindBackward();
}

// --- Moving ------------------------------------------------------------------------------------

void VisibleIterator::Next() {
  VERALITH_DCHECK(valid_);
  if (direction_ == Direction::kForward) [[likely]] {
    LeaveKeyForward();
  } else {
    merged_->Seek(ns_, saved_key_, 0);
  }
  FindForward();
}

void VisibleIterator::Prev() {
  VERALITH_DCHECK(valid_);
  if (direction_ == Direction::kForward) {
    saved_key_.assign(key_);
    LeaveKeyBackward();
  }
  FindBackward();
}

// --- Forward: merged_ stands on the newest version of a key, or nowhere ----------------------

void VisibleIterator::FindForward() {
  direction_ = Direction::kForward;
  uint32_t hidden = 0;
  while (InNamespace()) {
    const EntryView& entry = merged_->entry();
    if (AboveUpper(entry.key)) {
      break;
    }
    if (entry.ts > snapshot_) {
      SkipNewerVersions();
    } else if (entry.kind == EntryKind::kDelete) {
      LeaveKeyForward();
    } else if (HiddenByRange(entry.key, entry.ts)) {
      if (DueToSkip(++hidden)) {
        merged_->SkipCovered(tombstones_.stretch());
      } else {
        LeaveKeyForward();
      }
    } else {
      Show(entry.key, entry.value, entry.ts);
      return;
    }
  }
  End();
}

// To the key's newest version at or below the snapshot, or to the next key.
void VisibleIterator::SkipNewerVersions() {
  saved_key_.assign(merged_->entry().key);
  for (int step = 0; step < kMaxSteps; ++step) {
    merged_->Next();
    if (!OnSavedKey() || merged_->entry().ts <= snapshot_) {
      return;
    }
  }
  merged_->Seek(ns_, saved_key_, snapshot_);
}

// To the next key.
void VisibleIterator::LeaveKeyForward() {
  saved_key_.assign(merged_->entry().key);
  for (int step = 0; step < kMaxSteps; ++step) {
    merged_->Next();
    if (!OnSavedKey()) {
      return;
    }
  }
  merged_->Seek(ns_, saved_key_, 0);
}

// --- Backward: merged_ stands on the oldest version of a key, or nowhere ---------------------

void VisibleIterator::FindBackward() {
  direction_ = Direction::kBackward;
  SkipBehindBounds();
  uint32_t hidden = 0;
  while (InNamespace()) {
    if (BelowLower(merged_->entry().key)) {
      break;
    }
    saved_key_.assign(merged_->entry().key);
    saved_ts_ = 0;
    SaveNewestVersion();
    LeaveKeyBackward();
    if (Failed()) {
      break;
    }
    if (saved_ts_ == 0 || saved_kind_ == EntryKind::kDelete) {
      continue;
    }
    if (!HiddenByRange(saved_key_, saved_ts_)) {
      Show(saved_key_, saved_value_, saved_ts_);
      return;
    }
    if (DueToSkip(++hidden) && InStretch()) {
      merged_->SkipCoveredBackward(tombstones_.stretch());
    }
  }
  End();
}

// A seek to before the upper bound, or before the next namespace, may end on an entry at that very
// place, with the largest timestamp there is.
void VisibleIterator::SkipBehindBounds() {
  while (merged_->Valid() &&
         (merged_->entry().ns > ns_ || (InNamespace() && AboveUpper(merged_->entry().key)))) {
    merged_->Prev();
  }
}

// From the oldest version of saved_key_ on: copies the newest one at or below the snapshot, if
// there is one, and stands on it, on a newer version, or before the key.
void VisibleIterator::SaveNewestVersion() {
  for (int step = 0; step < kMaxSteps; ++step) {
    if (!OnSavedKey() || merged_->entry().ts > snapshot_) {
      return;
    }
    SaveVersion();
    merged_->Prev();
  }
  if (OnSavedKey() && merged_->entry().ts <= snapshot_) {
    merged_->Seek(ns_, saved_key_, snapshot_);
    if (OnSavedKey()) {
      SaveVersion();
    }
  }
}

void VisibleIterator::SaveVersion() {
  const EntryView& entry = merged_->entry();
  saved_ts_ = entry.ts;
  saved_kind_ = entry.kind;
  saved_value_.assign(entry.value);
}

// To the oldest version of the key before saved_key_.
void VisibleIterator::LeaveKeyBackward() {
  for (int step = 0; step < kMaxSteps; ++step) {
    if (!OnSavedKey()) {
      return;
    }
    merged_->Prev();
  }
  if (OnSavedKey()) {
    merged_->SeekForPrev(ns_, saved_key_, kMaxTimestamp);
  }
  while (OnSavedKey()) {  // a version with the largest timestamp there is
    merged_->Prev();
  }
}

}  // namespace veralith
