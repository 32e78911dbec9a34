// SPDX-License-Identifier: Apache-2.0

// From the public options to those of the layers below, and the check of what callers pass.
#ifndef VERALITH_CORE_DB_OPTION_MAPPING_H_
#define VERALITH_CORE_DB_OPTION_MAPPING_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "core/compaction/options.h"
#include "core/format/version_edit.h"
#include "core/segment/write/segment_writer.h"
#include "veralith/options.h"

namespace veralith {

// InvalidArgument that names the option and its legal values.
absl::Status CheckOptions(const Options& options);
// How many segments may be open at once so that all files together keep to max_open_files;
// `process_limit` is FileSystem::MaxOpenFiles().
size_t MaxOpenSegments(const Options& options, std::optional<uint64_t> process_limit,
                       int parallelism);
// `parallelism` is the executor's.
CompactionOptions ToCompactionOptions(const Options& options, int parallelism);
// How segments of `level` are written; `bottommost`: no deeper level holds data.
SegmentOptions ToSegmentOptions(const Options& options, int level, bool bottommost);

}  // namespace veralith

#endif  // VERALITH_CORE_DB_OPTION_MAPPING_H_
