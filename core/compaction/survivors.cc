// SPDX-License-Identifier: Apache-2.0

#include "core/compaction/survivors.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/base/status.h"

namespace veralith {
namespace {

bool AreValidPoints(std::span<const Timestamp> points) {
  return !points.empty() && std::is_sorted(points.begin(), points.end());
}

bool EndsAtOrBefore(const RangeTombstoneView& range, NamespaceId ns, std::string_view key) {
  return range.ns < ns || (range.ns == ns && !range.open_end && CompareBytes(range.end, key) <= 0);
}

absl::Status AboveVisible(std::string_view what, Timestamp ts, Timestamp visible) {
  std::string text("a ");
  text.append(what).append(" has timestamp ").append(std::to_string(ts));
  text.append(", above every timestamp given out (").append(std::to_string(visible)).append(")");
  return DataLoss(text);
}

}  // namespace

// --- Survivors -----------------------------------------------------------------------------------

Survivors::Survivors(std::unique_ptr<VersionStream> merged, const PointTombstones* tombstones,
                     std::span<const Timestamp> points, OlderData* older)
    : input_(std::move(merged)),
      points_(points.begin(), points.end()),
      older_(older),
      tombstones_(tombstones) {
  VERALITH_CHECK(AreValidPoints(points_));
  if (tombstones != nullptr && tombstones->max_ts() > points_.back()) {
    status_ = AboveVisible("range tombstone", tombstones->max_ts(), points_.back());
    return;
  }
  input_->SeekToFirst();
  Advance();
}

void Survivors::Next() {
  VERALITH_CHECK(valid_);
  Advance();
}

void Survivors::Advance() {
  valid_ = false;
  while (status_.ok() && !ended_) {
    if (next_pending_ < pending_.size() && draining_) {
      HandOut({ns_, key_, pending_[next_pending_++], EntryKind::kDelete, {}});
      return;
    }
    if (draining_) {
      draining_ = false;
      pending_.clear();
      next_pending_ = 0;
    }
    if (put_waits_) {
      put_waits_ = false;
      HandOut(input_->entry());
      return;
    }
    Step();
  }
}

void Survivors::HandOut(const EntryView& entry) {
  entry_ = entry;
  first_of_key_ = !handed_out_;
  handed_out_ = true;
  valid_ = true;
  ++counts_.kept;
}

// Judges the input's next version, or ends a key.
void Survivors::Step() {
  if (judged_) {
    judged_ = false;
    input_->Next();
  }
  if (!input_->Valid()) {
    status_ = input_->status();
    ended_ = !in_key_;
    if (status_.ok() && in_key_) {
      FinishKey();
    }
    return;
  }
  const EntryView& entry = input_->entry();
  const int order = any_key_ ? CompareUserKeys(entry.ns, entry.key, ns_, key_) : 1;
  status_ = CheckInput(entry, order);
  if (!status_.ok()) {
    return;
  }
  if (in_key_ && order != 0) {
    FinishKey();
    return;
  }
  if (!in_key_) {
    StartKey(entry);
  }
  Judge(entry);
}

absl::Status Survivors::CheckInput(const EntryView& entry, int order) const {
  if (order < 0 || (order == 0 && newer_.has_value() && entry.ts > *newer_)) {
    return DataLoss("inputs of a job are out of order");
  }
  if (entry.ts > points_.back()) {
    return AboveVisible("version", entry.ts, points_.back());
  }
  return absl::OkStatus();
}

void Survivors::StartKey(const EntryView& entry) {
  any_key_ = true;
  in_key_ = true;
  ns_ = entry.ns;
  key_.assign(entry.key);
  newer_.reset();
  handed_out_ = false;
}

// Rule 2: the pending tombstones have no older survivor beneath them in the job.
void Survivors::FinishKey() {
  in_key_ = false;
  if (pending_.empty()) {
    return;
  }
  if (older_->MayHold(ns_, key_)) {
    draining_ = true;
    return;
  }
  counts_.dropped_tombstones += pending_.size();
  pending_.clear();
}

// Rule 1: the first point at or above the version sees it, or none does. A range tombstone between
// the two is in that point's group.
bool Survivors::IsSeen(const EntryView& entry) {
  const Timestamp point = *std::lower_bound(points_.begin(), points_.end(), entry.ts);
  return (!newer_.has_value() || point < *newer_) &&
         tombstones_.Newest(point, entry.ns, entry.key) <= entry.ts;
}

void Survivors::Judge(const EntryView& entry) {
  judged_ = true;
  ++counts_.read;
  const bool seen = IsSeen(entry);
  newer_ = entry.ts;
  if (!seen) {
    ++counts_.hidden;
  } else if (entry.kind == EntryKind::kDelete) {
    pending_.push_back(entry.ts);
  } else {
    draining_ = true;
    put_waits_ = true;
  }
}

// --- RangeTombstoneSurvivors ---------------------------------------------------------------------

void SuffixMinimum::Add(Timestamp ts) {
  while (!minima_.empty() && minima_.back().ts >= ts) {
    minima_.pop_back();
  }
  if (minima_.empty() || minima_.back().mark != mark_) {
    minima_.push_back({mark_, ts});
  }
}

std::optional<Timestamp> SuffixMinimum::Since(uint64_t mark) const {
  const auto first =
      std::partition_point(minima_.begin(), minima_.end(),
                           [mark](const Minimum& minimum) { return minimum.mark < mark; });
  return first == minima_.end() ? std::nullopt : std::optional<Timestamp>(first->ts);
}

RangeTombstoneSurvivors::RangeTombstoneSurvivors(const PointTombstones* tombstones,
                                                 OlderData* older)
    : older_(older),
      stretches_(tombstones == nullptr ? std::vector<RangeTombstoneView>()
                                       : tombstones->Stretches()),
      dropped_(tombstones != nullptr && tombstones->hides() ? 1 : 0) {}

void RangeTombstoneSurvivors::Kept(const EntryView& entry) {
  MoveTo(entry.ns, entry.key);
  if (!open_.empty()) {
    kept_.Add(entry.ts);
  }
}

std::vector<OwnedRangeTombstone> RangeTombstoneSurvivors::CutAt(NamespaceId ns,
                                                                std::string_view key) {
  MoveTo(ns, key);
  std::string& cut = cuts_[cut_ ^= 1];
  cut.assign(key);
  for (Open& open : open_) {
    if (CompareBytes(open.stretch.begin, key) < 0) {
      Open before = open;
      before.stretch.end = key;
      before.stretch.open_end = false;
      Close(before);
      open.since = kept_.Mark();
    }
    open.stretch.begin = cut;
  }
  return Take();
}

std::vector<OwnedRangeTombstone> RangeTombstoneSurvivors::Finish() {
  MoveTo(kMaxNamespace + 1, {});
  return Take();
}

// Namespace ends come after all keys of the namespace.
bool RangeTombstoneSurvivors::EndsLater(const Open& a, const Open& b) {
  if (a.stretch.ns != b.stretch.ns) {
    return a.stretch.ns > b.stretch.ns;
  }
  if (a.stretch.open_end || b.stretch.open_end) {
    return a.stretch.open_end && !b.stretch.open_end;
  }
  return CompareBytes(a.stretch.end, b.stretch.end) > 0;
}

// Opens the stretches that begin at or before the key, and closes those that end at or before it.
void RangeTombstoneSurvivors::MoveTo(NamespaceId ns, std::string_view key) {
  for (; next_ < stretches_.size() &&
         CompareUserKeys(stretches_[next_].ns, stretches_[next_].begin, ns, key) <= 0;
       ++next_) {
    open_.push_back({stretches_[next_], kept_.Mark()});
    std::push_heap(open_.begin(), open_.end(), EndsLater);
  }
  while (!open_.empty() && EndsAtOrBefore(open_.front().stretch, ns, key)) {
    Close(open_.front());
    std::pop_heap(open_.begin(), open_.end(), EndsLater);
    open_.pop_back();
  }
  if (open_.empty()) {
    kept_.Forget();
  }
}

// Closes a stretch: everything that survives in it is known.
void RangeTombstoneSurvivors::Close(const Open& open) {
  const RangeTombstoneView& stretch = open.stretch;
  const std::optional<Timestamp> oldest = kept_.Since(open.since);
  if ((oldest.has_value() && *oldest < stretch.ts) || older_->MayHoldIn(stretch)) {
    output_.push_back({stretch.ns, std::string(stretch.begin),
                       std::string(stretch.open_end ? std::string_view() : stretch.end),
                       stretch.open_end, stretch.ts});
  } else {
    ++dropped_;
  }
}

std::vector<OwnedRangeTombstone> RangeTombstoneSurvivors::Take() {
  std::sort(output_.begin(), output_.end(),
            [](const OwnedRangeTombstone& a, const OwnedRangeTombstone& b) {
              const int order = CompareUserKeys(a.ns, a.begin, b.ns, b.begin);
              return order != 0 ? order < 0 : a.ts > b.ts;
            });
  return std::exchange(output_, {});
}

}  // namespace veralith
