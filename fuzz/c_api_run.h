// SPDX-License-Identifier: Apache-2.0

// One run of the fuzz target c_api (c_api.cc has its oracle): the database, the objects that a
// program holds, and the model that says what every call must answer.
//
//   c_api_life.cc       opening, closing, options
//   c_api_writes.cc     writes and batches
//   c_api_reads.cc      the moment of a read, and gets
//   c_api_iterators.cc  iterators and snapshots
//   c_api_upkeep.cc     flush, compaction, reports, wrong calls
//   c_api_copies.cc     checkpoints and their check, repairs, published tables
//
// Not called: veralith_version, which takes nothing and never changes.
#ifndef FUZZ_C_API_RUN_H_
#define FUZZ_C_API_RUN_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "fuzz/c_api_input.h"
#include "model/kv_model.h"
#include "veralith/c.h"
#include "veralith/testing/simulated_clock.h"
#include "veralith/testing/simulated_executor.h"
#include "veralith/testing/simulated_file_system.h"
#include "veralith/types.h"

namespace veralith::c_api {

using model::Row;
using model::Write;

constexpr size_t kSlots = 3;

// Takes an error apart and frees it.
int32_t CodeOf(veralith_status_t* error);

struct Iterator {
  veralith_iterator_t* c = nullptr;
  std::vector<Row> rows;
  ptrdiff_t place = -1;  // rows.size() and -1: at none
  bool is_closed = false;
};

struct HeldSnapshot {
  veralith_snapshot_t* c = nullptr;
  Timestamp at = 0;
  int opening = 0;  // of which it is
};

struct Pinned {
  veralith_pinned_t* c = nullptr;
  std::optional<std::string> expected;
};

// What a listener has heard, of all openings.
struct Heard {
  int begun = 0;  // jobs and stalls that have begun and not ended
  int freed = 0;
};

// The moment of a read, and what it may answer.
struct Moment {
  Moment() { options.struct_size = sizeof(options); }
  Moment(const Moment&) = delete;
  Moment& operator=(const Moment&) = delete;

  veralith_read_options_t options = {};
  Timestamp at = 0;
  bool may_be_refused = false;  // OutOfRange, or a snapshot of another opening
  bool must_be_refused = false;
};

// The calls of one input, and the model beside them. Each function reads its arguments, makes one
// call or a few, and checks every answer.
class Run {
 public:
  explicit Run(std::string_view bytes);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void Calls();

 private:
  // --- Life ---
  void Open();
  void FreeDatabase();
  void Close();
  void Reopen();
  void OpenAgain();
  void Options();
  void Executor();
  // --- Writes ---
  void Put();
  void Delete();
  void DeleteRange();
  void Commit(int32_t code, const std::vector<Write>& batch, Timestamp before);
  void AddToBatch();
  void ReadBatch();
  void WriteBatchNow();
  // --- Reads ---
  void TakeMoment(Moment* taken);
  bool Admit(int32_t code, const Moment& moment) const;
  void Get();
  void GetPinned();
  void MultiGet();
  void Namespaces();
  void ResetPinned();
  void CheckPinned(const Pinned& pinned) const;
  // --- Iterators and snapshots ---
  void CreateIterator();
  void MoveIterator();
  void CheckIterator(const Iterator& iterator) const;
  void Hold();
  void Release();
  void CompareAll(veralith_t* db);
  // --- Upkeep ---
  void Maintain();
  void Compact();
  void Report();
  void Misuse();
  // --- Copies ---
  void CheckCopy();
  void Repair();
  void Publish();
  void ComparePublished(const std::string& table, const uint64_t* ns, Timestamp at);

  // Checks the code of a call that has no argument but the database.
  void ExpectAlive(veralith_status_t* error) {
    VERALITH_CHECK(CodeOf(error) == (closed_ ? VERALITH_FAILED_PRECONDITION : VERALITH_OK));
  }
  std::string Value() {
    const size_t size = input_.Byte() * 4;
    std::string value = std::to_string(position_);
    value.resize(size, static_cast<char>('A' + position_ % 26));
    return value;
  }

  Input input_;
  SimulatedFileSystem disk_;
  SimulatedClock clock_;
  Heard heard_;
  SimulatedExecutor executor_{1, &clock_, SimulatedExecutor::Order::kFifo};
  veralith_options_t* options_ = nullptr;
  veralith_cache_t* cache_ = nullptr;
  veralith_t* db_ = nullptr;
  bool closed_ = false;
  int opening_ = 0;
  model::KvModel model_;
  veralith_batch_t* batch_ = nullptr;
  std::vector<Write> batch_model_;
  std::array<Iterator, kSlots> iterators_;
  std::array<HeldSnapshot, kSlots> snapshots_;
  std::array<Pinned, kSlots> pinned_;
  size_t position_ = 0;
};

}  // namespace veralith::c_api

#endif  // FUZZ_C_API_RUN_H_
