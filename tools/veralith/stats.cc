// SPDX-License-Identifier: Apache-2.0

// veralith stats: the shape of the tree, as a table, as JSON, or as a picture.
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/db/option_mapping.h"
#include "core/fs/errno_status.h"
#include "core/manifest/file_names.h"
#include "core/manifest/version.h"
#include "tools/json_line.h"
#include "tools/progress.h"
#include "tools/veralith/database.h"
#include "tools/veralith/tree_picture.h"

namespace veralith::tools {
namespace {

std::string Share(uint64_t part, uint64_t all) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f %%",
                all == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(all));
  return text;
}

std::string Times(double factor) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f", factor);
  return text;
}

LevelStatistics TotalOf(const Statistics& statistics) {
  LevelStatistics total;
  for (const LevelStatistics& level : statistics.levels) {
    total.runs += level.runs;
    total.files += level.files;
    total.bytes += level.bytes;
    total.entries += level.entries;
    total.tombstones += level.tombstones;
    total.superseded += level.superseded;
    total.range_tombstones += level.range_tombstones;
  }
  return total;
}

// Returns the policy asked for, or the one the database last ran with; leveled if its files do not
// say.
CompactionPolicyKind PolicyFrom(const Arguments& arguments,
                                const std::optional<CompactionPolicyKind>& last) {
  const std::optional<std::string> name = arguments.Value("policy");
  for (const CompactionPolicyKind policy : kCompactionPolicyKinds) {
    if (name.has_value() && *name == PolicyName(policy)) {
      return policy;
    }
  }
  return last.value_or(CompactionPolicyKind::kLeveled);
}

std::string WriteAmplificationText(const LifetimeBytes& bytes) {
  if (bytes.user == 0) {
    return "unknown: nothing was put since the files record it";
  }
  return StrCat(Times(WriteAmplification(bytes)), " over its life: ", HumanBytes(bytes.user),
                " put; ", HumanBytes(bytes.logs), " to logs, ", HumanBytes(bytes.flushes),
                " by flushes, ", HumanBytes(bytes.compactions), " by compactions");
}

void PrintSummary(const Statistics& statistics, CompactionPolicyKind policy) {
  const LevelStatistics total = TotalOf(statistics);
  const std::string pending =
      statistics.pending_compaction.empty() ? "nothing is due" : statistics.pending_compaction;
  std::printf("\ntombstones           %s of the entries, and %s range tombstones\n",
              Share(total.tombstones, total.entries).c_str(),
              Grouped(total.range_tombstones).c_str());
  std::printf("superseded           %s of the entries, kept for snapshots when they were written\n",
              Share(total.superseded, total.entries).c_str());
  std::printf(
      "space amplification  at most %s (bytes of all segments by those of the oldest run)\n",
      Times(SpaceAmplificationAtMost(statistics)).c_str());
  std::printf("write amplification  %s\n", WriteAmplificationText(statistics.lifetime).c_str());
  std::printf("next compaction      %s (%s)\n", pending.c_str(),
              std::string(PolicyName(policy)).c_str());
  std::printf("newest commit        %llu ns since the Unix epoch\n",
              static_cast<unsigned long long>(statistics.last_timestamp));
  std::printf("history from         %llu ns\n",
              static_cast<unsigned long long>(statistics.history_floor));
  std::printf("in logs only         %s\n", HumanBytes(statistics.memtable_bytes).c_str());
  std::printf("open segments        %s\n", Grouped(statistics.open_segments).c_str());
  std::printf("hidden keys          %s deleted keys that scans passed one by one, since opening\n",
              Grouped(statistics.hidden_keys).c_str());
}

// Returns members of an object, each after a comma.
std::string JsonOf(const LifetimeBytes& bytes) {
  return StrCat(",\"user_bytes\":", bytes.user, ",\"log_bytes\":", bytes.logs,
                ",\"flush_bytes\":", bytes.flushes, ",\"compaction_bytes\":", bytes.compactions,
                ",\"write_amplification\":", Times(WriteAmplification(bytes)));
}

std::string JsonOf(const FileMeta& file, int level, uint64_t run_id) {
  std::string out =
      StrCat("{\"file\":", JsonString(SegmentFileName(file.number)), ",\"level\":", level,
             ",\"run\":", run_id, ",\"bytes\":", file.bytes, ",\"entries\":", file.entries,
             ",\"tombstones\":", file.tombstones, ",\"superseded\":", file.superseded,
             ",\"range_tombstones\":", file.range_tombstones,
             ",\"smallest_namespace\":", file.smallest_ns, ",");
  AppendJsonBytes(&out, "smallest_key", file.smallest_key);
  StrAppend(&out, ",\"largest_namespace\":", file.largest.ns, ",");
  AppendJsonBytes(&out, "largest_key", file.largest.key);
  StrAppend(&out, ",\"largest_is_inside\":", file.largest.kind == KeyBound::Kind::kInclusive,
            ",\"least_timestamp\":", file.min_ts, ",\"greatest_timestamp\":", file.max_ts, "}");
  return out;
}

void PrintJson(const Statistics& statistics, CompactionPolicyKind policy, const Version& version) {
  std::string out = StrCat(
      "{\"last_timestamp\":", statistics.last_timestamp,
      ",\"history_floor\":", statistics.history_floor,
      ",\"memtable_bytes\":", statistics.memtable_bytes,
      ",\"open_segments\":", statistics.open_segments, ",\"hidden_keys\":", statistics.hidden_keys,
      ",\"space_amplification_at_most\":", Times(SpaceAmplificationAtMost(statistics)),
      JsonOf(statistics.lifetime), ",\"policy\":", JsonString(PolicyName(policy)),
      ",\"next_compaction\":", JsonString(statistics.pending_compaction), ",\"levels\":[");
  for (const LevelStatistics& level : statistics.levels) {
    StrAppend(
        &out, level.level == 0 ? "" : ",", "{\"level\":", level.level, ",\"runs\":", level.runs,
        ",\"files\":", level.files, ",\"bytes\":", level.bytes, ",\"entries\":", level.entries,
        ",\"tombstones\":", level.tombstones, ",\"superseded\":", level.superseded,
        ",\"range_tombstones\":", level.range_tombstones, ",\"score\":", Times(level.score), "}");
  }
  out += "],\"files\":[";
  const char* comma = "";
  for (int level = 0; level < kLevels; ++level) {
    for (const Run& run : version.runs(level)) {
      for (const FileRef& file : run.files) {
        out += comma + JsonOf(*file, level, run.id);
        comma = ",\n";
      }
    }
  }
  std::printf("%s]}\n", out.c_str());
}

absl::Status WritePicture(const std::string& path, const std::string& directory,
                          const Statistics& statistics, CompactionPolicyKind policy,
                          const Version& version) {
  const LevelStatistics total = TotalOf(statistics);
  TreePicture picture;
  picture.title = "Veralith: " + directory;
  picture.notes = {
      StrCat(Grouped(total.files), " files, ", HumanBytes(total.bytes), ", ",
             Grouped(total.entries), " entries, ", Share(total.tombstones, total.entries),
             " tombstones; space amplification at most ",
             Times(SpaceAmplificationAtMost(statistics)), "."),
      "Write amplification: " + WriteAmplificationText(statistics.lifetime) + ".",
      StrCat("Next compaction (", PolicyName(policy), "): ",
             statistics.pending_compaction.empty() ? std::string("nothing is due")
                                                   : statistics.pending_compaction,
             "."),
      StrCat("Newest commit: ", statistics.last_timestamp, " ns since the Unix epoch.")};
  if (std::error_code error; std::filesystem::is_fifo(path, error)) {
    return FailedPrecondition(path + ": it is a pipe (FIFO); --html needs a file");
  }
  errno = 0;
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream << DrawTree(version, picture);
  stream.flush();
  return stream ? absl::OkStatus() : ErrnoStatus(path, "write", errno == 0 ? EIO : errno);
}

// A database opened for reading, and what its manifest says.
struct Opened {
  std::unique_ptr<Db> db;
  ManifestState manifest;
  CompactionPolicyKind policy;
};

// Reads the manifest while the database is open, so that no writer changes it meanwhile. If the
// manifest names another policy, opens the database again with that one.
absl::StatusOr<Opened> OpenForStats(const Arguments& arguments, const std::string& directory) {
  Options options;
  options.read_only = true;
  options.create_if_missing = false;
  options.compaction_policy = PolicyFrom(arguments, std::nullopt);
  Opened opened;
  VERALITH_ASSIGN_OR_RETURN(opened.db, Db::Open(directory, options));
  VERALITH_ASSIGN_OR_RETURN(opened.manifest, ReadManifest(directory));
  opened.policy = PolicyFrom(arguments, opened.manifest.policy);
  if (opened.policy != options.compaction_policy) {
    options.compaction_policy = opened.policy;
    VERALITH_RETURN_IF_ERROR(opened.db->Close());
    VERALITH_ASSIGN_OR_RETURN(opened.db, Db::Open(directory, options));
  }
  return opened;
}

int RunStats(const Arguments& arguments) {
  const std::string& directory = arguments.positional()[0];
  const absl::StatusOr<Opened> opened = OpenForStats(arguments, directory);
  if (!opened.ok()) {
    return Fail(opened.status());
  }
  const Version& version = *opened->manifest.version;
  const Statistics statistics = opened->db->GetStatistics();
  if (arguments.Has("json")) {
    PrintJson(statistics, opened->policy, version);
  } else {
    PrintLevels(statistics);
    PrintSummary(statistics, opened->policy);
  }
  if (const std::optional<std::string> path = arguments.Value("html"); path.has_value()) {
    if (const absl::Status status =
            WritePicture(*path, directory, statistics, opened->policy, version);
        !status.ok()) {
      return Fail(status);
    }
    std::fprintf(stderr, "the tree is drawn in %s\n", path->c_str());
  }
  return CloseDatabase(*opened->db, kExitOk);
}

}  // namespace

void PrintLevels(const Statistics& statistics) {
  std::printf("level  runs   files        size     entries  tombstones  score\n");
  for (const LevelStatistics& level : statistics.levels) {
    if (level.files > 0) {
      std::printf("%5d %5d %7s %11s %11s %11s  %5.2f\n", level.level, level.runs,
                  Grouped(level.files).c_str(), HumanBytes(level.bytes).c_str(),
                  Grouped(level.entries).c_str(), Share(level.tombstones, level.entries).c_str(),
                  level.score);
    }
  }
  const LevelStatistics total = TotalOf(statistics);
  std::printf("total %5d %7s %11s %11s %11s\n", total.runs, Grouped(total.files).c_str(),
              HumanBytes(total.bytes).c_str(), Grouped(total.entries).c_str(),
              Share(total.tombstones, total.entries).c_str());
}

Command StatsCommand() {
  return {
      .name = "stats",
      .parameters = {kDirectory},
      .summary = "Shows levels, runs, files, bytes, tombstones, and what is due",
      .details = "Opens the database for reading only, and writes nothing in it. Write "
                 "amplification covers the life of the database, as its manifest records it. Bytes "
                 "written between the last change of the tree and a crash or a kill are missing.",
      .flags = {{.name = "html",
                 .value = "FILE",
                 .type = Flag::Type::kFile,
                 .help = "also draws the tree as one page: every file with its keys, age and "
                         "share of tombstones; open it in a browser"},
                {.name = "json",
                 .letter = 'j',
                 .help = "prints everything, including each file, as one JSON object; keys that "
                         "are not UTF-8 as base64, in smallest_key_base64"},
                {.name = "policy",
                 .value = "NAME",
                 .type = Flag::Type::kChoice,
                 .help = "scores and the next compaction as this policy sees them (default: "
                         "the one that the database last ran with), with default sizes",
                 .choices = {"leveled", "hybrid", "tiered"}}},
      .examples = {"veralith stats /tmp/fruit --html /tmp/fruit.html"},
      .also = {"info", "status", "du"},
      .run = RunStats};
}

}  // namespace veralith::tools
