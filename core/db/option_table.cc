// SPDX-License-Identifier: Apache-2.0

#include "core/db/option_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <limits>
#include <optional>
#include <system_error>
#include <type_traits>

#include "absl/strings/charconv.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/segment/segment_options.h"
#include "veralith/policy_kind.h"

namespace veralith {
namespace {

// --- Names of choices, in the order of the enumerators -------------------------------------------

template <typename T>
struct Choice {
  std::string_view name;
  T value;
};

constexpr Choice<bool> kSwitch[] = {{"false", false}, {"true", true}};
constexpr Choice<SyncMode> kSyncModes[] = {{"default", SyncMode::kDefault},
                                           {"commit", SyncMode::kCommit},
                                           {"interval", SyncMode::kInterval},
                                           {"manual", SyncMode::kManual}};
constexpr Choice<Codec> kCodecs[] = {{"none", Codec::kNone},
                                     {"lz4", Codec::kLz4},
                                     {"snappy", Codec::kSnappy},
                                     {"zstd", Codec::kZstd}};
constexpr Choice<CompactionPolicyKind> kPolicies[] = {
    {PolicyName(CompactionPolicyKind::kLeveled), CompactionPolicyKind::kLeveled},
    {PolicyName(CompactionPolicyKind::kHybrid), CompactionPolicyKind::kHybrid},
    {PolicyName(CompactionPolicyKind::kTiered), CompactionPolicyKind::kTiered}};

constexpr std::span<const Choice<bool>> ChoicesOf(bool) { return kSwitch; }
constexpr std::span<const Choice<SyncMode>> ChoicesOf(SyncMode) { return kSyncModes; }
constexpr std::span<const Choice<Codec>> ChoicesOf(Codec) { return kCodecs; }
constexpr std::span<const Choice<CompactionPolicyKind>> ChoicesOf(CompactionPolicyKind) {
  return kPolicies;
}

template <typename T>
constexpr bool kHasChoices = std::same_as<T, bool> || std::is_enum_v<T>;

// --- Makers of rows ------------------------------------------------------------------------------

template <typename Struct>
constexpr OptionRow<Struct> Switch(std::string_view name, bool Struct::* member,
                                   std::string_view sentence) {
  return {name, OptionPlace<Struct, bool>{member, false, true}, "", sentence};
}

template <typename Struct, typename T>
constexpr OptionRow<Struct> Chosen(std::string_view name, T Struct::* member, T least, T most,
                                   std::string_view sentence) {
  return {name, OptionPlace<Struct, T>{member, least, most}, "", sentence};
}

template <typename Struct, typename T>
constexpr OptionRow<Struct> Number(std::string_view name, T Struct::* member,
                                   std::type_identity_t<T> least, std::type_identity_t<T> most,
                                   std::string_view unit, std::string_view sentence) {
  return {name, OptionPlace<Struct, T>{member, least, most}, unit, sentence};
}

constexpr OptionRow<Options> CodecOf(std::string_view name, Codec Options::* member,
                                     std::string_view sentence) {
  return Chosen(name, member, Codec::kNone, Codec::kZstd, sentence);
}

constexpr uint64_t kMostBytes = UINT64_MAX;
constexpr int kMostInt = std::numeric_limits<int>::max();
constexpr int64_t kMostNanos = INT64_MAX;
constexpr uint64_t kLeastBufferBytes = 1024;

constexpr std::string_view kBytes = "bytes";
constexpr std::string_view kNanos = "nanoseconds";
constexpr std::string_view kRuns = "runs";

// --- The table -----------------------------------------------------------------------------------

constexpr auto kOptions = std::to_array<OptionRow<Options>>({
    Switch("create_if_missing", &Options::create_if_missing,
           "Opening makes a database where there is none."),
    Switch("error_if_exists", &Options::error_if_exists,
           "Opening refuses a database that is there."),
    Switch("read_only", &Options::read_only, "Nothing is written, anywhere."),
    Switch("recover_up_to_damage", &Options::recover_up_to_damage,
           "Recovery keeps what stands before damage in a log, instead of refusing to open."),
    Chosen("sync_mode", &Options::sync_mode, SyncMode::kCommit, SyncMode::kManual,
           "When acknowledged writes are durable: before the call returns, within "
           "sync_interval_nanos, or at the next Sync, Flush or Close."),
    Number("sync_interval_nanos", &Options::sync_interval_nanos, 1, kMostNanos, kNanos,
           "The longest time that a write waits for its sync with sync_mode interval."),
    Switch("map_log", &Options::map_log,
           "Commits are copied into memory that is mapped from the log's file, instead of a system "
           "call for each."),
    Number("manifest_roll_bytes", &Options::manifest_roll_bytes, 0, kMostBytes, kBytes,
           "A manifest longer than this, and than ten times its state, is begun anew; 0: at each "
           "change."),
    Number("write_buffer_bytes", &Options::write_buffer_bytes, kLeastBufferBytes, kMostBytes,
           kBytes, "A memtable this large is frozen and flushed."),
    Number("max_write_buffers", &Options::max_write_buffers, 2, kMostInt, "memtables",
           "Writers wait when this many memtables are in memory, the active one included."),
    Number("recovery_buffer_bytes", &Options::recovery_buffer_bytes, 0, kMostBytes, kBytes,
           "An opening holds this much of what it replays in memory, or write_buffer_bytes if that "
           "is more, before it flushes."),
    Number("cache_bytes", &Options::cache_bytes, 0, kMostBytes, kBytes,
           "The cache of decoded pages holds this much."),
    Number("max_open_files", &Options::max_open_files, -1, kMostInt, "files",
           "At most this many files are open at once (20 or more); 0: half of what the process may "
           "have open; -1: no limit."),
    Number("key_page_bytes", &Options::key_page_bytes, 16, kMaxSegmentPageBytes, kBytes,
           "A page of keys ends at this size, uncompressed."),
    Number("value_page_bytes", &Options::value_page_bytes, 16, kMaxSegmentPageBytes, kBytes,
           "A page of values ends at this size, uncompressed."),
    Number("filter_bits_per_key", &Options::filter_bits_per_key, 0, 100, "bits",
           "Size of the filters that tell which segments lack a key; 0: none."),
    CodecOf("upper_codec", &Options::upper_codec, "Codec of value pages in levels 0 and 1."),
    CodecOf("middle_codec", &Options::middle_codec, "Codec of value pages in the levels between."),
    CodecOf("bottom_codec", &Options::bottom_codec,
            "Codec of value pages in the last level that holds data."),
    Switch("write_hex_index", &Options::write_hex_index,
           "Segments also hold their sparse index as hex, for other readers."),
    Chosen("compaction_policy", &Options::compaction_policy, CompactionPolicyKind::kLeveled,
           CompactionPolicyKind::kTiered,
           "The shape of the tree; may change from one opening to the next."),
    Number("target_segment_bytes", &Options::target_segment_bytes, 1024, kMostBytes, kBytes,
           "Segments end at about this size."),
    Number("level0_compaction_trigger", &Options::level0_compaction_trigger, 1, kMostInt, kRuns,
           "Level 0 is compacted at this many runs; with the tiered policy, the tree."),
    Number("tier_compaction_trigger", &Options::tier_compaction_trigger, 2, kMostInt, kRuns,
           "Hybrid policy: a tier is merged into the next level at this many runs."),
    Number("tier_max_space_percent", &Options::tier_max_space_percent, 1, kMostInt, "percent",
           "Tiered policy: everything is merged when the newer runs have this share of the oldest "
           "one's bytes."),
    Number("level0_slowdown_trigger", &Options::level0_slowdown_trigger, 1, kMostInt, kRuns,
           "Writers are slowed from this many runs of level 0 on."),
    Number("level0_stop_trigger", &Options::level0_stop_trigger, 1, kMostInt, kRuns,
           "Writers wait at this many runs of level 0."),
    Number("level_base_bytes", &Options::level_base_bytes, 1024, kMostBytes, kBytes,
           "Level 1 is compacted into level 2 at this size."),
    Number("level_multiplier", &Options::level_multiplier, 2, kMostInt, "",
           "The factor from one level's size to the next one's."),
    Switch("dynamic_level_targets", &Options::dynamic_level_targets,
           "Sizes of levels follow what the last level holds."),
    Number("max_subcompactions", &Options::max_subcompactions, 0, 64, "pieces",
           "A large compaction is cut into at most this many pieces that run side by side; 0: as "
           "many as the executor runs at once."),
    Switch("copy_value_pages", &Options::copy_value_pages,
           "Compactions copy value pages of which every row survives."),
    Number("seek_charge_bytes", &Options::seek_charge_bytes, 0, uint64_t{1} << 32, kBytes,
           "Leveled policy: a seek counts this much for each run of level 0 after the first, and a "
           "lookup a sixteenth, until a merge is paid for; 0: never."),
    Number(
        "level0_garbage_percent", &Options::level0_garbage_percent, 0, 100, "percent",
        "Leveled policy: level 0 is merged, however few runs it has, when this share of what the "
        "merge reads is superseded; 0: never."),
    Number("idle_merge_delay_nanos", &Options::idle_merge_delay_nanos, 1, kMostNanos, kNanos,
           "Leveled policy: level 0 is merged, however few runs it has, when no write has come for "
           "so long."),
    Number("idle_merge_percent", &Options::idle_merge_percent, 0, 1'000'000, "percent",
           "Such merges write at most this share of what was flushed since opening; 0: never."),
    Switch("disable_automatic_compaction", &Options::disable_automatic_compaction,
           "Only Db::Compact compacts."),
    Number("background_bytes_per_second", &Options::background_bytes_per_second, 0, kMostBytes,
           "bytes a second", "Flushes and compactions write at most this fast; 0: no limit."),
    Number("min_free_bytes", &Options::min_free_bytes, 0, kMostBytes, kBytes,
           "A job whose output would leave less room than this on the disk does not begin; 0: room "
           "is not looked at."),
    Number("stall_timeout_nanos", &Options::stall_timeout_nanos, 1, kMostNanos, kNanos,
           "A write that waits longer than this for a job, without progress, is Unavailable."),
    Number("max_clock_skew_nanos", &Options::max_clock_skew_nanos, 0, kMostNanos, kNanos,
           "Db::AdvanceClock refuses timestamps further ahead of the clock than this."),
});

constexpr auto kReadOptions = std::to_array<OptionRow<ReadOptions>>({
    Switch("fill_cache", &ReadOptions::fill_cache,
           "Pages read for this call may displace others in the cache."),
});

constexpr auto kWriteOptions = std::to_array<OptionRow<WriteOptions>>({
    Chosen("sync", &WriteOptions::sync, SyncMode::kDefault, SyncMode::kManual,
           "When this write is durable; default: as Options::sync_mode says."),
});

constexpr OtherOption kOtherOptions[] = {
    {"Options", "cache",
     "A cache that several databases share, and that can be a budget for their memtables; null: "
     "one of its own."},
    {"Options", "listeners", "Told of flushes, compactions, stalls and background errors."},
    {"Options", "file_system", "The door to files; null: the machine's."},
    {"Options", "clock", "The door to time; null: the machine's."},
    {"Options", "executor", "The door to threads; null: the machine's."},
    {"Options", "random_seed", "Seeds log ids; unset: from the operating system."},
    {"ReadOptions", "snapshot", "The read sees what a held snapshot sees."},
    {"ReadOptions", "timestamp", "The read sees the database as it was then."},
    {"CompactOptions", "cancel", "The call ends with Aborted once a stop is requested."},
    {"ScanOptions", "ns", "The namespace that is scanned."},
    {"ScanOptions", "lower", "The bound at which the scan begins."},
    {"ScanOptions", "upper", "The bound at which the scan ends."},
};

// --- Values and their text -----------------------------------------------------------------------

template <typename T>
bool IsLegal(T value, T least, T most) {
  bool known = true;
  if constexpr (kHasChoices<T>) {
    known = std::ranges::any_of(ChoicesOf(T()),
                                [value](const Choice<T>& choice) { return choice.value == value; });
  }
  return known && value >= least && value <= most;  // false for a double that is no number
}

template <typename T>
std::string TextOf(T value) {
  if constexpr (kHasChoices<T>) {
    for (const Choice<T>& choice : ChoicesOf(value)) {
      if (choice.value == value) {
        return std::string(choice.name);
      }
    }
  }
  return StrCat(value);
}

template <typename T>
std::optional<T> ParseNumber(std::string_view text) {
  T value = 0;
  const char* const end = text.data() + text.size();
  const auto read = [&] {
    if constexpr (std::is_floating_point_v<T>) {
      return absl::from_chars(text.data(), end, value);  // libc++ lacks std's before version 20
    } else {
      return std::from_chars(text.data(), end, value);
    }
  }();
  return read.ec == std::errc() && read.ptr == end ? std::optional(value) : std::nullopt;
}

template <typename T>
std::optional<T> Parse(std::string_view text) {
  if constexpr (kHasChoices<T>) {
    const std::span<const Choice<T>> choices = ChoicesOf(T());
    for (const Choice<T>& choice : choices) {
      if (choice.name == text) {
        return choice.value;
      }
    }
    const std::optional<size_t> number = ParseNumber<size_t>(text);
    return number.has_value() && *number < choices.size() ? std::optional(choices[*number].value)
                                                          : std::nullopt;
  } else {
    return ParseNumber<T>(text);
  }
}

}  // namespace

template <typename Struct>
std::vector<std::string_view> OptionRow<Struct>::Choices() const {
  return std::visit(
      []<typename T>(const OptionPlace<Struct, T>& at) {
        std::vector<std::string_view> names;
        if constexpr (kHasChoices<T>) {
          for (const Choice<T>& choice : ChoicesOf(at.least)) {
            if (IsLegal(choice.value, at.least, at.most)) {
              names.push_back(choice.name);
            }
          }
        }
        return names;
      },
      place);
}

template <typename Struct>
std::string OptionRow<Struct>::Limits() const {
  const std::vector<std::string_view> choices = Choices();
  std::string out;
  for (size_t i = 0; i < choices.size(); ++i) {
    StrAppend(&out, i == 0 ? "" : i + 1 < choices.size() ? ", " : " or ", choices[i]);
  }
  if (!choices.empty()) {
    return out;
  }
  return std::visit(
      []<typename T>(const OptionPlace<Struct, T>& at) {
        return at.most == std::numeric_limits<T>::max() ? StrCat(at.least, " or more")
                                                        : StrCat(at.least, " to ", at.most);
      },
      place);
}

template <typename Struct>
absl::Status OptionRow<Struct>::Check(const Struct& options) const {
  const bool legal = std::visit(
      [&](const auto& at) { return IsLegal(options.*at.member, at.least, at.most); }, place);
  return legal ? absl::OkStatus()
               : InvalidArgument(StrCat("Options: ", name, " must be ", Limits()));
}

template <typename Struct>
std::string OptionRow<Struct>::Text(const Struct& options) const {
  return std::visit([&](const auto& at) { return TextOf(options.*at.member); }, place);
}

template <typename Struct>
absl::Status OptionRow<Struct>::Set(std::string_view text, Struct* options) const {
  return std::visit(
      [&]<typename T>(const OptionPlace<Struct, T>& at) {
        const std::optional<T> value = Parse<T>(text);
        if (!value.has_value() || !IsLegal(*value, at.least, at.most)) {
          return InvalidArgument(StrCat(name, " must be ", Limits(), ", not \"", text, "\""));
        }
        options->*at.member = *value;
        return absl::OkStatus();
      },
      place);
}

template struct OptionRow<Options>;
template struct OptionRow<ReadOptions>;
template struct OptionRow<WriteOptions>;

std::span<const OptionRow<Options>> OptionRows() { return kOptions; }
std::span<const OptionRow<ReadOptions>> ReadOptionRows() { return kReadOptions; }
std::span<const OptionRow<WriteOptions>> WriteOptionRows() { return kWriteOptions; }
std::span<const OtherOption> OtherOptions() { return kOtherOptions; }

const OptionRow<Options>* FindOption(std::string_view name) {
  const auto row = std::ranges::find(kOptions, name, &OptionRow<Options>::name);
  return row == kOptions.end() ? nullptr : &*row;
}

}  // namespace veralith
