// SPDX-License-Identifier: Apache-2.0

// Runs a program again and again, cuts the power at each of its steps, and shows every disk that
// may be left to a check.
//
//   const auto program = [](SimulatedFileSystem& disk) { ...writes... };
//   const auto check = [](SimulatedFileSystem& disk) { ...opens, reads, returns a status... };
//   const PowerCutReport report = CutPowerAtEveryStep(program, check);
//   EXPECT_TRUE(report.status.ok()) << report.Text();
//
// THE PROGRAM gets a disk and works on it until it is done or a call fails; after the cut every
// call does (IsSimulatedCrash). It must do the same each time it runs: its time, threads and
// randomness come from a SimulatedClock, a SimulatedExecutor and a seed. When it returns, no File,
// lock or database of the disk is open. It can leave a note of what it was promised, such as how
// many syncs returned OK, where the check finds it.
//
// THE CHECK gets one disk that the cut may have left, and returns OK or what is wrong with it. It
// may change the disk: nobody else sees it. All disks of one cut are checked before the program
// runs again, so the note is that of the run that was cut.
//
// Where the power is cut: in each step (as in simulated_file_system.h), and after the program's
// end.
//
// Thread rule: the program and the check run on the calling thread. Exceptions of both pass
// through.
#ifndef VERALITH_TESTING_POWER_CUTS_H_
#define VERALITH_TESTING_POWER_CUTS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "veralith/export.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith {

struct PowerCutOptions {
  // The disk that the program begins with; every run gets a copy, in which all that is visible is
  // durable. Null: an empty disk.
  const SimulatedFileSystem* start = nullptr;
  // The most survivors that are looked at after one cut; at least 1. The others are left out in the
  // order of SimulatedFileSystem::EnumerateSurvivors.
  size_t survivors_per_cut = 64;
  // Which paths differ from survivor to survivor, as in EnumerateSurvivors. Null: all.
  SimulatedFileSystem::PathFilter varies = nullptr;
  // One case alone, by the name that a report gave it, such as "7/12"; the other options are as
  // they were. Empty: all.
  std::string only = {};
};

struct PowerCutReport {
  // OK if every check was. Otherwise the first error of a check, with the name of its case before
  // it. FailedPrecondition if the program does not do the same each time. InvalidArgument if
  // PowerCutOptions::only names no case.
  absl::Status status;
  // The case whose check failed: "STEP/SURVIVOR". Empty if none did.
  std::string cut;
  // The disk that this check saw: names, sizes, hashes.
  std::string disk;
  uint64_t steps = 0;      // that the program takes if the power stays on
  uint64_t survivors = 0;  // disks that were checked
  // True if these were all that may be left, at every step. (False beside an error.)
  bool complete = false;

  // Returns a line for people, and after an error the disk: what to print when a test fails.
  VERALITH_EXPORT std::string Text() const;
};

using PowerCutProgram = std::function<void(SimulatedFileSystem& disk)>;
using PowerCutCheck = std::function<absl::Status(SimulatedFileSystem& disk)>;

// Runs the program once for each of its steps and three times more, and the check for each
// survivor. Stops at the first error.
VERALITH_EXPORT PowerCutReport CutPowerAtEveryStep(const PowerCutProgram& program,
                                                   const PowerCutCheck& check,
                                                   const PowerCutOptions& options = {});

}  // namespace veralith

#endif  // VERALITH_TESTING_POWER_CUTS_H_
