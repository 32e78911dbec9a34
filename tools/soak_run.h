// The soak: everything at once on a real directory, every answer checked.
//
// Each writer owns a range of keys. A key's value is its sequence number, written in pairs (a batch
// holds a key and its twin); every eighth is a delete. For each key two numbers are kept: the last
// write begun, and the last acknowledged. A read is right when what it shows is a write between the
// one acknowledged before it began and the one begun before it ended. Scans, snapshots, checkpoints
// and every reopening are checked by the same rule; pairs are never apart.
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
  // How the database under test is opened; null: Db::Open. (soak_test.cc gives ones that lie.)
  std::function<absl::StatusOr<std::unique_ptr<Db>>(const std::string&, const Options&)> open;
};

// True: no difference and no error. Progress goes to standard output, the first difference to
// standard error; it ends the run.
bool RunSoak(const SoakOptions& options);

}  // namespace veralith

#endif  // VERALITH_TOOLS_SOAK_RUN_H_
