// SPDX-License-Identifier: Apache-2.0

// What the opaque types of veralith/c.h are. Tests set the doors of a simulation in a
// veralith_options_t.
#ifndef VERALITH_CORE_C_OBJECTS_H_
#define VERALITH_CORE_C_OBJECTS_H_

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "veralith/c.h"
#include "veralith/cache.h"
#include "veralith/db.h"
#include "veralith/executor.h"

namespace veralith {

// A database with the executor that must outlive it. Iterators and snapshots share it.
struct OpenDatabase {
  std::shared_ptr<Executor> executor;  // null: one that is not owned
  std::unique_ptr<Db> db;              // destroyed first
};

}  // namespace veralith

struct veralith_t {
  std::shared_ptr<veralith::OpenDatabase> open;
  veralith::Db* db;  // open->db
};

struct veralith_status_t {
  int32_t code = 0;
  bool is_static = false;  // made when there was no memory; never freed
  std::string message;
};

struct veralith_options_t {
  veralith::Options options;
  std::shared_ptr<veralith::Executor> executor;  // null: options.executor
};

struct veralith_executor_t {
  std::shared_ptr<veralith::Executor> executor;
};

struct veralith_cache_t {
  std::shared_ptr<veralith::Cache> cache;
};

struct veralith_batch_t {
  veralith::WriteBatch batch;
};

struct veralith_iterator_t {
  std::shared_ptr<veralith::OpenDatabase> open;
  std::unique_ptr<veralith::DbIterator> iterator;  // destroyed first
};

struct veralith_snapshot_t {
  std::shared_ptr<veralith::OpenDatabase> open;
  const veralith::Snapshot* snapshot = nullptr;
};

struct veralith_pinned_t {
  veralith::PinnedValue value;
  veralith::Timestamp timestamp = 0;  // 0: nothing is held
};

struct veralith_report_t {
  std::vector<std::pair<std::string, std::string>> entries;  // name, text
};

struct veralith_cancel_t {
  std::stop_source source;
};

#endif  // VERALITH_CORE_C_OBJECTS_H_
