// The shapes of tree that compaction can keep.
#ifndef VERALITH_POLICY_KIND_H_
#define VERALITH_POLICY_KIND_H_

#include <cstdint>
#include <string_view>

namespace veralith {

enum class CompactionStyle : uint8_t {
  kLeveled,  // level 0 holds runs, the others one run each: least room, most writing
  kHybrid,   // levels 0-2 hold runs, 3-7 one run each: between the two
  kTiered,   // runs only, merged with runs of like size: least writing, most room and reading
};

// "leveled", "hybrid" or "tiered".
constexpr std::string_view StyleName(CompactionStyle style) {
  switch (style) {
    case CompactionStyle::kLeveled:
      return "leveled";
    case CompactionStyle::kHybrid:
      return "hybrid";
    case CompactionStyle::kTiered:
      break;
  }
  return "tiered";
}

}  // namespace veralith

#endif  // VERALITH_POLICY_KIND_H_
