// SPDX-License-Identifier: Apache-2.0

// The soak: everything at once on a real directory, every answer checked.
//
// Each writer owns a range of keys. A key's value is its sequence number, written in pairs (a batch
// holds a key and its twin); every eighth is a delete. For each key two numbers are kept: the last
// write begun, and the last acknowledged. A read is right if it shows a write between the last one
// acknowledged before it began and the last one begun before it ended. Scans, snapshots,
// checkpoints and every reopening are checked by the same rule. Pairs must never differ.
#ifndef VERALITH_TOOLS_SOAK_RUN_H_
#define VERALITH_TOOLS_SOAK_RUN_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "veralith/db.h"

namespace veralith {

struct SoakOptions {
  std::string directory;  // emptied first
  double seconds = 60;
  // Opens the database under test; null: Db::Open. (soak_test.cc gives databases that lie.)
  std::function<absl::StatusOr<std::unique_ptr<Db>>(const std::string&, const Options&)> open;
};

// Returns true if there was no difference and no error. Progress goes to standard output, the first
// difference to standard error; it ends the run.
bool RunSoak(const SoakOptions& options);

}  // namespace veralith

#endif  // VERALITH_TOOLS_SOAK_RUN_H_
