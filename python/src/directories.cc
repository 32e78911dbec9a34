// SPDX-License-Identifier: Apache-2.0

// What works on closed directories: checking and repairing; and the list of options.
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>

#include "core/c/report.h"
#include "python/src/database.h"
#include "veralith/check_database.h"
#include "veralith/options_text.h"
#include "veralith/posix_file_system.h"
#include "veralith/repair.h"
#include "veralith/version.h"

namespace veralith::python {
namespace {

auto CheckDirectory(const std::string& directory) {
  CheckReport report;
  Check(WithoutGil([&] { return CheckDatabase(*PosixFileSystem(), directory, {}, &report); }));
  return c::ReportOf(report)->entries;
}

auto Repair(const std::string& source, const std::string& target, bool behind_damage,
            bool dry_run) {
  RepairReport report;
  Check(WithoutGil([&] {
    return RepairDatabase({}, source, target,
                          {.behind_damage = behind_damage, .dry_run = dry_run, .progress = {}},
                          &report);
  }));
  return c::ReportOf(report)->entries;
}

// Tuples of name, default, limits, unit and sentence.
nb::list OptionList() {
  nb::list list;
  for (const OptionText& option : OptionTexts({})) {
    list.append(nb::make_tuple(std::string(option.name), option.text, option.limits,
                               std::string(option.unit), std::string(option.sentence)));
  }
  return list;
}

}  // namespace

void BindDirectories(nb::module_& module) {
  module.def("check", &CheckDirectory);
  module.def("repair", &Repair);
  module.def("options", &OptionList);
  module.attr("version") = std::string(kVersion);
}

}  // namespace veralith::python
