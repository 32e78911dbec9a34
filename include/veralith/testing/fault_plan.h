// SPDX-License-Identifier: Apache-2.0

// Which calls of a simulated file system fail, and how: data, with a one-line text form, so that a
// failing run can be repeated from its report.
//
//   plan    = "" | rule ("," rule)*
//   rule    = call "@" part "#" nth ["+"] "=" effect
//   call    = "any" or a name of kFsCallNames, such as "sync"
//   part    = text that the path (either of two) contains; may be empty; no '#' and no ','
//   nth     = 1 is the first matching call; with "+" every matching call from that one on
//   effect  = "eio"         nothing happens, Unavailable. A Sync or SyncDirectory that fails so has
//                           lost what it should have made durable (see simulated_file_system.h)
//             "enospc"      nothing happens, ResourceExhausted
//             "short"       a write transfers the first half of its bytes, then Unavailable
//             "short_space" a write transfers the first half of its bytes, then ResourceExhausted
//             "late"        everything happens, and Unavailable is returned all the same
//
// Example: "sync@.log#3=eio,append@#10+=enospc": the third Sync of a log fails once, and from the
// tenth Append to any file on the disk is full.
#ifndef VERALITH_TESTING_FAULT_PLAN_H_
#define VERALITH_TESTING_FAULT_PLAN_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "veralith/export.h"

namespace veralith {

enum class FsCall : uint8_t {
  kAny,  // in rules only
  kOpen,
  kCreate,
  kRead,
  kAppend,
  kWrite,
  kPreallocate,
  kTruncate,
  kSize,
  kSync,
  kClose,
  kRename,
  kLink,
  kRemove,
  kList,
  kCreateDirectory,
  kRemoveDirectory,
  kSyncDirectory,
  kExists,
  kLock,
  kFreeBytes,
};

inline constexpr std::array<std::string_view, 21> kFsCallNames = {"any",
                                                                  "open",
                                                                  "create",
                                                                  "read",
                                                                  "append",
                                                                  "write",
                                                                  "preallocate",
                                                                  "truncate",
                                                                  "size",
                                                                  "sync",
                                                                  "close",
                                                                  "rename",
                                                                  "link",
                                                                  "remove",
                                                                  "list",
                                                                  "create_directory",
                                                                  "remove_directory",
                                                                  "sync_directory",
                                                                  "exists",
                                                                  "lock",
                                                                  "free_bytes"};

enum class FaultEffect : uint8_t { kIoError, kNoSpace, kShort, kShortNoSpace, kLate };

struct FaultRule {
  FsCall call = FsCall::kAny;
  std::string path_part;
  uint64_t nth = 1;
  bool from_then_on = false;
  FaultEffect effect = FaultEffect::kIoError;

  friend bool operator==(const FaultRule&, const FaultRule&) = default;
};

using FaultPlan = std::vector<FaultRule>;

VERALITH_EXPORT std::string ToText(const FaultPlan& plan);
// InvalidArgument names the rule that is wrong.
VERALITH_EXPORT absl::StatusOr<FaultPlan> ParseFaultPlan(std::string_view text);

}  // namespace veralith

#endif  // VERALITH_TESTING_FAULT_PLAN_H_
