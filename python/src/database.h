// SPDX-License-Identifier: Apache-2.0

// An open database as Python holds it, and what reads it.
//
// Ownership. Database, Snapshot and Rows share one OpenDb, which dies with the last of them. A call
// that runs without the GIL holds its own reference to whatever it uses, so another thread may
// close or drop the object meanwhile.
//
// Thread rule. All members are touched with the GIL only. Rows and Batch are used without the GIL
// by one thread at a time: a second one gets FailedPrecondition (Use).
#ifndef VERALITH_PYTHON_SRC_DATABASE_H_
#define VERALITH_PYTHON_SRC_DATABASE_H_

#include <nanobind/nanobind.h>

#include <memory>
#include <optional>
#include <utility>

#include "core/arrow/columns.h"
#include "core/arrow/row_reader.h"
#include "python/src/arguments.h"
#include "python/src/status.h"
#include "veralith/db.h"

namespace veralith::python {

struct OpenDb {
  std::unique_ptr<Db> db;
  bool closed = false;  // Close was called
};

// Drops a reference without the GIL: the last one may write and wait.
template <typename T>
void DropWithoutGil(std::shared_ptr<T>& reference) {
  if (reference != nullptr) {
    WithoutGil([&] { reference.reset(); });
  }
}

class Database {
 public:
  explicit Database(std::unique_ptr<Db> db) : open_(std::make_shared<OpenDb>(std::move(db))) {}
  ~Database() { DropWithoutGil(open_); }
  Database(Database&& other) = delete;

  const std::shared_ptr<OpenDb>& open() const { return open_; }
  bool closed() const { return open_->closed; }
  void Close();

  // Runs `action(db)` without the GIL, and throws its error or returns its value.
  template <typename Action>
  auto Run(Action&& action) const {
    const std::shared_ptr<OpenDb> open = open_;
    auto result = WithoutGil([&] { return action(*open->db); });
    if constexpr (std::is_same_v<decltype(result), absl::Status>) {
      Check(result);
    } else {
      return Value(std::move(result));
    }
  }

 private:
  std::shared_ptr<OpenDb> open_;
};

// A held snapshot; released with the last reference.
struct HeldSnapshot {
  std::shared_ptr<OpenDb> open;
  const veralith::Snapshot* snapshot = nullptr;

  explicit HeldSnapshot(std::shared_ptr<OpenDb> database) : open(std::move(database)) {}
  ~HeldSnapshot() { open->db->ReleaseSnapshot(snapshot); }
  HeldSnapshot(const HeldSnapshot&) = delete;
};

class Snapshot {
 public:
  explicit Snapshot(std::shared_ptr<HeldSnapshot> held)
      : held_(std::move(held)), timestamp_(held_->snapshot->timestamp()) {}
  ~Snapshot() { Release(); }
  Snapshot(Snapshot&& other) = delete;

  Timestamp timestamp() const { return timestamp_; }
  bool released() const { return held_ == nullptr; }
  void Release() { DropWithoutGil(held_); }
  // FailedPrecondition: it is released.
  std::shared_ptr<HeldSnapshot> Hold() const;

 private:
  std::shared_ptr<HeldSnapshot> held_;
  Timestamp timestamp_;
};

// The moment of a read, holding the snapshot if there is one.
struct Moment {
  std::shared_ptr<HeldSnapshot> held;
  ReadOptions options;

  // Each may be null or None; not both given (InvalidArgument by the read).
  Moment(const Snapshot* snapshot, nb::handle timestamp);
};

// Marks something as in use by one thread, for a scope.
class Use {
 public:
  // FailedPrecondition: another thread uses it.
  explicit Use(bool* busy) : busy_(busy) {
    if (*busy) {
      Refuse("another thread is using this object");
    }
    *busy_ = true;
  }
  ~Use() { *busy_ = false; }
  Use(const Use&) = delete;

 private:
  bool* busy_;
};

// What a scan covers: bounds, direction and moment. Never changes.
struct Query {
  Moment moment;
  ScanOptions options;
  arrow::Direction direction = arrow::Direction::kForward;
  arrow::Wanted wanted;

  arrow::RowReader Start(Db& db) const { return {db.NewIterator(options), options.ns, direction}; }
};

void BindDatabase(nb::class_<Database>& database);
void BindReads(nb::module_& module, nb::class_<Database>& database);
void BindWrites(nb::module_& module, nb::class_<Database>& database);
void BindScans(nb::module_& module, nb::class_<Database>& database);
void BindUpkeep(nb::class_<Database>& database);
void BindDirectories(nb::module_& module);

}  // namespace veralith::python

#endif  // VERALITH_PYTHON_SRC_DATABASE_H_
