// SPDX-License-Identifier: Apache-2.0

// Writes the seed inputs of the codecs' fuzz targets:  codec_seeds <corpus folder>
// Run it again after a change of a format, and add what differs.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/base/text.h"
#include "core/format/filter.h"
#include "core/format/internal_key.h"
#include "core/format/key_hash.h"
#include "core/format/range_tombstone_codec.h"
#include "core/format/sparse_index.h"
#include "core/format/version_edit.h"
#include "core/fs/testing/memory_file.h"
#include "core/log/log_writer.h"

namespace veralith {
namespace {

class Corpus {
 public:
  explicit Corpus(std::string folder) : folder_(std::move(folder)) {}

  void Write(const std::string& target, const std::string& name, const std::string& bytes) const {
    std::filesystem::create_directories(folder_ + "/" + target);
    std::ofstream stream(StrCat(folder_, "/", target, "/", name), std::ios::binary);
    stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    VERALITH_CHECK(stream.good());
  }

 private:
  const std::string folder_;
};

std::string Key(NamespaceId ns, std::string_view key, Timestamp ts) {
  std::string out;
  AppendInternalKey(&out, ns, key, ts);
  return out;
}

void WriteInternalKeys(const Corpus& corpus) {
  const auto write = [&](const std::string& name, const std::string& bytes) {
    corpus.Write("internal_key", name, bytes);
  };
  write("golden_escape", Key(7, std::string_view("a\0b", 3), 9));
  write("golden_extremes", Key(kMaxNamespace, "", kMaxTimestamp));
  write("empty_key", Key(0, "", 0));
  write("all_zeros_key", Key(1, std::string(5, '\0'), 1));
  write("all_ff_key", Key(256, std::string(5, '\xff'), 1));
  write("zero_then_ff", Key(1, std::string_view("\0\xff\0", 3), 2));
  write("no_end", Key(1, "abc", 1).substr(0, 11));
  write("bad_escape", std::string(8, '\0') + std::string("a\0\x01", 3));
  write("cut_timestamp", Key(1, "abc", 1).substr(0, 17));
  write("order_of_prefixes", std::string("\x80\x01\x02\x03") + "key-1key-10");
}

std::string Index(const std::vector<std::string>& keys, uint32_t interval) {
  SparseIndexBuilder builder(interval);
  uint64_t row = 0;
  for (const std::string& key : keys) {
    VERALITH_CHECK(builder.Add(key, {4 + 10 * row, 100, row}).ok());
    row += 10;
  }
  return builder.Finish();
}

void WriteSparseIndexes(const Corpus& corpus) {
  const auto write = [&](const std::string& name, const std::string& bytes) {
    corpus.Write("sparse_index", name, bytes);
  };
  SparseIndexBuilder golden;
  VERALITH_CHECK(golden.Add(*HexDecode("8000000000000001fffffffffffffe01"), {4, 1000, 0}).ok());
  VERALITH_CHECK(
      golden.Add(*HexDecode("8000000000000401fffffffffffbfe01"), {1004, 1000, 1024}).ok());
  write("golden", golden.Finish());
  write("empty", Index({}, 16));
  write("empty_key", Index({""}, 16));
  write("prefixes", Index({"", "a", "aa", "aab", "ab", "b"}, 16));
  write("interval_1", Index({"", "a", "aa", "aab", "ab", "b"}, 1));
  write("interval_2", Index({"", "a", "aa", "aab", "ab", "b"}, 2));
  write("internal_keys",
        Index({Key(0, "a", 5), Key(0, "b", 5), Key(1, "a", 9), Key(1, "a", 8)}, 3));
  std::string below_longest = Index({"ab", "b"}, 16);
  write("cut", below_longest.substr(0, below_longest.size() - 1));
  // v1 allows a shared length below the longest: "ab", then "ac" with nothing shared.
  below_longest = Index({"ab", "bc"}, 16);
  below_longest[24 + 26 + 4] = 'a';
  write("shared_below_longest", below_longest);
  std::string descending = Index({"a", "b"}, 16);
  descending[28] = 'c';
  write("descending", descending);
}

std::string Filter(int keys, double bits_per_key) {
  FilterBuilder builder(bits_per_key);
  for (int i = 0; i < keys; ++i) {
    builder.Add(HashUserKey(0, StrCat("key", i)));
  }
  return builder.Finish();
}

void WriteFilters(const Corpus& corpus) {
  const auto write = [&](const std::string& name, const std::string& bytes) {
    corpus.Write("filter", name, bytes);
  };
  FilterBuilder golden(10);
  for (const uint64_t hash : {HashUserKey(0, "a"), HashUserKey(0, "b"), HashUserKey(7, "a")}) {
    golden.Add(hash);
  }
  write("golden", golden.Finish());
  write("empty", Filter(0, 10));
  write("one_key", Filter(1, 10));
  write("one_probe", Filter(10, 1));
  write("most_probes", Filter(10, 64));
  write("two_blocks", Filter(60, 10));
  write("cut", Filter(60, 10).substr(0, 127));
  std::string probes = Filter(1, 10);
  probes[1] = 17;
  write("too_many_probes", probes);
  write("hashes", std::string("\x10\0\0\0\0\0\0\0\x01\x02\x03\x04\x05\x06\x07\x08", 16));
}

std::string Tombstones(const std::vector<RangeTombstoneView>& list) {
  std::string out;
  VERALITH_CHECK(AppendRangeTombstones(&out, list).ok());
  return out;
}

void WriteRangeTombstones(const Corpus& corpus) {
  const auto write = [&](const std::string& name, const std::string& bytes) {
    corpus.Write("range_tombstones", name, bytes);
  };
  const RangeTombstoneView closed{1, "a", "c", false, 5};
  const RangeTombstoneView open{300, "", "", true, 6};
  write("golden", Tombstones({closed, open}));
  write("none", Tombstones({}));
  write("closed", Tombstones({closed}));
  write("open", Tombstones({open}));
  write("whole_namespace", Tombstones({{kMaxNamespace, "", "", true, kMaxTimestamp}}));
  write("empty_begin", Tombstones({{0, "", std::string_view("\0", 1), false, 1}}));
  write("several", Tombstones({closed, closed, open, closed}));
  write("cut", Tombstones({closed, open}).substr(0, 20));
  std::string count = Tombstones({closed});
  count[0] = 100;
  write("count_too_large", count);
}

VersionEdit GoldenEdit() {
  VersionEdit edit;
  edit.database_id = 0x0102030405060708;
  edit.next_file_number = 300;
  edit.next_run_id = 4;
  edit.timestamp_ceiling = 1000;
  edit.history_floor = 10;
  edit.last_timestamp = 999;
  edit.logs_synced_through = LogPosition{8, 200};
  edit.removed_files = {{1, 7}};
  FileMeta file;
  file.number = 9;
  file.bytes = 4096;
  file.entries = 5;
  file.tombstones = 1;
  file.superseded = 2;
  file.range_tombstones = 1;
  file.smallest_key = "a";
  file.largest = {1, "z", KeyBound::Kind::kExclusive};
  file.min_ts = 11;
  file.max_ts = 12;
  file.created_by_job = 6;
  edit.added_files = {{2, 3, file}};
  edit.removed_logs = {5};
  edit.added_logs = {{8, 0xaabbccdd}};
  edit.cursors = {{3, 1, "m"}};
  return edit;
}

void WriteVersionEdits(const Corpus& corpus) {
  const auto write = [&](const std::string& name, const std::string& bytes) {
    corpus.Write("version_edit", name, bytes);
  };
  const auto encode = [](const VersionEdit& edit) {
    std::string out;
    EncodeVersionEdit(edit, &out);
    return out;
  };
  const VersionEdit golden = GoldenEdit();
  write("golden", encode(golden));
  VersionEdit part;
  part.database_id = 1;
  part.next_file_number = 2;
  write("new_database", encode(part));
  part = {};
  part.added_files = golden.added_files;
  part.added_files[0].file.largest = {7, "", KeyBound::Kind::kNamespaceEnd};
  write("added_file_to_namespace_end", encode(part));
  part.added_files[0].file.largest = {0, "a", KeyBound::Kind::kInclusive};
  part.removed_logs = {1, 2};
  write("flush", encode(part));
  part.removed_files = {{0, 1}, {0, 2}};
  part.added_files.push_back(part.added_files[0]);
  write("compaction", encode(part));
  part = {};
  part.timestamp_ceiling = kMaxTimestamp;
  write("ceiling", encode(part));
  part.added_logs = {{1, UINT64_MAX}, {2, 0}};
  write("logs", encode(part));
  part = {};
  part.cursors = {{0, 0, ""}, {7, kMaxNamespace, std::string(3, '\0')}};
  write("cursors", encode(part));
  part = {};
  part.written = WrittenBytes{1000, 1300, 900, 4000};
  part.policy = CompactionPolicyKind::kTiered;
  write("written_bytes_and_policy", encode(part));
  write("unknown_policy", std::string("\x09\x01\x04", 3));
  write("cut", encode(golden).substr(0, 40));
  write("unknown_field", std::string("\x15\0", 2));
}

std::string LogPayload(Timestamp ts, LogPosition synced, const std::vector<LogOperation>& ops) {
  std::string out(LogRecordBytes(synced, ops), '\0');
  StoreLogRecord(out.data(), ts, synced, ops);
  return out;
}

// Files are named after their version; those without one have version 1.
void WriteLogs(const Corpus& corpus) {
  using Kind = LogOperation::Kind;
  const LogOperation put{Kind::kPut, false, 0, "k", "vv"};
  const LogOperation del{Kind::kDelete, false, 300, "", ""};
  const LogOperation range{Kind::kDeleteRange, false, 1, "a", "c"};
  const LogOperation open{Kind::kDeleteRange, true, 1, "x", ""};
  const auto write = [&](const std::string& name, const std::string& bytes) {
    corpus.Write("log_record", name + "_2", bytes);
  };
  write("golden", LogPayload(9, {2, 40}, {put, del, range, open}));
  write("empty_batch", LogPayload(1, {}, {}));
  write("put", LogPayload(1, {}, {put}));
  write("delete", LogPayload(kMaxTimestamp, {1, 0}, {del}));
  write("range", LogPayload(2, {1, 48}, {range}));
  write("open_range", LogPayload(2, {1, 48}, {open}));
  write("empty_value", LogPayload(3, {1, 48}, {{Kind::kPut, false, kMaxNamespace, "", ""}}));
  write("long_value", LogPayload(3, {1, 48}, {{Kind::kPut, false, 1, "k", std::string(200, 'v')}}));
  write("cut", LogPayload(9, {2, 40}, {put, del}).substr(0, 15));
  std::string unknown = LogPayload(1, {}, {put});
  unknown[10] = 9;
  write("unknown_kind", unknown);
  write("namespace_0", LogPayload(1, {}, {}) + std::string("\x82\0\0", 3));

  const auto log = [&](uint64_t id, int records) {
    auto state = std::make_shared<MemoryFileState>();
    LogWriter writer(OpenMemoryFile(state), 1, id);
    for (int i = 1; i <= records; ++i) {
      const LogOperation operations[] = {put, range};
      writer.Stage(i, writer.synced(), operations);
      VERALITH_CHECK(writer.Commit().ok() && writer.Sync().ok());
    }
    VERALITH_CHECK(writer.Commit().ok());
    return state->bytes;
  };
  const auto write_file = [&](const std::string& name, const std::string& bytes) {
    corpus.Write("log_file", name + "_2", bytes);
  };
  const std::string four = log(0x5eed, 4);
  write_file("golden_four_records", four);
  write_file("header_only", log(0x5eed, 0));
  write_file("other_id", log(0xbad, 2));
  write_file("torn_tail", four.substr(0, four.size() - 5));
  write_file("preallocated_zeros", four + std::string(64, '\0'));
  std::string recycled = log(0xbad, 6);
  recycled.replace(0, four.size(), four);
  write_file("recycled", recycled);
  std::string damaged = four;
  damaged[100] ^= 1;
  write_file("damage_before_synced_records", damaged);
  damaged = four;
  damaged[45] ^= 1;
  write_file("damaged_previous", damaged);
  damaged = four;
  damaged[36] ^= 1;
  write_file("damaged_file_header", damaged);
  corpus.Write("log_file", "recipe",
               std::string("\x05hello\x03"
                           "abc\x20") +
                   std::string(33, 'x') +
                   std::string("\x40\x00\x01\x00\x00\x01\x50\x00\xff\x70\x00\x80", 12));
}

}  // namespace
}  // namespace veralith

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: codec_seeds <corpus folder>\n");
    return 1;
  }
  const veralith::Corpus corpus(argv[1]);
  veralith::WriteInternalKeys(corpus);
  veralith::WriteSparseIndexes(corpus);
  veralith::WriteFilters(corpus);
  veralith::WriteRangeTombstones(corpus);
  veralith::WriteVersionEdits(corpus);
  veralith::WriteLogs(corpus);
  return 0;
}
