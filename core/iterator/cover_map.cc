// SPDX-License-Identifier: Apache-2.0

#include "core/iterator/cover_map.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace veralith {
namespace {

constexpr size_t kFirstChunkBytes = 256;
constexpr size_t kLargestChunkBytes = size_t{64} << 10;

size_t BytesFor(std::string_view key) {
  return (sizeof(StoredKey) + key.size() + alignof(StoredKey) - 1) & ~(alignof(StoredKey) - 1);
}

int Compare(const StoredKey& a, const StoredKey& b) {
  return CompareUserKeys(a.ns, a.bytes(), b.ns, b.bytes());
}

}  // namespace

const StoredKey* KeyStore::Add(NamespaceId ns, std::string_view key) {
  const size_t bytes = BytesFor(key);
  if (bytes > chunk_bytes_ - used_) {
    const size_t next = std::clamp(2 * chunk_bytes_, kFirstChunkBytes, kLargestChunkBytes);
    const size_t chunk_bytes = std::max(next, bytes);
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(chunk_bytes));
    chunk_bytes_ = chunk_bytes;
    used_ = 0;
    reserved_ += chunk_bytes;
  }
  char* const place = chunks_.back().get() + used_;
  used_ += bytes;
  StoredKey* const stored = new (place) StoredKey{ns, static_cast<uint32_t>(key.size())};
  if (!key.empty()) {
    std::memcpy(place + sizeof(StoredKey), key.data(), key.size());
  }
  return stored;
}

RangeTombstoneView StoredTombstone::view() const {
  const bool open_end = end->ns != begin->ns;
  return {begin->ns, begin->bytes(), open_end ? std::string_view() : end->bytes(), open_end, ts};
}

bool IsEmptyRange(const RangeTombstoneView& tombstone) {
  return !tombstone.open_end && CompareBytes(tombstone.begin, tombstone.end) >= 0;
}

StoredTombstone Store(const RangeTombstoneView& tombstone, KeyStore* keys) {
  const StoredKey* const begin = keys->Add(tombstone.ns, tombstone.begin);
  const StoredKey* const end =
      tombstone.open_end ? keys->Add(tombstone.ns + 1, {}) : keys->Add(tombstone.ns, tombstone.end);
  return {begin, end, tombstone.ts};
}

CoverMap CoverMap::Of(std::span<const StoredTombstone> by_age, bool* hides) {
  if (by_age.size() <= 1) {
    return by_age.empty() ? CoverMap() : CoverMap(by_age[0]);
  }
  const size_t half = by_age.size() / 2;
  return Overlay(Of(by_age.first(half), hides), Of(by_age.subspan(half), hides), hides);
}

CoverMap CoverMap::Overlay(const CoverMap& older, const CoverMap& newer, bool* hides) {
  CoverMap result;
  result.steps_.reserve(older.steps_.size() + newer.steps_.size());
  size_t o = 0;
  size_t n = 0;
  Timestamp old_ts = 0;
  Timestamp new_ts = 0;
  const std::vector<Step>& old_steps = older.steps_;
  const std::vector<Step>& new_steps = newer.steps_;
  while (o < old_steps.size() || n < new_steps.size()) {
    const int order = o == old_steps.size()   ? 1
                      : n == new_steps.size() ? -1
                                              : Compare(*old_steps[o].at, *new_steps[n].at);
    const StoredKey* const at = order <= 0 ? old_steps[o].at : new_steps[n].at;
    if (order <= 0) {
      old_ts = old_steps[o++].ts;
    }
    if (order >= 0) {
      new_ts = new_steps[n++].ts;
    }
    *hides = *hides || (new_ts != 0 && old_ts != 0 && new_ts != old_ts);
    result.Append(at, new_ts != 0 ? new_ts : old_ts);
  }
  result.steps_.shrink_to_fit();
  return result;
}

// Joins a stretch to the previous one if they have one timestamp, except across the end of a
// namespace.
void CoverMap::Append(const StoredKey* at, Timestamp ts) {
  const Timestamp before = steps_.empty() ? 0 : steps_.back().ts;
  if (ts != before || (ts != 0 && steps_.back().at->ns != at->ns)) {
    steps_.push_back({at, ts});
  }
}

// Most keys lie outside most maps: those cost a comparison or two.
size_t CoverMap::StepsUpTo(NamespaceId ns, std::string_view key) const {
  if (steps_.empty() ||
      CompareUserKeys(ns, key, steps_.front().at->ns, steps_.front().at->bytes()) < 0) {
    return 0;
  }
  if (CompareUserKeys(ns, key, steps_.back().at->ns, steps_.back().at->bytes()) >= 0) {
    return steps_.size();
  }
  const auto end = std::partition_point(steps_.begin(), steps_.end(), [&](const Step& step) {
    return CompareUserKeys(step.at->ns, step.at->bytes(), ns, key) <= 0;
  });
  return static_cast<size_t>(end - steps_.begin());
}

Timestamp CoverMap::TimestampAt(NamespaceId ns, std::string_view key) const {
  const size_t steps = StepsUpTo(ns, key);
  return steps == 0 ? 0 : steps_[steps - 1].ts;
}

RangeTombstoneView CoverMap::Find(NamespaceId ns, std::string_view key) const {
  RangeTombstoneView stretch{ns, {}, {}, true, 0};
  const size_t next = StepsUpTo(ns, key);
  if (next > 0) {
    const Step& step = steps_[next - 1];
    stretch.ts = step.ts;
    stretch.begin = step.at->ns == ns ? step.at->bytes() : std::string_view();
  }
  if (next < steps_.size() && steps_[next].at->ns == ns) {
    stretch.end = steps_[next].at->bytes();
    stretch.open_end = false;
  }
  return stretch;
}

void CoverMap::AppendTo(std::vector<RangeTombstoneView>* out) const {
  for (size_t i = 0; i + 1 < steps_.size(); ++i) {
    if (steps_[i].ts != 0) {
      out->push_back(StoredTombstone{steps_[i].at, steps_[i + 1].at, steps_[i].ts}.view());
    }
  }
}

}  // namespace veralith
