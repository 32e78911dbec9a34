// SPDX-License-Identifier: Apache-2.0

// veralith flush, compact, checkpoint, check: a database as a whole.
#include <cstdio>
#include <string>

#include "core/base/status.h"
#include "tools/progress.h"
#include "tools/veralith/database.h"
#include "tools/veralith/key_text.h"
#include "tools/veralith/work_progress.h"
#include "veralith/check_database.h"
#include "veralith/posix_file_system.h"

namespace veralith::tools {
namespace {

constexpr Parameter kTarget = {"TARGET", Parameter::Kind::kPath};

// Opens the database, does `action`, and says what the tree looks like. Opening may be part of the
// work: it writes what logs hold.
template <typename Action>
int WithDatabase(WorkProgress::Work work, const Arguments& arguments, Action action) {
  const absl::StatusOr<Options> options = OptionsFrom(arguments);
  if (!options.ok()) {
    return Fail(options.status());
  }
  WorkProgress progress(std::move(work), arguments);
  absl::StatusOr<std::unique_ptr<Db>> db =
      OpenDatabase(arguments.positional()[0], Access::kWrite, *options);
  if (!db.ok()) {
    progress.Finish(/*success=*/false);
    return Fail(db.status());
  }
  const absl::Status status = action(**db);
  progress.Finish(status.ok());
  if (status.ok()) {
    const Statistics statistics = (*db)->GetStatistics();
    PrintLevels(statistics);
    std::printf(
        "written since opening: %s by flushes, %s by compactions (%s copied as they were, %s in "
        "idle time)\n",
        HumanBytes(statistics.flush_bytes_written).c_str(),
        HumanBytes(statistics.compaction_bytes_written).c_str(),
        HumanBytes(statistics.compaction_bytes_copied).c_str(),
        HumanBytes(statistics.idle_merge_bytes_written).c_str());
  }
  return CloseDatabase(**db, status.ok() ? kExitOk : Fail(status));
}

int RunFlush(const Arguments& arguments) {
  return WithDatabase({.what = "flush", .directory = arguments.positional()[0]}, arguments,
                      [](Db& db) { return db.Flush(); });
}

int RunCompact(const Arguments& arguments) {
  const absl::StatusOr<BoundPair> bounds = BoundsFrom(arguments);
  if (!bounds.ok()) {
    return Fail(bounds.status());
  }
  const bool everything = bounds->is_open() && !arguments.Has("ns");
  return WithDatabase(
      {.what = "compact", .directory = arguments.positional()[0], .reads_segments = true},
      arguments, [&](Db& db) {
        return db.Compact(everything ? std::nullopt : std::optional(NamespaceFrom(arguments)),
                          bounds->lower, bounds->upper);
      });
}

int RunCheckpoint(const Arguments& arguments) {
  const std::string& target = arguments.positional()[1];
  return WithDatabase({.what = "checkpoint",
                       .directory = arguments.positional()[0],
                       .target = target,
                       .reads_segments = true},
                      arguments, [&](Db& db) { return db.Checkpoint(target); });
}

int RunCheck(const Arguments& arguments) {
  CheckReport report;
  const bool quiet = arguments.Has("quiet");
  const absl::Status status = CheckDatabase(
      *PosixFileSystem(), arguments.positional()[0],
      [quiet](const std::string& file) {
        if (!quiet) {
          std::fprintf(stderr, "checking %s\n", file.c_str());
        }
      },
      &report);
  if (!status.ok()) {
    return Fail(status);
  }
  for (const std::string& note : report.notes) {
    std::printf("note: %s\n", note.c_str());
  }
  for (const std::string& damage : report.damage) {
    std::printf("DAMAGE: %s\n", damage.c_str());
  }
  std::printf("checked %s files (%s), %s entries in segments, %s records in logs: %s\n",
              Grouped(report.files).c_str(), HumanBytes(report.bytes).c_str(),
              Grouped(report.entries).c_str(), Grouped(report.log_records).c_str(),
              report.damage.empty() ? "no damage" : "DAMAGED");
  return report.damage.empty() ? kExitOk : kExitNo;
}

}  // namespace

Command FlushCommand() {
  std::vector<Flag> flags = WorkProgress::Flags();
  flags.push_back(OptionFlag());
  return {.name = "flush",
          .parameters = {kDirectory},
          .summary = "Moves everything that only logs hold into segments",
          .flags = flags,
          .examples = {"veralith flush /tmp/fruit"},
          .run = RunFlush};
}

Command CompactCommand() {
  std::vector<Flag> flags = {{.name = "ns",
                              .letter = 'n',
                              .value = "N",
                              .type = Flag::Type::kNumber,
                              .help = "only this namespace; default 0 with bounds, otherwise all",
                              .most = kMaxNamespace}};
  for (const std::vector<Flag>& more : {RangeFlags(), WorkProgress::Flags()}) {
    flags.insert(flags.end(), more.begin(), more.end());
  }
  flags.push_back(OptionFlag());
  return {.name = "compact",
          .parameters = {kDirectory},
          .summary = "Merges segments down to the last level; returns when done",
          .details = "Without --ns and bounds: everything.",
          .flags = flags,
          .examples = {"veralith compact /tmp/fruit"},
          .hint = "bounds are --from, --after, --to, --before and --prefix",
          .also = {"vacuum", "gc", "optimize"},
          .run = RunCompact};
}

Command CheckpointCommand() {
  return {.name = "checkpoint",
          .parameters = {kDirectory, kTarget},
          .summary = "Makes a consistent copy that opens as a separate database",
          .details = "TARGET must not exist. Segments are linked if the file system can.",
          .flags = WorkProgress::Flags(),
          .examples = {"veralith checkpoint /tmp/fruit /tmp/fruit-copy"},
          .also = {"backup", "copy", "snapshot"},
          .run = RunCheckpoint};
}

Command CheckCommand() {
  return {.name = "check",
          .parameters = {kDirectory},
          .summary = "Verifies every checksum and structural rule",
          .details = "Reads every file once and writes nothing. Each finding names a file and, if "
                     "it has one, the offset.",
          .flags = {{.name = "quiet",
                     .letter = 'q',
                     .help = "does not name the files while it reads them"}},
          .examples = {"veralith check /tmp/fruit"},
          .no = "damage was found",
          .also = {"verify", "fsck", "validate", "integrity_check"},
          .run = RunCheck};
}

}  // namespace veralith::tools
