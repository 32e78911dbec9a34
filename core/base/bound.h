// One end of what a caller asks for: of a scan, or of a compaction. (Ends of what files hold are
// core/format/key_range.h's.)
#ifndef VERALITH_CORE_BASE_BOUND_H_
#define VERALITH_CORE_BASE_BOUND_H_

#include <cstdint>
#include <string>
#include <utility>

namespace veralith {

struct Bound {
  enum class Kind : uint8_t { kOpen, kInclusive, kExclusive };
  Kind kind = Kind::kOpen;
  std::string key;  // meaningless when open

  static Bound Open() { return {}; }
  static Bound Inclusive(std::string key) { return {Kind::kInclusive, std::move(key)}; }
  static Bound Exclusive(std::string key) { return {Kind::kExclusive, std::move(key)}; }
};

}  // namespace veralith

#endif  // VERALITH_CORE_BASE_BOUND_H_
