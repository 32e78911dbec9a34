// SPDX-License-Identifier: Apache-2.0

// A Db that consists only of the key-value model and one log of records. It is the test double for
// programs that use a database. The conformance checks are checked with it, by breaking it on
// purpose.
//
// It keeps every promise of DESIGN 1 in the slowest obvious way: all versions in memory, and one
// file, which is read whole at opening, rewritten without its torn tail, and synced before anything
// else happens. Compact raises the history floor, although nothing is forgotten.
//
// Thread rule: one thread.
#ifndef VERALITH_MODEL_CONFORMANCE_MODEL_DB_H_
#define VERALITH_MODEL_CONFORMANCE_MODEL_DB_H_

#include <memory>
#include <string>
#include <string_view>

#include "veralith/db.h"

namespace veralith::model {

// What can be broken in it; the names are sentences to find in a report. In brackets: rows of
// HAZARDS.
enum class Defect {
  kNone,
  kExcludedLowerBoundIsReturned,       // O3
  kIncludedUpperBoundTakesLongerKeys,  // O3
  kScanLeaksTheNextNamespace,          // O2
  kClockRestartsAtTheWall,             // O6
  kTimestampsOfLostCommitsAreReused,   // R10
  kLookupMatchesAPrefix,               // P1
  kOldestVersionWins,                  // P2
  kDeletesAreForgottenByReopening,     // C1
  kCompactionForgetsSnapshots,         // C8
  kHalfABatchSurvives,                 // W2
  kSyncDoesNothing,                    // W4
  kWritesAfterCloseAreTaken,           // W4
  kWritesAfterAFailedLogAreTaken,      // W4
  kTornTailIsAppendedTo,               // R2
  kFailedWritesAreVisible,
  kRangeDeleteTakesItsEnd,
  kRangeDeleteHidesNewerWrites,
  kPrevSkipsAKey,
  kSeekForPrevGoesBehind,
  kCursorsSeeLaterWrites,
  kBatchesApplyBackwards,
  kReadOnlyOpeningWrites,  // R8
  kSecondOwnerIsLetIn,     // R8
  kHistoryBelowTheFloorIsAnswered,
  kFutureReadsAreAnswered,
  kMultiGetIgnoresTheSnapshot,
  kLongKeysAreTaken,
  kEmptyKeyIsLost,
  kValueTimestampIsTheReaders,
  kEmptyNamespacesAreListed,
  kBytesDependOnMemory,  // promise 12
};
inline constexpr int kDefects = static_cast<int>(Defect::kBytesDependOnMemory) + 1;

std::string_view DefectName(Defect defect);

// Like Db::Open. It uses of `options`: the opening flags, sync mode and interval, skew, the doors.
absl::StatusOr<std::unique_ptr<Db>> OpenModelDb(const std::string& directory,
                                                const Options& options,
                                                Defect defect = Defect::kNone);

}  // namespace veralith::model

#endif  // VERALITH_MODEL_CONFORMANCE_MODEL_DB_H_
