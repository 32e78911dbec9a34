// Operations that commit together: atomic for every reader, snapshot and crash, with one timestamp.
// Operations apply in order; of several on one key only the last counts.
//
// Keys and values are copied in. A batch for which there was not enough memory is refused when it
// is written (ResourceExhausted), until it is cleared: none of it is committed without the rest.
// Limits (types.h) are checked when the batch is written. Thread rule: one thread at a time. Cost:
// amortized one copy of key and value per operation.
#ifndef VERALITH_WRITE_BATCH_H_
#define VERALITH_WRITE_BATCH_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "veralith/types.h"

namespace veralith {

class WriteBatch {
 public:
  void Put(std::string_view key, std::string_view value) { Put(kDefaultNamespace, key, value); }
  void Put(NamespaceId ns, std::string_view key, std::string_view value);
  void Delete(std::string_view key) { Delete(kDefaultNamespace, key); }
  void Delete(NamespaceId ns, std::string_view key);
  // Deletes every key in [begin, end) of `ns`; without `end`, to the end of the namespace. An
  // empty range deletes nothing.
  void DeleteRange(NamespaceId ns, std::string_view begin, std::optional<std::string_view> end);
  void Clear();
  bool empty() const { return operations_.empty() && !lacks_memory_; }
  // An operation is missing.
  bool lacks_memory() const { return lacks_memory_; }
  size_t count() const { return operations_.size(); }
  // Bytes of keys and values.
  size_t bytes() const { return bytes_.size(); }

  // --- For the engine and for tools that look into a batch -------------------------------------
  struct Operation {
    enum class Kind : uint8_t { kPut, kDelete, kDeleteRange };
    Kind kind;
    NamespaceId ns;
    std::string_view key;    // kDeleteRange: begin
    std::string_view value;  // kDeleteRange: end
    bool open_end = false;
  };
  Operation operation(size_t i) const;

 private:
  struct Slot {
    Operation::Kind kind;
    bool open_end;
    NamespaceId ns;
    size_t offset;  // of key, then value, in bytes_
    size_t key_size;
    size_t value_size;
  };
  void Add(Operation::Kind kind, NamespaceId ns, std::string_view key, std::string_view value,
           bool open_end);

  std::string bytes_;
  std::vector<Slot> operations_;
  bool lacks_memory_ = false;
};

}  // namespace veralith

#endif  // VERALITH_WRITE_BATCH_H_
