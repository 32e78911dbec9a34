// veralith stats: the shape of the tree, as a table, as JSON, or as a picture.
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/fs/posix_file_system.h"
#include "core/manifest/file_names.h"
#include "core/manifest/manifest_log.h"
#include "core/manifest/version.h"
#include "tools/progress.h"
#include "tools/veralith/command.h"
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

absl::StatusOr<CompactionStyle> StyleFrom(const Arguments& arguments) {
  const std::string name = arguments.Value("policy").value_or("leveled");
  if (name == "leveled") return CompactionStyle::kLeveled;
  if (name == "hybrid") return CompactionStyle::kHybrid;
  if (name == "tiered") return CompactionStyle::kTiered;
  return InvalidArgument("--policy is leveled, hybrid or tiered, not " + name);
}

// The files as the manifest has them; nothing is opened.
absl::StatusOr<Version> ReadVersion(const std::string& directory) {
  FileSystem* const fs = PosixFileSystem();
  VERALITH_ASSIGN_OR_RETURN(const std::vector<std::string> names, fs->List(directory));
  VERALITH_ASSIGN_OR_RETURN(const std::optional<RecoveredManifest> recovered,
                            RecoverManifest(fs, directory, names));
  if (!recovered.has_value()) {
    return NotFound(directory + ": no database here");
  }
  return *recovered->state.version;
}

void PrintSummary(const Statistics& statistics) {
  const LevelStatistics total = TotalOf(statistics);
  const std::string pending =
      statistics.pending_compaction.empty() ? "nothing is due" : statistics.pending_compaction;
  std::printf("\ntombstones           %s of the entries, and %s range tombstones\n",
              Share(total.tombstones, total.entries).c_str(),
              Grouped(total.range_tombstones).c_str());
  std::printf("superseded           %s of the entries, kept for snapshots when they were written\n",
              Share(total.superseded, total.entries).c_str());
  std::printf("space amplification  at most %s (bytes of all segments by those of the oldest run)\n",
              Times(SpaceAmplificationAtMost(statistics)).c_str());
  std::printf("write amplification  is counted since opening, and not kept in the files: a running\n"
              "                     program has it in Db::GetStatistics()\n");
  std::printf("next compaction      %s\n", pending.c_str());
  std::printf("newest commit        %llu ns since the Unix epoch\n",
              static_cast<unsigned long long>(statistics.last_timestamp));
  std::printf("history from         %llu ns\n",
              static_cast<unsigned long long>(statistics.history_floor));
  std::printf("in logs only         %s\n", HumanBytes(statistics.memtable_bytes).c_str());
}

std::string JsonOf(const FileMeta& file, int level, uint64_t run_id) {
  return StrCat("{\"file\":", JsonString(SegmentFileName(file.number)), ",\"level\":", level,
                ",\"run\":", run_id, ",\"bytes\":", file.bytes, ",\"entries\":", file.entries,
                ",\"tombstones\":", file.tombstones, ",\"superseded\":", file.superseded,
                ",\"range_tombstones\":", file.range_tombstones,
                ",\"smallest_namespace\":", file.smallest_ns,
                ",\"smallest_key\":", JsonString(file.smallest_key),
                ",\"largest_namespace\":", file.largest.ns,
                ",\"largest_key\":", JsonString(file.largest.key),
                ",\"largest_is_inside\":", file.largest.kind == KeyBound::Kind::kInclusive,
                ",\"least_timestamp\":", file.min_ts, ",\"greatest_timestamp\":", file.max_ts, "}");
}

void PrintJson(const Statistics& statistics, const Version& version) {
  std::string out = StrCat("{\"last_timestamp\":", statistics.last_timestamp,
                           ",\"history_floor\":", statistics.history_floor,
                           ",\"memtable_bytes\":", statistics.memtable_bytes,
                           ",\"space_amplification_at_most\":",
                           Times(SpaceAmplificationAtMost(statistics)), ",\"next_compaction\":",
                           JsonString(statistics.pending_compaction), ",\"levels\":[");
  for (const LevelStatistics& level : statistics.levels) {
    StrAppend(&out, level.level == 0 ? "" : ",", "{\"level\":", level.level,
              ",\"runs\":", level.runs, ",\"files\":", level.files, ",\"bytes\":", level.bytes,
              ",\"entries\":", level.entries, ",\"tombstones\":", level.tombstones,
              ",\"superseded\":", level.superseded,
              ",\"range_tombstones\":", level.range_tombstones,
              ",\"score\":", Times(level.score), "}");
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
                          const Statistics& statistics, const Version& version) {
  const LevelStatistics total = TotalOf(statistics);
  TreePicture picture;
  picture.title = "Veralith: " + directory;
  picture.notes = {
      StrCat(Grouped(total.files), " files, ", HumanBytes(total.bytes), ", ",
             Grouped(total.entries), " entries, ", Share(total.tombstones, total.entries),
             " tombstones; space amplification at most ",
             Times(SpaceAmplificationAtMost(statistics)), "."),
      "Next compaction: " + (statistics.pending_compaction.empty()
                                 ? std::string("nothing is due")
                                 : statistics.pending_compaction) +
          ".",
      StrCat("Newest commit: ", statistics.last_timestamp, " ns since the Unix epoch.")};
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream << DrawTree(version, picture);
  stream.flush();
  return stream ? absl::OkStatus() : Unavailable("cannot write " + path);
}

int RunStats(const Arguments& arguments) {
  const std::string& directory = arguments.positional()[0];
  const absl::StatusOr<CompactionStyle> style = StyleFrom(arguments);
  if (!style.ok()) {
    return Fail(style.status());
  }
  Options options;
  options.read_only = true;
  options.create_if_missing = false;
  options.compaction_policy = *style;
  absl::StatusOr<std::unique_ptr<Db>> db = Db::Open(directory, options);
  if (!db.ok()) {
    return Fail(db.status());
  }
  const Statistics statistics = (*db)->GetStatistics();
  const absl::StatusOr<Version> version = ReadVersion(directory);
  if (!version.ok()) {
    return Fail(version.status());
  }
  if (arguments.Has("json")) {
    PrintJson(statistics, *version);
  } else {
    PrintLevels(statistics);
    PrintSummary(statistics);
  }
  if (const std::optional<std::string> path = arguments.Value("html"); path.has_value()) {
    if (const absl::Status status = WritePicture(*path, directory, statistics, *version);
        !status.ok()) {
      return Fail(status);
    }
    std::fprintf(stderr, "the tree is drawn in %s\n", path->c_str());
  }
  return CloseDatabase(**db, kExitOk);
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
  return {.name = "stats",
          .synopsis = "DIR [--html FILE] [--json] [--policy NAME]",
          .summary = "Shows the tree: levels, runs, files, bytes, tombstones, what is due",
          .details = "Opens the database for reading only, and writes nothing in it.\n"
                     "  --html FILE    also draws the tree as one page: every file with its keys, age\n"
                     "                 and share of tombstones; open it in a browser\n"
                     "  --json         prints everything, each file too, as one JSON object\n"
                     "  --policy NAME  scores and the next compaction as this policy sees them:\n"
                     "                 leveled (default), hybrid or tiered; sizes as by default\n\n"
                     "Example: veralith stats /tmp/fruit --html /tmp/fruit.html\n",
          .options = {.with_value = {"html", "policy"}, .switches = {"json"}},
          .least_arguments = 1,
          .most_arguments = 1,
          .run = RunStats};
}

}  // namespace veralith::tools
