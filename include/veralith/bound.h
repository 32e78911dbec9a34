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
  enum class Kind : uint8_t { kOpen, kInclusive, kExclusive };
  Kind kind = Kind::kOpen;
  std::string key;  // meaningless when open

  static Bound Open() { return {}; }
  static Bound Inclusive(std::string key) { return {Kind::kInclusive, std::move(key)}; }
  static Bound Exclusive(std::string key) { return {Kind::kExclusive, std::move(key)}; }
};

}  // namespace veralith

#endif  // VERALITH_BOUND_H_
