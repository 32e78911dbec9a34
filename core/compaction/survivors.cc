#include "core/compaction/survivors.h"

#include <algorithm>
#include <utility>

#include "core/base/broken.h"
#include "core/base/check.h"
#include "core/base/status.h"
#include "core/iterator/range_tombstones.h"

namespace veralith {
namespace {

// Whether a point lies in [from, until).
bool AnyPointIn(std::span<const Timestamp> points, Timestamp from,
                std::optional<Timestamp> until) {
  const auto point = std::lower_bound(points.begin(), points.end(), from);
  return point != points.end() && (!until.has_value() || *point < *until);
}

bool AreValidPoints(std::span<const Timestamp> points) {
  return !points.empty() && std::is_sorted(points.begin(), points.end());
}

bool EndsAtOrBefore(const RangeFragment& fragment, NamespaceId ns, std::string_view key) {
  return fragment.ns < ns || (fragment.ns == ns && !fragment.EndsAfter(key));
}

absl::Status AboveVisible(std::string_view what, Timestamp ts, Timestamp visible) {
  std::string text("a ");
  text.append(what).append(" has timestamp ").append(std::to_string(ts));
  text.append(", above every timestamp given out (").append(std::to_string(visible)).append(")");
  return DataLoss(text);
}

absl::Status CheckTombstones(const FragmentedRangeTombstones* tombstones, Timestamp visible) {
  const size_t count = tombstones == nullptr ? 0 : tombstones->size();
  for (size_t i = 0; i < count; ++i) {
    const Timestamp newest = tombstones->fragment(i).timestamps.front();
    if (newest > visible) {
      return AboveVisible("range tombstone", newest, visible);
    }
  }
  return absl::OkStatus();
}

}  // namespace

// --- Survivors -----------------------------------------------------------------------------------

Survivors::Survivors(std::unique_ptr<Iterator> merged,
                     const FragmentedRangeTombstones* tombstones,
                     std::span<const Timestamp> points, OlderData* older)
    : input_(std::move(merged)),
      tombstones_(tombstones),
      points_(points.begin(), points.end()),
      older_(older) {
  VERALITH_CHECK(AreValidPoints(points_));
  status_ = CheckTombstones(tombstones_, points_.back());
  if (status_.ok()) {
    input_->SeekToFirst();
    Advance();
  }
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
  while (tombstones_ != nullptr && fragment_ < tombstones_->size() &&
         EndsAtOrBefore(tombstones_->fragment(fragment_), ns_, key_)) {
    ++fragment_;
  }
}

// Rule 2: what is pending now has no older survivor beneath it in the job.
void Survivors::FinishKey() {
  in_key_ = false;
  if (pending_.empty()) {
    return;
  }
  if (!VERALITH_BROKEN(C1) && older_->MayHold(ns_, key_)) {
    draining_ = true;
    return;
  }
  counts_.dropped_tombstones += pending_.size();
  pending_.clear();
}

// The oldest range tombstone above the version that covers it.
std::optional<Timestamp> Survivors::HiddenFrom(const EntryView& entry) const {
  if (tombstones_ == nullptr || fragment_ == tombstones_->size()) {
    return std::nullopt;
  }
  const RangeFragment fragment = tombstones_->fragment(fragment_);
  if (fragment.ns != entry.ns || CompareBytes(fragment.begin, entry.key) > 0) {
    return std::nullopt;
  }
  const auto end = std::partition_point(fragment.timestamps.begin(), fragment.timestamps.end(),
                                        [&](Timestamp ts) { return ts > entry.ts; });
  if (end == fragment.timestamps.begin()) {
    return std::nullopt;
  }
  return *std::prev(end);
}

// Rule 1.
void Survivors::Judge(const EntryView& entry) {
  judged_ = true;
  ++counts_.read;
  std::optional<Timestamp> until = HiddenFrom(entry);
  if (newer_.has_value() && (!until.has_value() || *newer_ < *until)) {
    until = newer_;
  }
  newer_ = entry.ts;
  if (!AnyPointIn(points_, entry.ts, until)) {
    ++counts_.hidden;
  } else if (entry.kind == EntryKind::kDelete) {
    pending_.push_back(entry.ts);
  } else {
    draining_ = true;
    put_waits_ = true;
  }
}

// --- RangeTombstoneSurvivors ---------------------------------------------------------------------

RangeTombstoneSurvivors::RangeTombstoneSurvivors(const FragmentedRangeTombstones* tombstones,
                                                 std::span<const Timestamp> points,
                                                 OlderData* older)
    : tombstones_(tombstones), points_(points.begin(), points.end()), older_(older) {
  VERALITH_CHECK(AreValidPoints(points_));
}

void RangeTombstoneSurvivors::Kept(const EntryView& entry) {
  if (tombstones_ == nullptr) {
    return;
  }
  CloseFragmentsBefore(entry.ns, entry.key);
  if (fragment_ == tombstones_->size()) {
    return;
  }
  const RangeFragment fragment = tombstones_->fragment(fragment_);
  if (fragment.ns == entry.ns && CompareBytes(fragment.begin, entry.key) <= 0) {
    oldest_kept_ = std::min(oldest_kept_.value_or(entry.ts), entry.ts);
  }
}

std::vector<OwnedRangeTombstone> RangeTombstoneSurvivors::CutAt(NamespaceId ns,
                                                                std::string_view key) {
  if (tombstones_ == nullptr) {
    return {};
  }
  CloseFragmentsBefore(ns, key);
  if (fragment_ < tombstones_->size()) {
    const RangeFragment fragment = tombstones_->fragment(fragment_);
    const std::string_view begin = begin_.has_value() ? std::string_view(*begin_) : fragment.begin;
    if (fragment.ns == ns && CompareBytes(begin, key) < 0) {
      ClosePiece({ns, begin, key, false, 0});
      begin_ = std::string(key);
    }
  }
  return Take();
}

std::vector<OwnedRangeTombstone> RangeTombstoneSurvivors::Finish() {
  if (tombstones_ != nullptr) {
    CloseFragmentsBefore(kMaxNamespace + 1, {});
  }
  return Take();
}

void RangeTombstoneSurvivors::CloseFragmentsBefore(NamespaceId ns, std::string_view key) {
  for (; fragment_ < tombstones_->size(); ++fragment_) {
    const RangeFragment fragment = tombstones_->fragment(fragment_);
    if (!EndsAtOrBefore(fragment, ns, key)) {
      return;
    }
    const std::string_view begin = begin_.has_value() ? std::string_view(*begin_) : fragment.begin;
    ClosePiece({fragment.ns, begin, fragment.end, fragment.open_end, 0});
    begin_.reset();
  }
}

// Rule 3, for one piece of the current fragment in which everything that survives is known.
void RangeTombstoneSurvivors::ClosePiece(const RangeTombstoneView& piece) {
  std::optional<bool> older_beneath;  // asked at most once
  std::optional<Timestamp> newer;
  for (const Timestamp ts : tombstones_->fragment(fragment_).timestamps) {
    const bool seen = AnyPointIn(points_, ts, newer);
    const bool kept_beneath = oldest_kept_.has_value() && *oldest_kept_ < ts;
    newer = ts;
    if (seen && !kept_beneath && !older_beneath.has_value()) {
      older_beneath = older_->MayHoldIn(piece);
    }
    if (seen && (kept_beneath || *older_beneath)) {
      Append({piece.ns, piece.begin, piece.end, piece.open_end, ts});
    } else {
      ++dropped_;
    }
  }
  oldest_kept_.reset();
}

// Pieces come in key order, so a piece can only continue the last one of its timestamp.
void RangeTombstoneSurvivors::Append(const RangeTombstoneView& tombstone) {
  const auto [place, is_new] = newest_of_.try_emplace(tombstone.ts, output_.size());
  if (!is_new) {
    OwnedRangeTombstone& last = output_[place->second];
    if (last.ns == tombstone.ns && !last.open_end && last.end == tombstone.begin) {
      last.open_end = tombstone.open_end;
      last.end.assign(tombstone.open_end ? std::string_view() : tombstone.end);
      return;
    }
    place->second = output_.size();
  }
  output_.push_back({tombstone.ns, std::string(tombstone.begin),
                     std::string(tombstone.open_end ? std::string_view() : tombstone.end),
                     tombstone.open_end, tombstone.ts});
}

std::vector<OwnedRangeTombstone> RangeTombstoneSurvivors::Take() {
  newest_of_.clear();
  return std::exchange(output_, {});
}

}  // namespace veralith
