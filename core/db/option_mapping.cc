#include "core/db/option_mapping.h"

#include <algorithm>
#include <string>

#include "core/base/status.h"
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
  return options.compaction_policy == CompactionStyle::kHybrid
             ? std::min(options.level0_compaction_trigger, options.tier_compaction_trigger)
             : options.level0_compaction_trigger;
}

bool IsCodec(Codec codec) {
  return codec == Codec::kNone || codec == Codec::kLz4 || codec == Codec::kSnappy ||
         codec == Codec::kZstd;
}

// The last of the levels that are rewritten soon.
constexpr int kLastUpperLevel = 1;

constexpr int kLeastOpenFiles = 20;
// Files open besides segments, a log for each memtable and the outputs of compactions: the lock,
// the directory and its own lock, the manifest and its successor, a new log and a log that its
// memtable has left, the output of a flush, a directory that is synced or listed, and the two ends
// of a copy.
constexpr uint64_t kOtherOpenFiles = 11;

int Subcompactions(const Options& options, int parallelism) {
  return options.max_subcompactions == 0 ? parallelism : options.max_subcompactions;
}

}  // namespace

absl::Status CheckOptions(const Options& options) {
  VERALITH_RETURN_IF_ERROR(
      Require(options.write_buffer_bytes >= 1024, "write_buffer_bytes must be at least 1024"));
  VERALITH_RETURN_IF_ERROR(
      Require(options.max_write_buffers >= 2, "max_write_buffers must be at least 2"));
  VERALITH_RETURN_IF_ERROR(Require(options.key_page_bytes >= 16 && options.value_page_bytes >= 16,
                                   "key_page_bytes and value_page_bytes must be at least 16"));
  VERALITH_RETURN_IF_ERROR(Require(options.key_page_bytes <= kMaxSegmentPageBytes &&
                                       options.value_page_bytes <= kMaxSegmentPageBytes,
                                   "key_page_bytes and value_page_bytes must be at most 64 MiB"));
  VERALITH_RETURN_IF_ERROR(Require(IsCodec(options.upper_codec) && IsCodec(options.middle_codec) &&
                                       IsCodec(options.bottom_codec),
                                   "upper_codec, middle_codec and bottom_codec must be codecs"));
  VERALITH_RETURN_IF_ERROR(
      Require(options.filter_bits_per_key >= 0 && options.filter_bits_per_key <= 100,
              "filter_bits_per_key must be 0 to 100"));
  VERALITH_RETURN_IF_ERROR(
      Require(options.target_segment_bytes >= 1024, "target_segment_bytes must be at least 1024"));
  VERALITH_RETURN_IF_ERROR(
      Require(options.level_base_bytes >= 1024, "level_base_bytes must be at least 1024"));
  VERALITH_RETURN_IF_ERROR(
      Require(options.level_multiplier >= 2, "level_multiplier must be at least 2"));
  VERALITH_RETURN_IF_ERROR(
      Require(options.level0_compaction_trigger >= 1 &&
                  options.level0_compaction_trigger <= options.level0_slowdown_trigger &&
                  options.level0_slowdown_trigger <= options.level0_stop_trigger,
              "level0 triggers must be at least 1 and ordered compaction <= slowdown <= stop"));
  VERALITH_RETURN_IF_ERROR(
      Require(options.tier_compaction_trigger >= 2 && options.tier_max_space_percent >= 1,
              "tier_compaction_trigger must be at least 2, tier_max_space_percent at least 1"));
  VERALITH_RETURN_IF_ERROR(
      Require(options.max_subcompactions >= 0 && options.max_subcompactions <= 64,
              "max_subcompactions must be 0 to 64"));
  VERALITH_RETURN_IF_ERROR(
      Require(options.compaction_policy != CompactionStyle::kTiered ||
                  options.level0_slowdown_trigger > options.level0_compaction_trigger,
              "level0_slowdown_trigger must be above level0_compaction_trigger with kTiered"));
  VERALITH_RETURN_IF_ERROR(Require(options.max_open_files == 0 || options.max_open_files == -1 ||
                                       options.max_open_files >= kLeastOpenFiles,
                                   "max_open_files must be 0, -1, or at least 20"));
  VERALITH_RETURN_IF_ERROR(Require(options.seek_charge_bytes <= uint64_t{1} << 32,
                                   "seek_charge_bytes must be at most 2^32"));
  VERALITH_RETURN_IF_ERROR(Require(options.compaction_policy == CompactionStyle::kLeveled ||
                                       options.compaction_policy == CompactionStyle::kHybrid ||
                                       options.compaction_policy == CompactionStyle::kTiered,
                                   "compaction_policy must be kLeveled, kHybrid or kTiered"));
  VERALITH_RETURN_IF_ERROR(Require(options.sync_mode == SyncMode::kCommit ||
                                       options.sync_mode == SyncMode::kInterval ||
                                       options.sync_mode == SyncMode::kManual,
                                   "sync_mode must be kCommit, kInterval or kManual"));
  VERALITH_RETURN_IF_ERROR(Require(std::find(options.listeners.begin(), options.listeners.end(),
                                             nullptr) == options.listeners.end(),
                                   "listeners must not hold a null pointer"));
  VERALITH_RETURN_IF_ERROR(
      Require(options.sync_interval_nanos > 0 && options.stall_timeout_nanos > 0,
              "sync_interval_nanos and stall_timeout_nanos must be positive"));
  return Require(options.max_clock_skew_nanos >= 0, "max_clock_skew_nanos must not be negative");
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
  CompactionOptions result;
  result.target_file_bytes = options.target_segment_bytes;
  result.max_subcompactions = Subcompactions(options, parallelism);
  result.copy_value_pages = options.copy_value_pages;
  result.level0_trigger_runs = Level0TriggerRuns(options);
  result.dynamic_level_targets = options.dynamic_level_targets;
  result.tier_trigger_runs = options.tier_compaction_trigger;
  result.tier_max_space_percent = options.tier_max_space_percent;
  result.level_base_bytes = options.level_base_bytes;
  result.level_multiplier = options.level_multiplier;
  result.max_grandparent_overlap_bytes = 10 * options.target_segment_bytes;
  return result;
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

WrittenPolicy ToWrittenPolicy(CompactionStyle style) {
  switch (style) {
    case CompactionStyle::kLeveled:
      return WrittenPolicy::kLeveled;
    case CompactionStyle::kHybrid:
      return WrittenPolicy::kHybrid;
    case CompactionStyle::kTiered:
      break;
  }
  return WrittenPolicy::kTiered;
}

CompactionStyle ToCompactionStyle(WrittenPolicy policy) {
  switch (policy) {
    case WrittenPolicy::kLeveled:
      return CompactionStyle::kLeveled;
    case WrittenPolicy::kHybrid:
      return CompactionStyle::kHybrid;
    case WrittenPolicy::kTiered:
      break;
  }
  return CompactionStyle::kTiered;
}

}  // namespace veralith
