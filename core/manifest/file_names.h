// SPDX-License-Identifier: Apache-2.0

// The names of a database's files, made and parsed in one place.
//
//   CURRENT           names the live manifest
//   CURRENT.tmp       the next CURRENT, being written
//   LOCK              held by the process that owns the database
//   MANIFEST-000001   a log of version edits
//   000002.log        a write-ahead log
//   000003.parquet    a segment
//
// Invariants
//   1. All kinds draw from one sequence of numbers, and a number is never used twice.
//   2. ParseFileName accepts exactly what the functions below make: ParseFileName(f) succeeds only
//      if making the name again gives f. Any other name is not ours and is never touched.
#ifndef VERALITH_CORE_MANIFEST_FILE_NAMES_H_
#define VERALITH_CORE_MANIFEST_FILE_NAMES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace veralith {

inline constexpr std::string_view kCurrentFileName = "CURRENT";
inline constexpr std::string_view kCurrentTemporaryFileName = "CURRENT.tmp";
inline constexpr std::string_view kLockFileName = "LOCK";

// Numbers of files are 1 to this.
inline constexpr uint64_t kMaxFileNumber = (uint64_t{1} << 62) - 1;

enum class FileKind : uint8_t { kCurrent, kCurrentTemporary, kLock, kManifest, kLog, kSegment };

// The number is 0 for the kinds that have none.
struct FileName {
  FileKind kind = FileKind::kCurrent;
  uint64_t number = 0;

  friend bool operator==(const FileName&, const FileName&) = default;
  friend auto operator<=>(const FileName&, const FileName&) = default;
};

// Numbers have at least six digits, and more when they need them.
std::string ManifestFileName(uint64_t number);
std::string LogFileName(uint64_t number);
std::string SegmentFileName(uint64_t number);

std::string ToString(const FileName& name);

// Returns nothing for names that we do not make (also for number 0, or a number above
// kMaxFileNumber).
std::optional<FileName> ParseFileName(std::string_view name);

}  // namespace veralith

#endif  // VERALITH_CORE_MANIFEST_FILE_NAMES_H_
