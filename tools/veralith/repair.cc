// SPDX-License-Identifier: Apache-2.0

// veralith repair: makes the best database from a damaged directory.
#include <cstdio>
#include <memory>
#include <string>

#include "core/base/status.h"
#include "core/base/text.h"
#include "tools/progress.h"
#include "tools/veralith/database.h"
#include "veralith/repair.h"

namespace veralith::tools {
namespace {

// One line on standard error per phase.
class PhaseProgress {
 public:
  void Update(std::string_view phase, uint64_t done, uint64_t total) {
    if (phase != phase_) {
      phase_ = phase;
      line_ = std::make_unique<Progress>(phase_, "bytes", total);
    }
    line_->Update(done);
  }
  void Finish() { line_.reset(); }

 private:
  std::string phase_;
  std::unique_ptr<Progress> line_;
};

std::string Span(uint64_t entries, uint64_t range_tombstones, Timestamp min_ts, Timestamp max_ts) {
  std::string text =
      StrCat(Grouped(entries), " entries, ", Grouped(range_tombstones), " range deletes");
  if (max_ts != 0) {
    StrAppend(&text, ", timestamps ", min_ts, " to ", max_ts);
  }
  return text;
}

void PrintReport(const RepairReport& report) {
  for (const std::string& note : report.notes) {
    std::printf("note: %s\n", note.c_str());
  }
  for (const std::string& file : report.left_out) {
    std::printf("left out: %s\n", file.c_str());
  }
  for (const RepairReport::Kept& kept : report.kept) {
    std::printf("kept: %s: %s\n", kept.file.c_str(),
                Span(kept.entries, kept.range_tombstones, kept.min_ts, kept.max_ts).c_str());
  }
  for (const RepairReport::Lost& lost : report.lost) {
    const std::string place = lost.offset.has_value() ? StrCat(" offset ", *lost.offset) : "";
    std::printf("LOST: %s%s: %s\n", lost.file.c_str(), place.c_str(), lost.what.c_str());
  }
  for (const std::string& risk : report.risks) {
    std::printf("RISK: %s\n", risk.c_str());
  }
}

void PrintResult(const RepairReport& report, const std::string& target) {
  std::printf("wrote %s: %s files (%s), %s\n", target.c_str(),
              Grouped(report.files_written).c_str(), HumanBytes(report.bytes_written).c_str(),
              Span(report.entries, report.range_tombstones, report.min_ts, report.max_ts).c_str());
}

int RunRepair(const Arguments& arguments) {
  RepairOptions repair;
  repair.dry_run = arguments.Has("dry-run");
  repair.behind_damage = arguments.Has("behind-damage");
  const std::string target = arguments.Value("to").value_or("");
  if (target.empty() != repair.dry_run) {
    return Fail(InvalidArgument("repair: give either --to TARGET or --dry-run"));
  }
  PhaseProgress progress;
  if (!arguments.Has("quiet")) {
    repair.progress = [&progress](std::string_view phase, uint64_t done, uint64_t total) {
      progress.Update(phase, done, total);
    };
  }
  RepairReport report;
  const absl::Status status =
      RepairDatabase(Options(), arguments.positional()[0], target, repair, &report);
  progress.Finish();
  PrintReport(report);
  if (!status.ok()) {
    return Fail(status);
  }
  if (!repair.dry_run) {
    PrintResult(report, target);
  }
  std::printf("%s\n", report.lost.empty() ? "nothing was lost" : "SOMETHING WAS LOST: see above");
  return report.lost.empty() ? kExitOk : kExitNo;
}

}  // namespace

Command RepairCommand() {
  return {.name = "repair",
          .parameters = {kDirectory},
          .summary = "Rebuilds what a damaged directory still holds, in another one",
          .details =
              "Reads DIR without changing it, and writes what can be read to TARGET, which "
              "must be "
              "missing or empty. Lists what is kept, what is lost and why, and what may be wrong. "
              "Give either --to or --dry-run. Exit code 3 says that nothing could be recovered, or "
              "that the target could not be written.",
          .flags = {{.name = "to",
                     .value = "TARGET",
                     .type = Flag::Type::kFile,
                     .help = "the directory for the result"},
                    {.name = "dry-run", .help = "only lists; writes nothing"},
                    {.name = "behind-damage",
                     .help = "also takes log records after damage: more is kept, but the result "
                             "may "
                             "be a state that never existed (writes in between are missing)"},
                    {.name = "quiet", .letter = 'q', .help = "shows no progress"}},
          .examples = {"veralith repair /tmp/fruit --to /tmp/fruit-repaired"},
          .no = "something was lost",
          .hint = "the target is given as --to TARGET",
          .also = {"recover", "fix"},
          .run = RunRepair};
}

}  // namespace veralith::tools
