// SPDX-License-Identifier: Apache-2.0

// A random small database on a simulated disk, and everything that was ever written to it: for
// tests that damage its files afterwards.
//
// Everything follows from the seed: puts, deletes, range deletes and batches in two namespaces over
// a few dozen keys, values from empty to larger than a page, flushes, compactions, syncs and
// reopenings; memtables of 4 KiB and pages of 256 bytes, so that there are many files and pages.
#ifndef VERALITH_PROPERTY_TESTS_GENERATORS_RANDOM_DATABASE_H_
#define VERALITH_PROPERTY_TESTS_GENERATORS_RANDOM_DATABASE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/db/testing/simulation.h"
#include "veralith/db.h"
#include "veralith/types.h"

namespace veralith {

class RandomDatabase {
 public:
  struct Version {
    NamespaceId ns = 0;
    std::string key;
    Timestamp ts = 0;
    bool deleted = false;
    std::string value;
    friend auto operator<=>(const Version&, const Version&) = default;
  };
  struct Range {
    NamespaceId ns = 0;
    std::string begin;
    std::string end;
    bool open_end = false;
    Timestamp ts = 0;
    bool Covers(NamespaceId other_ns, const std::string& key) const {
      return other_ns == ns && begin <= key && (open_end || key < end);
    }
    friend auto operator<=>(const Range&, const Range&) = default;
  };
  using Contents = std::map<std::pair<NamespaceId, std::string>, std::string>;

  explicit RandomDatabase(uint64_t seed);

  // Opens the database if it is closed, and runs this many random operations. Any error fails a
  // CHECK.
  void Run(int operations);
  // Closes cleanly: nothing is left in logs.
  void Close();
  // Closes while no segment can be written: what memtables held stays in the logs, synced.
  void CloseWithoutRoomForSegments();
  // Kills the process: logs stay as they are, synced or not.
  void Kill();

  // Returns what a scan of everything finds now (opens if closed).
  Contents Read();
  // Scans a database that is open.
  static absl::StatusOr<Contents> ReadAll(Db& db);
  // Returns the state that the newest versions and range deletes of all these give.
  static Contents StateOf(const std::vector<Version>& versions, const std::vector<Range>& ranges);

  const std::vector<Version>& versions() const { return versions_; }
  const std::vector<Range>& ranges() const { return ranges_; }
  Simulation& simulation() { return simulation_; }
  Db& db() { return *db_; }
  void Open();

 private:
  std::string Key();
  std::string Value();
  Range RandomRange();
  void Commit(const WriteBatch& batch, std::vector<Version> versions, std::vector<Range> ranges);
  void Step();
  void WriteBatchOfSeveral();

  Simulation simulation_;
  Random random_;
  std::unique_ptr<Db> db_;
  std::vector<Version> versions_;
  std::vector<Range> ranges_;
};

}  // namespace veralith

#endif  // VERALITH_PROPERTY_TESTS_GENERATORS_RANDOM_DATABASE_H_
