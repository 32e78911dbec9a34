// SPDX-License-Identifier: Apache-2.0

// The shapes of tree that compaction can keep.
#ifndef VERALITH_POLICY_KIND_H_
#define VERALITH_POLICY_KIND_H_

#include <array>
#include <cstdint>
#include <string_view>

namespace veralith {

// Written to manifests: never renumber.
enum class CompactionPolicyKind : uint8_t {
  kLeveled = 1,  // level 0 holds runs, the others one run each: least room, most writing
  kHybrid = 2,   // levels 0-2 hold runs, 3-7 one run each: between the two
  kTiered = 3,   // runs only, merged with runs of like size: least writing, most room and reading
};

// All of them.
inline constexpr std::array<CompactionPolicyKind, 3> kCompactionPolicyKinds = {
    CompactionPolicyKind::kLeveled, CompactionPolicyKind::kHybrid, CompactionPolicyKind::kTiered};

// Returns "leveled", "hybrid" or "tiered".
constexpr std::string_view PolicyName(CompactionPolicyKind kind) {
  switch (kind) {
    case CompactionPolicyKind::kLeveled:
      return "leveled";
    case CompactionPolicyKind::kHybrid:
      return "hybrid";
    case CompactionPolicyKind::kTiered:
      break;
  }
  return "tiered";
}

}  // namespace veralith

#endif  // VERALITH_POLICY_KIND_H_
