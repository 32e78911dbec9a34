// veralith flush, compact, checkpoint, check: a database as a whole.
#include <cstdio>
#include <string>

#include "core/base/status.h"
#include "core/db/check_database.h"
#include "core/fs/posix_file_system.h"
#include "tools/progress.h"
#include "tools/veralith/command.h"

namespace veralith::tools {
namespace {

template <typename Action>
int WithDatabase(const Arguments& arguments, Action action) {
  absl::StatusOr<std::unique_ptr<Db>> db = OpenDatabase(arguments.positional()[0], Access::kWrite);
  if (!db.ok()) {
    return Fail(db.status());
  }
  const absl::Status status = action(**db);
  if (status.ok()) {
    const Statistics statistics = (*db)->GetStatistics();
    PrintLevels(statistics);
    std::printf("written since opening: %s by flushes, %s by compactions (%s copied as they were)\n",
                HumanBytes(statistics.flush_bytes_written).c_str(),
                HumanBytes(statistics.compaction_bytes_written).c_str(),
                HumanBytes(statistics.compaction_bytes_copied).c_str());
  }
  return CloseDatabase(**db, status.ok() ? kExitOk : Fail(status));
}

int RunFlush(const Arguments& arguments) {
  return WithDatabase(arguments, [](Db& db) { return db.Flush(); });
}

int RunCompact(const Arguments& arguments) {
  const bool has_ns = arguments.Has("ns") || arguments.Has("from") || arguments.Has("to");
  const absl::StatusOr<NamespaceId> ns = NamespaceFrom(arguments);
  if (!ns.ok()) {
    return Fail(ns.status());
  }
  const auto bound = [&](const char* name) {
    const auto text = arguments.Value(name);
    return text.has_value() ? Bound::Inclusive(*text) : Bound::Open();
  };
  return WithDatabase(arguments, [&](Db& db) {
    return db.Compact(has_ns ? std::optional(*ns) : std::nullopt, bound("from"), bound("to"));
  });
}

int RunCheckpoint(const Arguments& arguments) {
  return WithDatabase(arguments,
                      [&](Db& db) { return db.Checkpoint(arguments.positional()[1]); });
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
  return {.name = "flush",
          .synopsis = "DIR",
          .summary = "Moves everything that only logs hold into segments",
          .details = "Example: veralith flush /tmp/fruit\n",
          .options = {},
          .least_arguments = 1,
          .most_arguments = 1,
          .run = RunFlush};
}

Command CompactCommand() {
  return {.name = "compact",
          .synopsis = "DIR [--ns N] [--from KEY] [--to KEY]",
          .summary = "Merges segments down to the last level; returns when done",
          .details = "  --ns N       only this namespace; without bounds and --ns: everything\n"
                     "  --from KEY   only from this key on\n"
                     "  --to KEY     only up to this key, inclusive\n\n"
                     "Example: veralith compact /tmp/fruit\n",
          .options = {.with_value = {"ns", "from", "to"}, .switches = {}},
          .least_arguments = 1,
          .most_arguments = 1,
          .run = RunCompact};
}

Command CheckpointCommand() {
  return {.name = "checkpoint",
          .synopsis = "DIR TARGET",
          .summary = "Makes a consistent copy that opens as a database of its own",
          .details = "TARGET must not exist. Segments are linked where the file system can.\n\n"
                     "Example: veralith checkpoint /tmp/fruit /tmp/fruit-copy\n",
          .options = {},
          .least_arguments = 2,
          .most_arguments = 2,
          .run = RunCheckpoint};
}

Command CheckCommand() {
  return {.name = "check",
          .synopsis = "DIR [--quiet]",
          .summary = "Verifies every checksum and structural rule; exit code 1 when damage is found",
          .details = "Reads every file once and writes nothing. Each finding names a file and, where\n"
                     "it has one, the offset.\n"
                     "  --quiet   does not name the files while it reads them\n\n"
                     "Example: veralith check /tmp/fruit\n",
          .options = {.with_value = {}, .switches = {"quiet"}},
          .least_arguments = 1,
          .most_arguments = 1,
          .run = RunCheck};
}

}  // namespace veralith::tools
