// SPDX-License-Identifier: Apache-2.0

// A program may have headers under the paths of Veralith's internal ones:  own_headers DIRECTORY
#include <iostream>
#include <string>

#include "core/base/status.h"
#include "core/base/types.h"
#include "veralith/db.h"

namespace {

absl::Status KeepAnOrder(veralith::Db& db) {
  const std::string paid = std::to_string(static_cast<int>(shop::Status::kPaid));
  if (absl::Status put = db.Put({}, "order", paid); !put.ok()) {
    return put;
  }
  veralith::PinnedValue value;
  const absl::StatusOr<bool> found = db.Get({}, "order", &value);
  if (!found.ok()) {
    return found.status();
  }
  const shop::Timestamp own = 0.5;
  const bool same = *found && value.view() == "1" && own < veralith::kMinTimestamp;
  return same ? absl::OkStatus() : absl::InternalError("another value than was put");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: own_headers DIRECTORY\n";
    return 2;
  }
  auto db = veralith::Db::Open(argv[1], {});
  absl::Status status = db.ok() ? KeepAnOrder(**db) : db.status();
  if (db.ok()) {
    status.Update((*db)->Close());
  }
  std::cout << "own_headers: " << status << "\n";
  return status.ok() ? 0 : 1;
}
