// The format versions, held still: what the folders of corpus/golden contain, one per version of
// record files, how it is made, and how its contents are said as text.
//
// Four parts. `segments` (one per way of writing; in folder 1 only, segments are the same since),
// `logs` and `manifest` are functions of fixed entries, so that today's writers must give the bytes
// of the newest folder. `database` is a whole directory that a database once left behind; today's
// engine must open it and find what is in its text.
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
// Two logs, the second going on where the first ends, and their text.
Files MakeGoldenLogs();
// CURRENT, a manifest, and the text of the state they say.
Files MakeGoldenManifest();
// A database's directory, and the text of what it holds. May differ from the golden one: what an
// engine decides is not the format.
Files MakeGoldenDatabase();

// What a reader of today finds in such files, in the form of the texts.
absl::StatusOr<std::string> DescribeSegment(const std::string& bytes);
absl::StatusOr<std::string> DescribeLogs(const Files& files);
absl::StatusOr<std::string> DescribeManifest(const Files& files);
absl::StatusOr<std::string> DescribeDatabase(const Files& files);

// What is left when a database is opened, something is written, and the process is killed; its text
// says what it must hold.
absl::StatusOr<Files> ContinueDatabase(const Files& files);
// The database that `repair` makes of one.
absl::StatusOr<Files> RepairOfDatabase(const Files& files);

}  // namespace veralith

#endif  // VERALITH_PROPERTY_TESTS_GOLDEN_FILES_H_
