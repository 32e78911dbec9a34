// SPDX-License-Identifier: Apache-2.0

#include "veralith/testing/power_cuts.h"

#include <charconv>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "core/base/check.h"
#include "core/base/status.h"

namespace veralith {
namespace {

using Disk = std::unique_ptr<SimulatedFileSystem>;

struct Case {
  uint64_t step = 0;
  uint64_t survivor = 0;  // its index in EnumerateSurvivors
};

std::string NameOf(const Case& cut) {
  return std::to_string(cut.step) + "/" + std::to_string(cut.survivor);
}

std::optional<Case> ParseCase(std::string_view text) {
  Case cut;
  const char* const end = text.data() + text.size();
  const auto step = std::from_chars(text.data(), end, cut.step);
  if (step.ec != std::errc() || step.ptr == end || *step.ptr != '/' || cut.step == 0) {
    return std::nullopt;
  }
  const auto survivor = std::from_chars(step.ptr + 1, end, cut.survivor);
  return survivor.ec == std::errc() && survivor.ptr == end ? std::optional(cut) : std::nullopt;
}

class PowerCuts {
 public:
  PowerCuts(const PowerCutProgram& program, const PowerCutCheck& check,
            const PowerCutOptions& options)
      : program_(program), check_(check), options_(options) {
    VERALITH_CHECK(options.survivors_per_cut > 0);
  }

  PowerCutReport CutAtEveryStep() {
    const Disk whole = Run(0);
    report_.steps = whole->steps();
    report_.complete = true;
    const Disk again = Run(0);
    if (again->steps() != report_.steps || again->Fingerprint() != whole->Fingerprint()) {
      NotTheSame("two runs without a cut took " + std::to_string(report_.steps) + " and " +
                 std::to_string(again->steps()) + " steps, or left other bytes");
    }
    for (uint64_t step = 1; report_.status.ok() && step <= report_.steps + 1; ++step) {
      Cut(step);
    }
    report_.complete = report_.complete && report_.status.ok();
    return std::move(report_);
  }

  PowerCutReport CutOnce() {
    const std::optional<Case> cut = ParseCase(options_.only);
    report_.steps = Run(0)->steps();
    if (!cut || cut->step > report_.steps + 1 || !Cut(cut->step, cut->survivor)) {
      report_.status = InvalidArgument("there is no power cut " + options_.only);
    }
    report_.complete = false;
    return std::move(report_);
  }

 private:
  // Runs the program on a new disk whose power fails in `step`; 0: never.
  Disk Run(uint64_t step) {
    Disk disk = options_.start == nullptr ? std::make_unique<SimulatedFileSystem>()
                                          : options_.start->CloneWithEverything();
    if (step != 0) {
      disk->CrashAtStep(step);
    }
    program_(*disk);
    return disk;
  }

  // Checks the survivors of a cut, or only one of them; returns whether there was any to check.
  bool Cut(uint64_t step, std::optional<uint64_t> only = std::nullopt) {
    const Disk disk = Run(step);
    if (!disk->crashed() && step <= report_.steps) {
      NotTheSame("a run took " + std::to_string(disk->steps()) + " steps, another " +
                 std::to_string(report_.steps));
      return true;
    }
    disk->CrashNow();
    const SimulatedFileSystem::Survivors survivors = Survivors(*disk);
    report_.complete = report_.complete && survivors.complete;
    const uint64_t before = report_.survivors;
    for (uint64_t i = 0; report_.status.ok() && i < survivors.images.size(); ++i) {
      if (!only || *only == i) {
        ++report_.survivors;
        report_.status = check_(*survivors.images[i]);
        if (!report_.status.ok()) {
          Describe({step, i}, *disk);
        }
      }
    }
    return report_.survivors > before;
  }

  // Says which case the error is of, and shows its disk as it was before the check.
  void Describe(const Case& cut, const SimulatedFileSystem& disk) {
    report_.cut = NameOf(cut);
    report_.status = Annotate(report_.status, "power cut " + report_.cut);
    report_.disk = Survivors(disk).images[cut.survivor]->Dump();
  }

  SimulatedFileSystem::Survivors Survivors(const SimulatedFileSystem& disk) const {
    return disk.EnumerateSurvivors(options_.survivors_per_cut, options_.varies);
  }

  void NotTheSame(const std::string& how) {
    report_.status =
        FailedPrecondition("the program does not do the same each time it runs: " + how);
  }

  const PowerCutProgram& program_;
  const PowerCutCheck& check_;
  const PowerCutOptions& options_;
  PowerCutReport report_;
};

}  // namespace

std::string PowerCutReport::Text() const {
  std::string text = std::to_string(steps) + " steps, " + std::to_string(survivors) + " survivors" +
                     (complete ? ", which are all" : "");
  if (!status.ok()) {
    text += ": " + ToString(status) + "\n" + disk;
  }
  return text;
}

PowerCutReport CutPowerAtEveryStep(const PowerCutProgram& program, const PowerCutCheck& check,
                                   const PowerCutOptions& options) {
  PowerCuts cuts(program, check, options);
  return options.only.empty() ? cuts.CutAtEveryStep() : cuts.CutOnce();
}

}  // namespace veralith
