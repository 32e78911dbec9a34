// veralith repair: the best database from a damaged directory.
#include <cstdio>
#include <memory>
#include <string>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/db/repair.h"
#include "tools/progress.h"
#include "tools/veralith/command.h"

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
  std::string text = StrCat(Grouped(entries), " entries, ", Grouped(range_tombstones), " range deletes");
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
    return Fail(InvalidArgument("give either --to TARGET or --dry-run"));
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
          .synopsis = "DIR (--to TARGET | --dry-run) [--behind-damage] [--quiet]",
          .summary = "Rebuilds the best database from a damaged directory, in another directory",
          .details =
              "Reads DIR, which stays as it is, and writes what can be read to TARGET, which must be\n"
              "missing or empty. Lists what is kept, what is lost and why, and what may be wrong.\n"
              "  --to TARGET       where the result goes\n"
              "  --dry-run         lists only\n"
              "  --behind-damage   also takes log records behind damage: more is kept, but the\n"
              "                    result may be a state that never was (writes between are missing)\n"
              "  --quiet           does not show how far it is\n\n"
              "Exit codes: 0 all was kept; 1 something was lost; 2 wrong usage; 3 nothing could be\n"
              "recovered, or the target could not be written.\n\n"
              "Example: veralith repair /tmp/fruit --to /tmp/fruit-repaired\n",
          .options = {.with_value = {"to"}, .switches = {"dry-run", "behind-damage", "quiet"}},
          .least_arguments = 1,
          .most_arguments = 1,
          .run = RunRepair};
}

}  // namespace veralith::tools
