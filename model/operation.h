// SPDX-License-Identifier: Apache-2.0

// The operation alphabet: everything a trace can do to a database, as data.
//
// One alphabet feeds every check: RapidCheck, libFuzzer's bytes and saved traces all produce
// Operations, and one runner (model/conformance/runner.h) applies them to an engine and to the
// model. An operation has a one-line text form (operation_text.h), a byte form
// (operation_bytes.h), a random form (operation_draw.h) and simpler neighbours (simplify.h), all
// four derived from one row per kind (operation_table.h).
//
// Invariants
//   1. Every Operation value can be applied to every state. An operation checks itself what it
//      needs (a held snapshot, an open database), and does nothing if that is missing. So any
//      subsequence of a trace is a trace, which is what makes shrinking work.
//   2. Kinds are ordered from simple to complex; simplifying never moves to a later kind.
//   3. Keys are indices into a table of nasty keys, or literal bytes. Values are a length: their
//      bytes follow from the operation's position in its trace (ValueBytes), so a wrong value tells
//      which write it came from.
//
// Not here: what operations mean (kv_model.h, crash_model.h).
#ifndef VERALITH_MODEL_OPERATION_H_
#define VERALITH_MODEL_OPERATION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/operation_table.h"
#include "veralith/types.h"

namespace veralith::model {

// A key: entry `index` of the table, or, if `literal` is set, those bytes `repeat` times.
struct Key {
  uint32_t index = 0;
  std::optional<std::string> literal;
  uint32_t repeat = 1;

  static Key Table(uint32_t index) { return {index, std::nullopt, 1}; }
  static Key Literal(std::string bytes, uint32_t repeat = 1) {
    return {0, std::move(bytes), repeat};
  }
  bool operator==(const Key&) const = default;
};

// Indices below kNastyKeys name the nasty table; from there to kMaxKeyIndex, ordinary ones
// ("n00042").
inline constexpr uint32_t kNastyKeys = 32;
inline constexpr uint32_t kMaxKeyIndex = 99'999;
inline constexpr uint32_t kMaxKeyRepeat = 100'000;
std::string KeyBytes(const Key& key);

// Namespaces that generators use, simple first; any other number is legal in text.
inline constexpr NamespaceId kNamespaceTable[] = {
    0, 1, 2, 255, 256, 65'536, kMaxNamespace - 1, kMaxNamespace};

// Returns `length` bytes that name the operation (and the part of a batch) that wrote them. At half
// of the positions the bytes compress, at the other half they do not.
std::string ValueBytes(size_t position, size_t part, size_t length);
inline constexpr uint32_t kMaxLength = 1 << 20;

struct OperationBound {
  enum class Kind : uint8_t { kOpen, kInclusive, kExclusive };
  Kind kind = Kind::kOpen;
  Key key;
  bool operator==(const OperationBound&) const = default;
};

// The moment a read sees: now, a held snapshot, or the timestamp of a commit plus a difference.
struct ReadPoint {
  enum class Kind : uint8_t { kNow, kSnapshot, kCommit };
  Kind kind = Kind::kNow;
  uint32_t number = 0;  // the slot; or the commit, counted from the newest (0) backwards
  int difference = 0;   // -1, 0 or 1 nanoseconds; kCommit only
  bool operator==(const ReadPoint&) const = default;
};

enum class Durability : uint8_t { kDefault, kCommit, kInterval, kManual };

struct BatchPart {
  enum class Kind : uint8_t { kPut, kDelete, kDeleteRange };
  Kind kind = Kind::kPut;
  NamespaceId ns = 0;
  Key key;
  uint32_t length = 0;     // kPut
  std::optional<Key> end;  // kDeleteRange; nullopt: to the end of the namespace
  bool operator==(const BatchPart&) const = default;
};

struct Move {
  enum class Kind : uint8_t { kFirst, kLast, kNext, kPrev, kSeek, kSeekForPrev };
  Kind kind = Kind::kFirst;
  Key key;  // the seeks
  bool operator==(const Move&) const = default;
};

// The nth call of a kind on files of a kind, from now on, fails: once, or with every later one.
struct Fault {
  enum class Call : uint8_t {
    kAny,
    kOpen,
    kCreate,
    kRead,
    kAppend,
    kWrite,
    kTruncate,
    kSync,
    kRename,
    kLink,
    kRemove,
    kList,
    kSyncDirectory,
  };
  enum class Files : uint8_t { kAll, kLogs, kManifests, kSegments, kCurrent };
  // kLate: the call does everything and returns an error nevertheless.
  enum class Effect : uint8_t { kIoError, kNoSpace, kShort, kShortNoSpace, kLate };
  Call call = Call::kAny;
  Files files = Files::kAll;
  uint32_t nth = 1;  // from 1
  Effect effect = Effect::kIoError;
  bool forever = false;
  bool operator==(const Fault&) const = default;
};
inline constexpr int kFaultCalls = static_cast<int>(Fault::Call::kSyncDirectory) + 1;
inline constexpr int kFaultFiles = static_cast<int>(Fault::Files::kCurrent) + 1;
inline constexpr int kFaultEffects = static_cast<int>(Fault::Effect::kLate) + 1;

inline constexpr uint32_t kSlots = 4;  // for snapshots, for cursors and for pins each

// One operation. Only the fields of its kind (operation_fields.h) have a meaning. The others keep
// their defaults, so equality is equality of meaning.
struct Operation {
  OperationKind kind = OperationKind::kPut;
  NamespaceId ns = 0;
  std::optional<NamespaceId> only_ns;  // kCompact; nullopt: all
  Key key;
  std::optional<Key> end;
  uint32_t length = 0;
  Durability durability = Durability::kDefault;
  std::vector<BatchPart> parts;
  std::vector<Key> keys;
  OperationBound lower;
  OperationBound upper;
  bool backward = false;
  uint32_t limit = 0;  // 0: none
  ReadPoint at;
  std::vector<Move> moves;
  uint32_t slot = 0;
  uint32_t count = 0;
  uint64_t seed = 0;
  uint64_t nanos = 0;
  Fault fault;
  bool operator==(const Operation&) const = default;
};

std::string_view KindName(OperationKind kind);

}  // namespace veralith::model

#endif  // VERALITH_MODEL_OPERATION_H_
