// SPDX-License-Identifier: Apache-2.0

#include "core/db/option_mapping.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/base/status.h"
#include "core/db/option_table.h"
#include "core/format/compression.h"

namespace veralith {
namespace {

absl::Status Require(bool condition, const char* what) {
  return condition ? absl::OkStatus() : InvalidArgument(std::string("Options: ") + what);
}

parquet::Codec ToParquetCodec(Codec codec) {
  switch (codec) {
    case Codec::kNone:
      return parquet::Codec::kNone;
    case Codec::kLz4:
      return parquet::Codec::kLz4Raw;
    case Codec::kSnappy:
      return parquet::Codec::kSnappy;
    case Codec::kZstd:
      return parquet::Codec::kZstd;
  }
  return parquet::Codec::kNone;
}

// For the hybrid policy, level 0 is a tier like the next two levels.
int Level0TriggerRuns(const Options& options) {
  return options.compaction_policy == CompactionPolicyKind::kHybrid
             ? std::min(options.level0_compaction_trigger, options.tier_compaction_trigger)
             : options.level0_compaction_trigger;
}

// The last of the levels that are rewritten soon.
constexpr int kLastUpperLevel = 1;

constexpr int kLeastOpenFiles = 20;
// Files open besides segments, a log for each memtable and the outputs of compactions: the lock,
// the directory and its own lock, the manifest and its successor, a new log and a log that its
// memtable has left, the output of a flush, a directory that is synced or listed, and the two ends
// of a copy.
constexpr uint64_t kOtherOpenFiles = 11;

// Of a memtable: less garbage in level 0 is no reason for a merge. So flushes by hand stay cheap.
constexpr uint64_t kLeastGarbageShare = 16;

constexpr uint64_t kMaxJobBytes = uint64_t{1} << 30;

// Segments of the upper levels are written with another codec than the others.
constexpr std::array<uint8_t, kLevels> FormatOfLevel() {
  std::array<uint8_t, kLevels> format = {};
  for (int level = kLastUpperLevel + 1; level < kLevels; ++level) {
    format[static_cast<size_t>(level)] = 1;
  }
  return format;
}
constexpr std::array<uint8_t, kLevels> kFormatOfLevel = FormatOfLevel();

int Subcompactions(const Options& options, int parallelism) {
  return options.max_subcompactions == 0 ? parallelism : options.max_subcompactions;
}

}  // namespace

absl::Status CheckOptions(const Options& options) {
  for (const OptionRow<Options>& row : OptionRows()) {
    VERALITH_RETURN_IF_ERROR(row.Check(options));
  }
  VERALITH_RETURN_IF_ERROR(
      Require(options.level0_compaction_trigger <= options.level0_slowdown_trigger &&
                  options.level0_slowdown_trigger <= options.level0_stop_trigger,
              "level0 triggers must be ordered compaction <= slowdown <= stop"));
  VERALITH_RETURN_IF_ERROR(
      Require(options.compaction_policy != CompactionPolicyKind::kTiered ||
                  options.level0_slowdown_trigger > options.level0_compaction_trigger,
              "level0_slowdown_trigger must be above level0_compaction_trigger with kTiered"));
  VERALITH_RETURN_IF_ERROR(
      Require(options.max_open_files <= 0 || options.max_open_files >= kLeastOpenFiles,
              "max_open_files must be 0, -1, or at least 20"));
  return Require(std::ranges::find(options.listeners, nullptr) == options.listeners.end(),
                 "listeners must not hold a null pointer");
}

size_t MaxOpenSegments(const Options& options, std::optional<uint64_t> process_limit,
                       int parallelism) {
  if (options.max_open_files < 0 || (options.max_open_files == 0 && !process_limit.has_value())) {
    return SIZE_MAX;
  }
  const uint64_t files = options.max_open_files > 0 ? static_cast<uint64_t>(options.max_open_files)
                                                    : *process_limit / 2;
  const uint64_t others = kOtherOpenFiles + static_cast<uint64_t>(options.max_write_buffers) +
                          static_cast<uint64_t>(Subcompactions(options, parallelism));
  return files > others ? files - others : 1;
}

CompactionOptions ToCompactionOptions(const Options& options, int parallelism) {
  return {
      .target_file_bytes = options.target_segment_bytes,
      .level0_trigger_runs = Level0TriggerRuns(options),
      .max_job_bytes = kMaxJobBytes,
      .max_subcompactions = Subcompactions(options, parallelism),
      .copy_value_pages = options.copy_value_pages,
      .level_base_bytes = options.level_base_bytes,
      .level_multiplier = options.level_multiplier,
      .dynamic_level_targets = options.dynamic_level_targets,
      .tier_trigger_runs = options.tier_compaction_trigger,
      .tier_size_ratio_percent = 1,
      .tier_min_width = 2,
      .tier_max_width = 32,
      .tier_max_space_percent = options.tier_max_space_percent,
      .level0_garbage_percent = options.level0_garbage_percent,
      .level0_garbage_least_bytes = options.write_buffer_bytes / kLeastGarbageShare,
      .reclaim_percent = 50,
      .format_of_level = kFormatOfLevel,
      .max_grandparent_overlap_bytes = 10 * options.target_segment_bytes,
  };
}

SegmentOptions ToSegmentOptions(const Options& options, int level, bool bottommost) {
  SegmentOptions result;
  result.key_page_bytes = options.key_page_bytes;
  result.value_page_bytes = options.value_page_bytes;
  result.filter_bits_per_key = options.filter_bits_per_key;
  result.write_hex_index = options.write_hex_index;
  const Codec codec = level <= kLastUpperLevel ? options.upper_codec
                      : bottommost             ? options.bottom_codec
                                               : options.middle_codec;
  result.value_codec = ToParquetCodec(codec);
  return result;
}

}  // namespace veralith
