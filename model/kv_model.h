// SPDX-License-Identifier: Apache-2.0

// The executable specification of what a database answers (DESIGN 1, promises 1, 2, 4, 5, 8): every
// version of every key that was ever committed, and reads that look at all of them. It is tiny,
// slow and obvious: no index, no compaction. Nothing is ever forgotten, so a read at any past
// timestamp has an answer. (Whether an engine must still give it is the caller's question: history
// floors are the engine's choice.)
//
// Timestamps come from outside: the model has no clock of its own, and says what commits at given
// timestamps mean.
//
// Not here: durability and crashes (crash_model.h), limits (limits.h), errors.
#ifndef VERALITH_MODEL_KV_MODEL_H_
#define VERALITH_MODEL_KV_MODEL_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "veralith/bound.h"
#include "veralith/types.h"

namespace veralith::model {

// One write of a batch.
struct Write {
  enum class Kind { kPut, kDelete, kDeleteRange };
  Kind kind = Kind::kPut;
  NamespaceId ns = 0;
  std::string key;                 // kDeleteRange: the first key deleted
  std::string value;               // kPut
  std::optional<std::string> end;  // kDeleteRange: the first key spared; nullopt: none is
  bool operator==(const Write&) const = default;
};

// What a batch means: the last of several writes to one key counts, and a later range delete
// removes what it covers from the batch. Empty range deletes vanish. Order is kept.
std::vector<Write> Reduce(const std::vector<Write>& batch);

struct Row {
  std::string key;
  std::string value;
  Timestamp timestamp = 0;  // of the commit that wrote the value
  bool operator==(const Row&) const = default;
};

class KvModel {
 public:
  // Applies a batch that committed at `timestamp`, later than all before.
  void Commit(Timestamp timestamp, const std::vector<Write>& batch);

  // Returns what a reader at `at` sees of a key: the row, or nullopt if absent.
  std::optional<Row> Get(NamespaceId ns, const std::string& key, Timestamp at) const;

  // Returns the visible rows of a namespace between the bounds, ascending.
  std::vector<Row> Scan(NamespaceId ns, const Bound& lower, const Bound& upper, Timestamp at) const;

  // Namespaces that ever had a write, ascending.
  std::vector<NamespaceId> Namespaces() const;

  // Keys of a namespace that were ever put or deleted, ascending.
  std::vector<std::string> Keys(NamespaceId ns) const;

  // Returns everything that a reader at `at` sees.
  using Contents = std::map<NamespaceId, std::vector<Row>>;  // without empty namespaces
  Contents All(Timestamp at) const;

  // 0 if nothing was committed.
  Timestamp last_timestamp() const { return commits_.empty() ? 0 : commits_.back(); }
  // The timestamps of all commits, ascending.
  const std::vector<Timestamp>& commits() const { return commits_; }

 private:
  struct Version {
    Timestamp timestamp;
    std::optional<std::string> value;  // nullopt: a tombstone
  };
  struct RangeTombstone {
    Timestamp timestamp;
    std::string begin;
    std::optional<std::string> end;
  };
  struct Namespace {
    std::map<std::string, std::vector<Version>> keys;  // versions ascending
    std::vector<RangeTombstone> tombstones;            // ascending
  };

  std::map<NamespaceId, Namespace> namespaces_;
  std::vector<Timestamp> commits_;
};

}  // namespace veralith::model

#endif  // VERALITH_MODEL_KV_MODEL_H_
