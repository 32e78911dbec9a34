// SPDX-License-Identifier: Apache-2.0

#include "core/iceberg/testing/table_reader.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "core/base/status.h"
#include "core/format/checksum.h"
#include "core/format/coding.h"
#include "core/format/delta_encoding.h"
#include "core/format/parquet_metadata.h"
#include "core/fs/file_helpers.h"
#include "core/iceberg/testing/avro_value.h"
#include "core/iceberg/testing/roaring_rows.h"
#include "core/segment/read/segment_reader.h"

namespace veralith::iceberg {
namespace {

using Json = nlohmann::json;
using Rows = std::set<uint64_t>;

constexpr uint64_t kMostBytes = uint64_t{1} << 30;

absl::Status Wrong(std::string_view what) { return DataLoss("the table: " + std::string(what)); }

std::string Bound(const Json& bounds, int64_t field) {
  for (const Json& entry : bounds) {
    if (entry.at("key") == field) {
      return entry.at("value").get<std::string>();
    }
  }
  return "";
}

int64_t CountIn(const Json& counts, int64_t field) {
  for (const Json& entry : counts) {
    if (entry.at("key") == field) {
      return entry.at("value").get<int64_t>();
    }
  }
  return -1;
}

class Reader {
 public:
  Reader(FileSystem& fs, std::string directory) : fs_(fs), directory_(std::move(directory)) {}

  absl::StatusOr<TableContents> Read(std::optional<int64_t> snapshot_id, bool hinted) {
    VERALITH_RETURN_IF_ERROR(LoadMetadata(hinted));
    const int64_t id =
        snapshot_id.has_value() ? *snapshot_id : metadata_.at("current-snapshot-id").get<int64_t>();
    const Json* snapshot = nullptr;
    for (const Json& each : metadata_.at("snapshots")) {
      contents_.snapshot_ids.push_back(each.at("snapshot-id").get<int64_t>());
      snapshot = each.at("snapshot-id") == id ? &each : snapshot;
    }
    if (snapshot == nullptr) {
      return NotFound("snapshot " + std::to_string(id));
    }
    contents_.snapshot_id = id;
    contents_.at =
        std::stoull(snapshot->at("summary").at("veralith.commit-timestamp").get<std::string>());
    VERALITH_RETURN_IF_ERROR(ReadManifests(*snapshot));
    for (const Json& entry : deletes_) {
      VERALITH_RETURN_IF_ERROR(ReadDeletes(entry));
    }
    for (const auto& [uri, entry] : data_) {
      VERALITH_RETURN_IF_ERROR(ReadData(uri, entry));
    }
    std::sort(contents_.rows.begin(), contents_.rows.end());
    contents_.files.assign(files_.begin(), files_.end());
    return std::move(contents_);
  }

 private:
  absl::StatusOr<std::string> Load(const std::string& uri) {
    const std::string begin = metadata_.at("location").get<std::string>() + "/";
    if (!uri.starts_with(begin)) {
      return Wrong("leads to " + uri);
    }
    const std::string name = uri.substr(begin.size());
    files_.insert(name);
    return ReadWholeFile(fs_, JoinPath(directory_, name), kMostBytes);
  }

  absl::Status LoadMetadata(bool hinted) {
    const std::string folder = JoinPath(directory_, "metadata");
    uint64_t version = 0;
    if (hinted) {
      VERALITH_ASSIGN_OR_RETURN(
          const std::string hint,
          ReadWholeFile(fs_, JoinPath(folder, "version-hint.text"), kMostBytes));
      version = std::stoull(hint);
    } else {
      VERALITH_ASSIGN_OR_RETURN(const std::vector<std::string> names, fs_.List(folder));
      for (const std::string& name : names) {
        if (name.starts_with("v") && name.ends_with(".metadata.json")) {
          version = std::max<uint64_t>(version, std::stoull(name.substr(1)));
        }
      }
    }
    const std::string name = "v" + std::to_string(version) + ".metadata.json";
    VERALITH_ASSIGN_OR_RETURN(const std::string text,
                              ReadWholeFile(fs_, JoinPath(folder, name), kMostBytes));
    metadata_ = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    return metadata_.is_object() ? absl::OkStatus() : Wrong("its metadata is no JSON");
  }

  absl::Status ReadManifests(const Json& snapshot) {
    VERALITH_ASSIGN_OR_RETURN(const std::string list,
                              Load(snapshot.at("manifest-list").get<std::string>()));
    VERALITH_ASSIGN_OR_RETURN(const AvroRecords lines, ReadAvro(list));
    for (const Json& line : lines.records) {
      VERALITH_ASSIGN_OR_RETURN(const std::string bytes,
                                Load(line.at("manifest_path").get<std::string>()));
      VERALITH_ASSIGN_OR_RETURN(const AvroRecords manifest, ReadAvro(bytes));
      if (line.at("manifest_length") != bytes.size()) {
        return Wrong("a manifest of another length");
      }
      int64_t counts[3] = {};
      for (const Json& entry : manifest.records) {
        const int64_t status = entry.at("status").get<int64_t>();
        ++counts[status];
        VERALITH_RETURN_IF_ERROR(Take(entry, status, line.at("content")));
      }
      if (line.at("existing_files_count") != counts[0] ||
          line.at("added_files_count") != counts[1] ||
          line.at("deleted_files_count") != counts[2]) {
        return Wrong("a manifest with other counts than its list says");
      }
    }
    return absl::OkStatus();
  }

  absl::Status Take(const Json& entry, int64_t status, const Json& manifest_content) {
    const Json& file = entry.at("data_file");
    if ((file.at("content") == 0) != (manifest_content == 0)) {
      return Wrong("a manifest of both contents");
    }
    if (status == 2) {
      return absl::OkStatus();
    }
    if (file.at("content") != 0) {
      deletes_.push_back(entry);
      return absl::OkStatus();
    }
    return data_.emplace(file.at("file_path").get<std::string>(), entry).second
               ? absl::OkStatus()
               : Wrong("a data file that is there twice");
  }

  absl::Status ReadDeletes(const Json& entry) {
    const Json& file = entry.at("data_file");
    const std::string target = file.at("referenced_data_file").get<std::string>();
    const auto data = data_.find(target);
    if (data == data_.end() || data->second.at("sequence_number") > entry.at("sequence_number")) {
      return Wrong("deletes for a data file that they do not apply to");
    }
    VERALITH_ASSIGN_OR_RETURN(const std::string bytes, Load(file.at("file_path")));
    if (file.at("file_size_in_bytes") != bytes.size()) {
      return Wrong("deletes of another size");
    }
    Rows& rows = hidden_[target];
    if (!rows.empty()) {
      return Wrong("two deletes for one data file");
    }
    VERALITH_RETURN_IF_ERROR(file.at("file_format") == "PUFFIN"
                                 ? ReadVector(file, target, bytes, &rows)
                                 : ReadPositions(target, bytes, &rows));
    return file.at("record_count") == rows.size() ? absl::OkStatus()
                                                  : Wrong("another number of deletes");
  }

  static absl::Status ReadVector(const Json& file, const std::string& target,
                                 const std::string& puffin, Rows* rows) {
    const std::string_view view(puffin);
    const auto offset = file.at("content_offset").get<uint64_t>();
    const auto length = file.at("content_size_in_bytes").get<uint64_t>();
    if (!view.starts_with("PFA1") || !view.ends_with("PFA1") || puffin.size() < 20) {
      return Wrong("a Puffin file without its magic");
    }
    const uint32_t footer = LoadLe32(puffin.data() + puffin.size() - 12);
    const std::string_view payload = view.substr(puffin.size() - 12 - footer, footer);
    if (view.substr(puffin.size() - 16 - footer, 4) != "PFA1") {
      return Wrong("a Puffin footer without its magic");
    }
    const Json told = Json::parse(payload, nullptr, false);
    bool found = false;
    for (const Json& blob : told.at("blobs")) {
      found = found || (blob.at("type") == "deletion-vector-v1" && blob.at("offset") == offset &&
                        blob.at("length") == length && blob.at("snapshot-id") == -1 &&
                        blob.at("properties").at("referenced-data-file") == target);
    }
    const std::string_view blob = view.substr(offset, length);
    const uint32_t combined = __builtin_bswap32(LoadLe32(blob.data()));
    if (!found || combined + 8 != length || blob.substr(4, 4) != "\xd1\xd3\x39\x64" ||
        __builtin_bswap32(LoadLe32(blob.data() + length - 4)) != Crc32(blob.substr(4, combined))) {
      return Wrong("a deletion vector that is not as the footer says");
    }
    const auto decoded = RoaringReader(blob.substr(8, combined - 4)).Read();
    if (!decoded.has_value() || !std::is_sorted(decoded->begin(), decoded->end())) {
      return Wrong("a deletion vector that is no bitmap");
    }
    rows->insert(decoded->begin(), decoded->end());
    return absl::OkStatus();
  }

  static absl::Status ReadPositions(const std::string& target, const std::string& bytes,
                                    Rows* rows) {
    const uint32_t length = LoadLe32(bytes.data() + bytes.size() - 8);
    VERALITH_ASSIGN_OR_RETURN(const parquet::FileMetaData footer,
                              parquet::DecodeFileMetaData(std::string_view(bytes).substr(
                                  bytes.size() - 8 - length, length)));
    if (footer.schema.size() != 3 || footer.schema[1].field_id != 2147483546 ||
        footer.schema[2].field_id != 2147483545) {
      return Wrong("position deletes of another schema");
    }
    const parquet::RowGroup& group = footer.row_groups.at(0);
    if (group.columns.at(0).meta_data.statistics->min_value != target) {
      return Wrong("position deletes of another file");
    }
    const parquet::ColumnMetaData& column = group.columns.at(1).meta_data;
    size_t at = static_cast<size_t>(column.data_page_offset);
    for (int64_t left = column.num_values; left > 0;) {
      size_t used = 0;
      VERALITH_ASSIGN_OR_RETURN(
          const parquet::PageHeader page,
          parquet::DecodePageHeader(std::string_view(bytes).substr(at), &used));
      std::vector<int64_t> positions(static_cast<size_t>(page.data.num_values));
      const auto size = static_cast<size_t>(page.compressed_page_size);
      VERALITH_RETURN_IF_ERROR(
          parquet::DecodeDeltaBinaryPacked(std::string_view(bytes).substr(at + used, size),
                                           std::span<int64_t>(positions))
              .status());
      rows->insert(positions.begin(), positions.end());
      at += used + size;
      left -= page.data.num_values;
    }
    return absl::OkStatus();
  }

  absl::Status ReadData(const std::string& uri, const Json& entry) {
    const Json& file = entry.at("data_file");
    VERALITH_RETURN_IF_ERROR(Load(uri).status());
    const std::string name = uri.substr(metadata_.at("location").get<std::string>().size() + 1);
    VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<File> opened,
                              fs_.Open(JoinPath(directory_, name), OpenMode::kRead));
    VERALITH_ASSIGN_OR_RETURN(const uint64_t bytes, opened->Size());
    VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<SegmentReader> segment,
                              SegmentReader::Open(std::move(opened), {}));
    const Rows& hidden = hidden_[uri];
    const std::unique_ptr<VersionStream> stream = segment->NewStream(/*fill_cache=*/false);
    uint64_t row = 0;
    int64_t nulls = 0;
    for (stream->SeekToFirst(); stream->Valid(); stream->Next(), ++row) {
      const EntryView& version = stream->entry();
      nulls += version.kind == EntryKind::kDelete ? 1 : 0;
      VERALITH_RETURN_IF_ERROR(CheckBounds(file, version));
      if (!hidden.contains(row)) {
        if (version.kind == EntryKind::kDelete) {
          return Wrong("a tombstone is shown");
        }
        contents_.rows.push_back(
            {version.ns, std::string(version.key), version.ts, std::string(version.value)});
      }
    }
    VERALITH_RETURN_IF_ERROR(stream->status());
    const bool counts_agree = file.at("record_count") == row &&
                              file.at("file_size_in_bytes") == bytes &&
                              CountIn(file.at("null_value_counts"), 4) == nulls &&
                              (hidden.empty() || *hidden.rbegin() < row);
    return counts_agree ? absl::OkStatus() : Wrong("a data file that is not as its manifest says");
  }

  static absl::Status CheckBounds(const Json& file, const EntryView& row) {
    const Json& lower = file.at("lower_bounds");
    const Json& upper = file.at("upper_bounds");
    const auto within = [&](int64_t field, uint64_t value) {
      return LoadLe64(Bound(lower, field).data()) <= value &&
             value <= LoadLe64(Bound(upper, field).data());
    };
    const bool has_key_bounds =
        std::any_of(lower.begin(), lower.end(), [](const Json& b) { return b.at("key") == 2; });
    const bool has_upper =
        std::any_of(upper.begin(), upper.end(), [](const Json& b) { return b.at("key") == 2; });
    return within(1, row.ns) && within(3, row.ts) &&
                   (!has_key_bounds || Bound(lower, 2) <= row.key) &&
                   (!has_upper || row.key <= Bound(upper, 2))
               ? absl::OkStatus()
               : Wrong("a row outside its file's bounds");
  }

  FileSystem& fs_;
  const std::string directory_;
  Json metadata_;
  std::map<std::string, Json> data_;
  std::vector<Json> deletes_;
  std::map<std::string, Rows> hidden_;
  std::set<std::string> files_;
  TableContents contents_;
};

}  // namespace

absl::StatusOr<TableContents> ReadTable(FileSystem& fs, const std::string& directory,
                                        std::optional<int64_t> snapshot_id, bool hinted) {
  try {
    return Reader(fs, directory).Read(snapshot_id, hinted);
  } catch (const std::exception& error) {  // of the JSON library: a member is missing, or of
    return Wrong(error.what());            // another type
  }
}

}  // namespace veralith::iceberg
