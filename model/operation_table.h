// SPDX-License-Identifier: Apache-2.0

// One row per kind of operation: its name, its code, its group, its fields, and how often it is
// drawn. Everything else about a kind follows from its row (operation_text.h, operation_bytes.h,
// operation_draw.h, simplify.h), except what it does (model/conformance/session.h).
#ifndef VERALITH_MODEL_OPERATION_TABLE_H_
#define VERALITH_MODEL_OPERATION_TABLE_H_

#include <cstdint>
#include <iterator>
#include <string_view>

namespace veralith::model {

// From simple to complex: a new kind stands where it belongs, since its code is what is stable.
enum class OperationKind : uint8_t {
  kPut,
  kDelete,
  kGet,
  kFlush,
  kScan,
  kDeleteRange,
  kBatch,
  kSync,
  kCompact,
  kSnapshot,  // takes one into a slot; at a commit in the past when `at` says so
  kRelease,   // of a slot's snapshot
  kMultiGet,
  kIterate,     // opens an iterator, makes moves, closes it
  kCursorOpen,  // an iterator that stays open in a slot
  kCursorMove,
  kCursorClose,
  kPin,  // a value read and held in a slot
  kWaitIdle,
  kRunBackground,  // at most `count` background tasks
  kPause,          // of background work; at most `count` tasks in it; goes on
  kRate,           // of background work: `count` times 64 KiB a second, less one; 1: no limit
  kReopen,         // closes cleanly if open, opens
  kCheck,
  kReadOnlyVisit,  // closes, reads everything through a read-only opening, opens again
  kCheckpoint,     // and opens the copy and compares it
  kPublish,        // an Iceberg table of format 2 or 3 (by `count`), and reads it
  kAdvanceTime,    // both clocks by `nanos`
  kStepBack,       // the wall clock by `nanos`
  kAdvanceClock,   // Db::AdvanceClock with the wall clock + `nanos`
  kResume,
  kFail,      // installs a fault, in place of the one before
  kHeal,      // removes it
  kKill,      // the process dies, the machine does not: all that was written is read again
  kCrash,     // the machine dies; `seed` chooses one legal survivor of the disk
  kPowerCut,  // it will die in the `count`th step of the disk from now on; then as kCrash
  kClose,
  // The wall clock reads `nanos` before 1970, or after 2262, until it is set again.
  kMisread,
};
inline constexpr int kOperationKinds = static_cast<int>(OperationKind::kMisread) + 1;

// The fields of Operation (operation.h), as rows list them.
enum class OperationField : uint8_t {
  kNone,
  kNamespace,
  kOnlyNamespace,
  kKey,
  kEnd,
  kLength,
  kDurability,
  kParts,
  kKeys,
  kLower,
  kUpper,
  kBackward,
  kLimit,
  kAt,
  kMoves,
  kSlot,
  kCount,
  kSeed,
  kNanos,
  kFault,
};
inline constexpr int kMaxFields = 6;

// What a kind is about, and with it the file of model/conformance that applies it. On a closed
// database only kMachine does anything.
enum class OperationGroup : uint8_t {
  kWrite,    // rows: session_writes.cc
  kRead,     // rows, iterators, pins: session_reads.cc
  kUpkeep,   // work that changes no answer: session.cc
  kLife,     // snapshots, other openings, the end: session_life.cc
  kMachine,  // the process, clocks, disk and faults: session_life.cc
};

struct OperationRow {
  OperationKind kind;
  std::string_view name;  // in the text form
  // The byte form's. A code is never changed, and never used for another kind: saved inputs of the
  // fuzzer are made of them (operation_forms_test.cc). A new kind takes the next one.
  uint8_t code;
  OperationGroup group;
  OperationField fields[kMaxFields];  // in the order of the text form; kNone after the last
  struct Weights {                    // relative frequencies; 0: never
    uint32_t healthy;
    uint32_t crashes;
    uint32_t faults;
  } weights;
};

struct OperationTable {
  using enum OperationKind;
  using enum OperationGroup;
  using enum OperationField;

  // In the order of OperationKind.
  // clang-format off: one line each
  static constexpr OperationRow kRows[] = {
    {kPut, "put", 0, kWrite, {kNamespace, kKey, kLength, kDurability}, {160, 160, 160}},
    {kDelete, "delete", 1, kWrite, {kNamespace, kKey, kDurability}, {40, 40, 40}},
    {kGet, "get", 2, kRead, {kNamespace, kKey, kAt}, {40, 40, 40}},
    {kFlush, "flush", 3, kUpkeep, {}, {12, 12, 12}},
    {kScan, "scan", 4, kRead, {kNamespace, kLower, kUpper, kBackward, kLimit, kAt}, {40, 40, 40}},
    {kDeleteRange, "delete-range", 5, kWrite, {kNamespace, kKey, kEnd, kDurability}, {20, 20, 20}},
    {kBatch, "batch", 6, kWrite, {kParts, kDurability}, {50, 50, 50}},
    {kSync, "sync", 7, kUpkeep, {}, {6, 14, 14}},
    {kCompact, "compact", 8, kUpkeep, {kOnlyNamespace, kLower, kUpper}, {10, 10, 10}},
    {kSnapshot, "snapshot", 9, kLife, {kSlot, kAt}, {20, 20, 20}},
    {kRelease, "release", 10, kLife, {kSlot}, {14, 14, 14}},
    {kMultiGet, "multi-get", 11, kRead, {kNamespace, kKeys, kAt}, {12, 12, 12}},
    {kIterate, "iterate", 12, kRead, {kNamespace, kLower, kUpper, kAt, kMoves}, {24, 24, 24}},
    {kCursorOpen, "cursor-open", 13, kRead, {kSlot, kNamespace, kLower, kUpper, kAt}, {10, 10, 10}},
    {kCursorMove, "cursor-move", 14, kRead, {kSlot, kMoves}, {24, 24, 24}},
    {kCursorClose, "cursor-close", 15, kRead, {kSlot}, {6, 6, 6}},
    {kPin, "pin", 16, kRead, {kSlot, kNamespace, kKey, kAt}, {8, 8, 8}},
    {kWaitIdle, "wait-idle", 17, kUpkeep, {}, {5, 5, 5}},
    {kRunBackground, "run-background", 18, kUpkeep, {kCount}, {16, 16, 16}},
    {kPause, "pause", 35, kUpkeep, {kCount}, {4, 4, 4}},
    {kRate, "rate", 36, kUpkeep, {kCount}, {2, 2, 2}},
    {kReopen, "reopen", 19, kMachine, {}, {8, 8, 20}},
    {kCheck, "check", 20, kUpkeep, {}, {3, 3, 3}},
    {kReadOnlyVisit, "read-only-visit", 21, kLife, {}, {2, 2, 2}},
    {kCheckpoint, "checkpoint", 22, kLife, {}, {2, 2, 6}},
    {kPublish, "publish", 34, kLife, {kOnlyNamespace, kCount, kAt}, {3, 3, 6}},
    {kAdvanceTime, "advance-time", 23, kMachine, {kNanos}, {6, 6, 6}},
    {kStepBack, "step-back", 24, kMachine, {kNanos}, {4, 4, 4}},
    {kAdvanceClock, "advance-clock", 25, kLife, {kNanos}, {4, 4, 4}},
    {kResume, "resume", 26, kUpkeep, {}, {1, 1, 8}},
    {kFail, "fail", 27, kMachine, {kFault}, {0, 0, 16}},
    {kHeal, "heal", 28, kMachine, {}, {0, 0, 10}},
    {kKill, "kill", 29, kMachine, {}, {0, 8, 8}},
    {kCrash, "crash", 30, kMachine, {kSeed}, {0, 16, 16}},
    {kPowerCut, "power-cut", 31, kMachine, {kCount, kSeed}, {0, 16, 16}},
    {kClose, "close", 32, kLife, {}, {2, 2, 2}},
    {kMisread, "misread", 33, kMachine, {kBackward, kNanos}, {3, 3, 3}},
  };
  // clang-format on
};
inline constexpr const auto& kOperations = OperationTable::kRows;

constexpr bool RowsAreInOrder() {
  for (int i = 0; i < kOperationKinds; ++i) {
    if (static_cast<int>(kOperations[i].kind) != i) {
      return false;
    }
  }
  return true;
}
static_assert(std::size(kOperations) == kOperationKinds, "a kind has no row");
static_assert(RowsAreInOrder(), "rows are not in the order of OperationKind");

constexpr const OperationRow& RowOf(OperationKind kind) {
  return kOperations[static_cast<int>(kind)];
}

}  // namespace veralith::model

#endif  // VERALITH_MODEL_OPERATION_TABLE_H_
