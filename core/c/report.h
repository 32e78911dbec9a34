// SPDX-License-Identifier: Apache-2.0

// Makes reports for C from the structs of C++: one entry for each member, under its name.
#ifndef VERALITH_CORE_C_REPORT_H_
#define VERALITH_CORE_C_REPORT_H_

#include <memory>

#include "core/c/objects.h"
#include "veralith/check_database.h"
#include "veralith/iceberg.h"
#include "veralith/options.h"
#include "veralith/repair.h"
#include "veralith/statistics.h"

namespace veralith::c {

std::unique_ptr<veralith_report_t> ReportOf(const Statistics& statistics);
std::unique_ptr<veralith_report_t> ReportOf(const CheckReport& check);
std::unique_ptr<veralith_report_t> ReportOf(const RepairReport& repair);
std::unique_ptr<veralith_report_t> ReportOf(const Options& options);
std::unique_ptr<veralith_report_t> ReportOf(const PublishReport& published);

}  // namespace veralith::c

#endif  // VERALITH_CORE_C_REPORT_H_
