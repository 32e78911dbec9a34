// SPDX-License-Identifier: Apache-2.0

// Copies of a database, each at a path of its own: checkpoints, repairs, published tables.
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/c/objects.h"
#include "core/iceberg/testing/table_reader.h"
#include "fuzz/c_api_run.h"
#include "veralith/c.h"

namespace veralith::c_api {
namespace {

// The number of that name in a report.
uint64_t NumberOf(const veralith_report_t* report, const char* name) {
  uint64_t number = 1;
  VERALITH_CHECK(CodeOf(veralith_report_number(report, name, &number)) == VERALITH_OK);
  return number;
}

}  // namespace

// A checkpoint, which is sound.
void Run::CheckCopy() {
  const std::string copy = "copy" + std::to_string(position_);
  ExpectAlive(veralith_checkpoint(db_, copy.c_str()));
  veralith_report_t* report = nullptr;
  const int32_t code =
      CodeOf(veralith_check_database(options_, copy.c_str(), nullptr, nullptr, &report));
  VERALITH_CHECK(code == (closed_ ? VERALITH_NOT_FOUND : VERALITH_OK) && report != nullptr);
  VERALITH_CHECK(NumberOf(report, "damage.count") == 0);
  veralith_report_free(report);
}

// A repair of a sound checkpoint loses nothing.
void Run::Repair() {
  const veralith_repair_options_t repair = {sizeof(repair), 0, input_.Byte() % 2 == 0 ? 1 : 0,
                                            nullptr, nullptr};
  const std::string copy = "copy" + std::to_string(position_);
  const std::string target = "repaired" + std::to_string(position_);
  ExpectAlive(veralith_checkpoint(db_, copy.c_str()));
  veralith_report_t* report = nullptr;
  const int32_t code = CodeOf(
      veralith_repair_database(options_, copy.c_str(), target.c_str(), &repair, &report));
  VERALITH_CHECK(code == (closed_ ? VERALITH_NOT_FOUND : VERALITH_OK) && report != nullptr);
  VERALITH_CHECK(NumberOf(report, "lost.count") == 0);
  veralith_report_free(report);
  veralith_t* db = nullptr;
  const int32_t opened = CodeOf(veralith_open_read_only(options_, target.c_str(), &db));
  VERALITH_CHECK(opened == (closed_ || repair.dry_run == 1 ? VERALITH_NOT_FOUND : VERALITH_OK));
  if (db != nullptr) {
    CompareAll(db);
  }
  VERALITH_CHECK(CodeOf(veralith_db_free(db)) == VERALITH_OK);
}

// Now, or the moment of a commit; all namespaces, or one.
void Run::Publish() {
  Moment moment;
  TakeMoment(&moment);
  if (moment.options.snapshot != nullptr) {
    moment.at = model_.last_timestamp();
    moment.may_be_refused = moment.must_be_refused = false;
  }
  const size_t byte = input_.Byte();
  const uint64_t ns = input_.Namespace();
  veralith_publish_options_t options = {};
  options.struct_size = sizeof(options);
  options.at = moment.options.timestamp;
  options.ns = byte % 2 == 0 ? &ns : nullptr;
  options.keep = byte / 2 % 3;
  options.format_version = byte / 6 % 2 == 0 ? 2 : 3;
  const std::string table = options.format_version == 2 ? "/table2" : "/table3";
  veralith_report_t other = {};
  veralith_report_t* report = &other;
  const int32_t code = CodeOf(veralith_publish_iceberg(db_, table.c_str(), &options, &report));
  VERALITH_CHECK((code == VERALITH_OK) == (report != nullptr));
  if (!Admit(code, moment)) {
    return;
  }
  VERALITH_CHECK(NumberOf(report, "at") == moment.at);
  veralith_report_free(report);
  ComparePublished(table, options.ns, moment.at);
}

// The table shows what the model has.
void Run::ComparePublished(const std::string& table, const uint64_t* ns, Timestamp at) {
  std::vector<iceberg::TableRow> expected;
  for (const auto& [its_ns, rows] : model_.All(at)) {
    for (const Row& row : rows) {
      if (ns == nullptr || its_ns == *ns) {
        expected.push_back({its_ns, row.key, row.timestamp, row.value});
      }
    }
  }
  const auto seen = iceberg::ReadTable(disk_, table);
  VERALITH_CHECK(seen.ok() && seen->rows == expected);
}

}  // namespace veralith::c_api
