// SPDX-License-Identifier: Apache-2.0

// What is done to directories that no database has open: check and repair.
#include <string>
#include <string_view>

#include "core/c/border.h"
#include "core/c/report.h"
#include "veralith/check_database.h"
#include "veralith/posix_file_system.h"
#include "veralith/repair.h"

using absl::Status;
using veralith::c::CheckNotNull;
using veralith::c::Return;

namespace {

// Runs `work`, which fills in a Report, and hands it on, even with an error.
template <typename Report, typename Work>
Status WithReport(veralith_report_t** report, Work&& work) {
  Report filled;
  const Status status = work(&filled);
  *report = veralith::c::ReportOf(filled).release();
  return status;
}

}  // namespace

veralith_status_t* veralith_check_database(const veralith_options_t* options, const char* directory,
                                           veralith_progress_t progress, void* state,
                                           veralith_report_t** report) {
  return Return("veralith_check_database", [&]() -> Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(report, "report"));
    *report = nullptr;
    VERALITH_RETURN_IF_ERROR(CheckNotNull(directory, "directory"));
    std::function<void(const std::string&)> tell;
    if (progress != nullptr) {
      tell = [&](const std::string& file) { progress(state, file.c_str(), 0, 0); };
    }
    veralith::FileSystem* const chosen = veralith::c::OptionsOf(options).file_system;
    veralith::FileSystem& fs = chosen == nullptr ? *veralith::PosixFileSystem() : *chosen;
    return WithReport<veralith::CheckReport>(report, [&](veralith::CheckReport* found) {
      return veralith::CheckDatabase(fs, directory, tell, found);
    });
  });
}

veralith_status_t* veralith_repair_database(const veralith_options_t* options, const char* source,
                                            const char* target,
                                            const veralith_repair_options_t* repair,
                                            veralith_report_t** report) {
  return Return("veralith_repair_database", [&]() -> Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(report, "report"));
    *report = nullptr;
    VERALITH_RETURN_IF_ERROR(CheckNotNull(source, "source"));
    VERALITH_RETURN_IF_ERROR(CheckNotNull(target, "target"));
    veralith_repair_options_t known;
    VERALITH_RETURN_IF_ERROR(veralith::c::TakeStruct(repair, &known));
    veralith::RepairOptions chosen;
    VERALITH_RETURN_IF_ERROR(
        veralith::c::TakeSwitch(known.behind_damage, "behind_damage", &chosen.behind_damage));
    VERALITH_RETURN_IF_ERROR(veralith::c::TakeSwitch(known.dry_run, "dry_run", &chosen.dry_run));
    if (known.progress != nullptr) {
      chosen.progress = [&](std::string_view phase, uint64_t done, uint64_t total) {
        known.progress(known.state, std::string(phase).c_str(), done, total);
      };
    }
    return WithReport<veralith::RepairReport>(report, [&](veralith::RepairReport* found) {
      return veralith::RepairDatabase(veralith::c::OptionsOf(options), source, target, chosen,
                                      found);
    });
  });
}
