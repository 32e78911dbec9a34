// SPDX-License-Identifier: Apache-2.0

// Published tables, kept fixed: what the folders of corpus/golden/tables contain, one per format of
// Apache Iceberg, how it is made, and how its contents are described as text.
//
// A folder has a database, the table that it published twice with writes in between, and a text of
// the rows of both snapshots. make_golden_files.cc wrote them; they are never written again: tables
// that users have published stay readable, and later publications go on in them.
#ifndef VERALITH_PROPERTY_TESTS_GOLDEN_TABLES_H_
#define VERALITH_PROPERTY_TESTS_GOLDEN_TABLES_H_

#include <string>

#include "absl/status/statusor.h"
#include "property_tests/golden_files.h"

namespace veralith {

// Names are paths below the folder: "db/..." and "table/...", and the text. What an engine decides
// may differ from the golden one, the text may not.
Files MakeGoldenTable(int format_version);

// Describes all snapshots of the table, oldest first, as an independent reader finds them.
absl::StatusOr<std::string> DescribeTable(const Files& files);

// Opens the database, writes a row, and publishes once more. Returns what is there then; its text
// says what the table must hold.
absl::StatusOr<Files> ContinueTable(const Files& files);

}  // namespace veralith

#endif  // VERALITH_PROPERTY_TESTS_GOLDEN_TABLES_H_
