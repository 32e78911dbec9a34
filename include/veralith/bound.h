// SPDX-License-Identifier: Apache-2.0

// One end of a range of keys, of a scan or a compaction.
#ifndef VERALITH_BOUND_H_
#define VERALITH_BOUND_H_

#include <cstdint>
#include <string>
#include <utility>

namespace veralith {

// No end, or a key, included or not.
struct Bound {
  // Whether there is an end, and whether the key itself is inside.
  enum class Kind : uint8_t { kOpen, kInclusive, kExclusive };
  Kind kind = Kind::kOpen;  // open by default
  std::string key;          // meaningless when open

  // Returns no end.
  static Bound Open() { return {}; }
  // Returns an end at `key`, which is inside.
  static Bound Inclusive(std::string key) { return {Kind::kInclusive, std::move(key)}; }
  // Returns an end at `key`, which is not inside.
  static Bound Exclusive(std::string key) { return {Kind::kExclusive, std::move(key)}; }
};

}  // namespace veralith

#endif  // VERALITH_BOUND_H_
