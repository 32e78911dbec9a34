// SPDX-License-Identifier: Apache-2.0

#include "core/db/disk_room.h"

#include <algorithm>

#include "core/base/status.h"

namespace veralith {
namespace {

constexpr uint64_t kSegmentBytes = 4096;  // more than a segment has besides its entries

// A job may use at most half of the bytes that are free, so that logs can go on, and only if the
// job is worth it: it only gives room back; it writes mostly deletions, which remove what lies
// beneath them; it drops at least half of what it reads; or it writes a few bytes and leaves half
// of the reserve.
bool MayUseReserve(const Options& options, const OutputMeasure& measure, bool reclaims,
                   uint64_t free_bytes) {
  const uint64_t segments = measure.bytes / options.target_segment_bytes + 1;
  const uint64_t written = measure.bytes + segments * kSegmentBytes;
  if (written > free_bytes / 2) {
    return false;
  }
  const uint64_t few =
      std::min<uint64_t>(options.min_free_bytes / 1024, options.write_buffer_bytes / 4);
  return reclaims || measure.puts <= measure.deletions + measure.dropped ||
         (measure.bytes <= few && free_bytes - written >= options.min_free_bytes / 2);
}

}  // namespace

absl::Status CheckRoom(FileSystem& fs, const std::string& directory, const Options& options,
                       const RoomRequest& request) {
  if (options.min_free_bytes == 0 || request.needed_bytes == 0) {
    return absl::OkStatus();
  }
  VERALITH_ASSIGN_OR_RETURN(const uint64_t free_bytes, fs.FreeBytes(directory));
  if (free_bytes >= options.min_free_bytes &&
      free_bytes - options.min_free_bytes >= request.needed_bytes) {
    return absl::OkStatus();
  }
  VERALITH_ASSIGN_OR_RETURN(const OutputMeasure measured, request.measure(free_bytes / 2));
  if (MayUseReserve(options, measured, request.reclaims, free_bytes)) {
    return absl::OkStatus();
  }
  return ResourceExhausted(directory + ": a job needs up to " +
                           std::to_string(request.needed_bytes) + " bytes and must leave " +
                           std::to_string(options.min_free_bytes) +
                           " (Options::min_free_bytes), but only " + std::to_string(free_bytes) +
                           " are free on that disk: make room, and the job is tried again");
}

}  // namespace veralith
