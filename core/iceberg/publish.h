// SPDX-License-Identifier: Apache-2.0

// Publishes segments as a snapshot of an Iceberg table in a folder.
//
// Order that must hold on disk: data files, deletes, manifests and the manifest list are durable
// before the metadata file that leads to them has its name. That name (a link, which replaces
// nothing) is the commit. The hint that names the version comes after, once the commit is durable.
//
// Invariants
//   1. A crash or an error before the commit leaves the table as it was. What it wrote has names of
//      ours, and goes with the next publication; after an error, at once.
//   2. One publication at a time: a lock in the folder. Another engine that commits meanwhile keeps
//      this one from committing (FailedPrecondition).
//   3. A data file or a delete file that the snapshot before has, too, is named again, not written.
//   4. Nothing of the database is changed or removed: the table owns its links.
//
// Thread rule: one thread. Borrows everything in the request.
#ifndef VERALITH_CORE_ICEBERG_PUBLISH_H_
#define VERALITH_CORE_ICEBERG_PUBLISH_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/segment/read/segment_reader.h"
#include "veralith/file_system.h"
#include "veralith/iceberg.h"
#include "veralith/types.h"

namespace veralith::iceberg {

struct LiveSegment {
  uint64_t number = 0;
  std::string path;
  const SegmentReader* reader = nullptr;
};

struct PublishRequest {
  FileSystem* fs = nullptr;
  std::string table;                           // absolute path of the folder; its parent exists
  std::vector<std::vector<LiveSegment>> runs;  // newest first, as in HiddenRowsRequest
  Timestamp at = 0;
  PublishOptions options;
  uint64_t database_id = 0;
  int64_t now_ms = 0;
  uint64_t uuid_seed = 0;
  std::function<bool()> cancelled;  // may be empty
};

absl::StatusOr<PublishReport> PublishTable(const PublishRequest& request);

}  // namespace veralith::iceberg

#endif  // VERALITH_CORE_ICEBERG_PUBLISH_H_
