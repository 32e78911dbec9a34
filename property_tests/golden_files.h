// SPDX-License-Identifier: Apache-2.0

// The format versions, kept fixed: what the folders of corpus/golden contain (one per version of
// record files), how it is made, and how its contents are described as text.
//
// Four parts. `segments` (one per way of writing; only in folder 1, because segments have not
// changed since), `logs` and `manifest` are functions of fixed entries, so today's writers must
// give the bytes of the newest folder. `database` is a whole directory that a database once left;
// today's engine must open it and find what its text says.
//
// make_golden_files.cc wrote the files; they are never written again: a change of the format is a
// new version with a folder of its own.
#ifndef VERALITH_PROPERTY_TESTS_GOLDEN_FILES_H_
#define VERALITH_PROPERTY_TESTS_GOLDEN_FILES_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/format/entry.h"
#include "core/segment/segment_options.h"

namespace veralith {

struct GoldenEntry {
  NamespaceId ns;
  std::string key;
  Timestamp ts;
  EntryKind kind;
  std::string value;
};
struct GoldenRangeTombstone {
  NamespaceId ns;
  std::string begin;
  std::string end;
  bool open_end;
  Timestamp ts;
};
struct GoldenSegment {
  std::string name;
  SegmentOptions options;
  std::vector<GoldenEntry> entries;
  std::vector<GoldenRangeTombstone> range_tombstones;
};
std::vector<GoldenSegment> GoldenSegments();

// File name -> bytes.
using Files = std::map<std::string, std::string>;

// NAME.parquet and NAME.txt per segment.
Files MakeGoldenSegments();
// Two logs, of which the second continues the first, and their text.
Files MakeGoldenLogs();
// CURRENT, a manifest, and the text of the state that they describe.
Files MakeGoldenManifest();
// A database's directory, and the text of what it holds. May differ from the golden one: what an
// engine decides is not the format.
Files MakeGoldenDatabase();

// Describes what today's reader finds in such files, in the form of the texts.
absl::StatusOr<std::string> DescribeSegment(const std::string& bytes);
absl::StatusOr<std::string> DescribeLogs(const Files& files);
absl::StatusOr<std::string> DescribeManifest(const Files& files);
absl::StatusOr<std::string> DescribeDatabase(const Files& files);

// Opens a database, writes something, and kills the process. Returns what is left; its text says
// what it must hold.
absl::StatusOr<Files> ContinueDatabase(const Files& files);
// Returns the database that `repair` makes.
absl::StatusOr<Files> RepairOfDatabase(const Files& files);

}  // namespace veralith

#endif  // VERALITH_PROPERTY_TESTS_GOLDEN_FILES_H_
