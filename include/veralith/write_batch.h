// SPDX-License-Identifier: Apache-2.0

// A list of operations that commit together: atomic for every reader, snapshot and crash, with one
// timestamp. They apply in order; of several on one key only the last counts.
//
// No method fails. Db::Write checks the batch: InvalidArgument beyond the limits (types.h; 1 GiB in
// all), ResourceExhausted if memory ran out while it was filled. Then nothing of it is committed.
//
// Cost: one copy of key and value per operation, amortized.
// Thread rule: one thread at a time. A batch can be written several times, to several databases.
#ifndef VERALITH_WRITE_BATCH_H_
#define VERALITH_WRITE_BATCH_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "veralith/export.h"
#include "veralith/types.h"

namespace veralith {

class VERALITH_EXPORT WriteBatch {
 public:
  // Adds a put; copies its arguments. Without `ns`: in namespace 0.
  void Put(std::string_view key, std::string_view value) { Put(kDefaultNamespace, key, value); }
  void Put(NamespaceId ns, std::string_view key, std::string_view value);
  // Adds a deletion. Without `ns`: in namespace 0.
  void Delete(std::string_view key) { Delete(kDefaultNamespace, key); }
  void Delete(NamespaceId ns, std::string_view key);
  // Adds the deletion of every key in [begin, end) of `ns`; without `end`, to the end of the
  // namespace. An empty range deletes nothing. Keys put later in the batch stay.
  void DeleteRange(NamespaceId ns, std::string_view begin, std::optional<std::string_view> end);
  // Empties the batch, for reuse.
  void Clear();
  // Returns whether nothing was added.
  bool empty() const { return operations_.empty() && !lacks_memory_; }
  // Returns whether memory ran out for an operation. Stays true until Clear.
  bool lacks_memory() const { return lacks_memory_; }
  // Returns the number of operations.
  size_t count() const { return operations_.size(); }
  // Returns the bytes of all keys and values.
  size_t bytes() const { return bytes_.size(); }

 private:
  friend class WriteBatchReader;  // the engine's

  enum class Kind : uint8_t { kPut, kDelete, kDeleteRange };
  struct Slot {
    Kind kind;
    bool open_end;
    NamespaceId ns;
    size_t offset;  // where key, then value, begin in bytes_
    size_t key_size;
    size_t value_size;
  };
  void Add(Kind kind, NamespaceId ns, std::string_view key, std::string_view value, bool open_end);

  std::string bytes_;
  std::vector<Slot> operations_;
  bool lacks_memory_ = false;
};

}  // namespace veralith

#endif  // VERALITH_WRITE_BATCH_H_
