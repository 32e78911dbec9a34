// SPDX-License-Identifier: Apache-2.0

#include "core/db/gap_cache.h"

#include <algorithm>
#include <new>
#include <utility>

namespace veralith {
namespace {

bool IsEmpty(const KeyGap& gap) { return !gap.open_end && gap.end <= gap.begin; }

bool IsWorthKeeping(const KeyGap& gap) {
  return !IsEmpty(gap) && gap.begin.size() <= GapCache::kMostKeyBytes &&
         gap.end.size() <= GapCache::kMostKeyBytes;
}

// The part of the gap after the key.
KeyGap After(const KeyGap& gap, std::string_view key) {
  KeyGap after = gap;
  after.begin.assign(key).push_back('\0');
  return after;
}

void EndAt(std::string_view key, KeyGap* gap) {
  gap->end.assign(key);
  gap->open_end = false;
}

bool EndsNoLater(const KeyGap& a, const KeyGap& b) {
  return b.open_end || (!a.open_end && a.end <= b.end);
}

}  // namespace

// The gap learned last usually reaches furthest.
bool GapCache::Find(NamespaceId ns, std::string_view key, Timestamp snapshot, KeyGap* gap) {
  MutexLock lock(mutex_);
  Gap* best = nullptr;
  for (Gap& candidate : gaps_) {
    if (candidate.learned <= snapshot && candidate.keys.Holds(ns, key) &&
        (best == nullptr || candidate.learned > best->learned)) {
      best = &candidate;
    }
  }
  if (best == nullptr) {
    return false;
  }
  best->used = ++uses_;
  idle_puts_ = 0;
  *gap = best->keys;
  return true;
}

void GapCache::Learn(Timestamp snapshot, KeyGap gap) {
  MutexLock lock(mutex_);
  if (const std::optional<Timestamp> since = start_(); since.has_value()) {
    noted_since_ = *since;
    idle_puts_ = 0;
  }
  try {
    LearnOrThrow(snapshot, std::move(gap));
  } catch (const std::bad_alloc&) {
    Stop();
  }
}

void GapCache::LearnOrThrow(Timestamp snapshot, KeyGap gap) {
  if (snapshot < noted_since_ || !IsWorthKeeping(gap)) {
    return;
  }
  Keep(snapshot, std::move(gap));
  for (const Put& put : puts_) {
    if (put.ts > snapshot) {
      Cut(put.ns, put.key);
    }
  }
}

// Replaces the gaps that are no better in any way, or else the one not used for longest.
void GapCache::Keep(Timestamp learned, KeyGap keys) {
  std::erase_if(gaps_, [&](const Gap& gap) {
    return gap.keys.ns == keys.ns && gap.learned >= learned && gap.keys.begin >= keys.begin &&
           EndsNoLater(gap.keys, keys);
  });
  if (gaps_.size() == kGaps) {
    gaps_.erase(std::min_element(gaps_.begin(), gaps_.end(),
                                 [](const Gap& a, const Gap& b) { return a.used < b.used; }));
  }
  gaps_.push_back({std::move(keys), learned, ++uses_});
}

bool GapCache::NotePut(NamespaceId ns, std::string_view key, Timestamp ts) {
  MutexLock lock(mutex_);
  if (noted_since_ == kMaxTimestamp) {
    return false;
  }
  try {
    NoteOrThrow(ns, key, ts);
  } catch (const std::bad_alloc&) {
    Stop();
  }
  if (++idle_puts_ > kIdlePuts) {
    Stop();
  }
  return noted_since_ != kMaxTimestamp;
}

void GapCache::NoteOrThrow(NamespaceId ns, std::string_view key, Timestamp ts) {
  Cut(ns, key);
  if (key.size() > kMostKeyBytes) {
    noted_since_ = ts;  // what is learned of an earlier time could hold it
    return;
  }
  if (puts_.size() < kNotedPuts) {
    puts_.emplace_back();
  } else {
    noted_since_ = std::max(noted_since_, puts_[next_put_].ts);
  }
  Put& put = puts_[next_put_];
  put.ns = ns;
  put.key.assign(key);
  put.ts = ts;
  next_put_ = (next_put_ + 1) % kNotedPuts;
}

void GapCache::Cut(NamespaceId ns, std::string_view key) {
  std::vector<std::pair<Timestamp, KeyGap>> rest;
  for (Gap& gap : gaps_) {
    if (gap.keys.Holds(ns, key)) {
      rest.emplace_back(gap.learned, After(gap.keys, key));
      EndAt(key, &gap.keys);
    }
  }
  if (rest.empty()) {
    return;
  }
  std::erase_if(gaps_, [](const Gap& gap) { return !IsWorthKeeping(gap.keys); });
  for (auto& [learned, keys] : rest) {
    if (IsWorthKeeping(keys)) {
      Keep(learned, std::move(keys));
    }
  }
}

void GapCache::Stop() {
  gaps_.clear();
  puts_.clear();
  next_put_ = 0;
  noted_since_ = kMaxTimestamp;
}

}  // namespace veralith
