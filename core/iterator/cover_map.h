// SPDX-License-Identifier: Apache-2.0

// Which range tombstone is the newest over each key. The keys are cut into stretches that do not
// overlap, each with the timestamp of the newest tombstone over it. However n tombstones overlap,
// they make at most 2n - 1 stretches.
//
// Keys are kept once, in a KeyStore, and shared by every map over them.
//
// Thread rule: a CoverMap is an immutable value. KeyStore::Add from one thread at a time; keys that
// it has handed out may be read beside it.
#ifndef VERALITH_CORE_ITERATOR_COVER_MAP_H_
#define VERALITH_CORE_ITERATOR_COVER_MAP_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/format/entry.h"
#include "veralith/types.h"

namespace veralith {

// A user key as a place between entries, its bytes right after it.
struct StoredKey {
  NamespaceId ns = 0;
  uint32_t size = 0;

  std::string_view bytes() const { return {reinterpret_cast<const char*>(this + 1), size}; }
};

// Keys that never move and are freed together.
class KeyStore {
 public:
  KeyStore() = default;
  KeyStore(const KeyStore&) = delete;
  KeyStore& operator=(const KeyStore&) = delete;

  const StoredKey* Add(NamespaceId ns, std::string_view key);
  // Heap bytes held.
  size_t MemoryBytes() const { return reserved_; }

 private:
  std::vector<std::unique_ptr<char[]>> chunks_;
  size_t used_ = 0;         // part of the last chunk in use
  size_t chunk_bytes_ = 0;  // size of the last chunk
  size_t reserved_ = 0;
};

// A range tombstone over keys of a KeyStore. An open end is the empty key of the next namespace.
struct StoredTombstone {
  const StoredKey* begin = nullptr;
  const StoredKey* end = nullptr;
  Timestamp ts = 0;

  RangeTombstoneView view() const;
};

bool IsEmptyRange(const RangeTombstoneView& tombstone);
// Copies the keys. The range must not be empty.
StoredTombstone Store(const RangeTombstoneView& tombstone, KeyStore* keys);

class CoverMap {
 public:
  struct Step {
    const StoredKey* at = nullptr;  // where the stretch begins; it ends at the next step
    Timestamp ts = 0;               // 0: nothing covers it
  };

  CoverMap() = default;
  explicit CoverMap(const StoredTombstone& only) : steps_{{only.begin, only.ts}, {only.end, 0}} {}
  // Maps tombstones whose timestamps do not fall. `*hides` becomes true when one hides a part of
  // another, so that the map does not say all that they say. O(n log n).
  static CoverMap Of(std::span<const StoredTombstone> by_age, bool* hides);
  // Joins two, where no timestamp of `newer` is less than one of `older`. O(n).
  static CoverMap Overlay(const CoverMap& older, const CoverMap& newer, bool* hides);

  bool empty() const { return steps_.empty(); }
  std::span<const Step> steps() const { return steps_; }

  // Finds the stretch that holds (ns, key), within ns; ts 0: nothing covers it. O(log n).
  RangeTombstoneView Find(NamespaceId ns, std::string_view key) const;
  // Finds its timestamp alone.
  Timestamp TimestampAt(NamespaceId ns, std::string_view key) const;
  // Appends every covered stretch, ascending.
  void AppendTo(std::vector<RangeTombstoneView>* out) const;
  size_t MemoryBytes() const { return steps_.capacity() * sizeof(Step); }

 private:
  size_t StepsUpTo(NamespaceId ns, std::string_view key) const;
  void Append(const StoredKey* at, Timestamp ts);

  std::vector<Step> steps_;  // ascending; the last one has ts 0
};

}  // namespace veralith

#endif  // VERALITH_CORE_ITERATOR_COVER_MAP_H_
