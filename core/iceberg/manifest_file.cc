// SPDX-License-Identifier: Apache-2.0

// The order of a record's fields stands twice: in the schema's text, and in Fields(), which the
// encoder and the decoder both walk.
#include "core/iceberg/manifest_file.h"

#include "core/base/status.h"
#include "core/iceberg/avro.h"

namespace veralith::iceberg {
namespace {

// --- Schemas -------------------------------------------------------------------------------------

std::string Field(std::string_view name, std::string_view type, int id) {
  return "{\"name\":\"" + std::string(name) + "\",\"type\":" + std::string(type) +
         ",\"field-id\":" + std::to_string(id) + "}";
}

std::string OptionalField(std::string_view name, std::string_view type, int id) {
  return "{\"name\":\"" + std::string(name) + "\",\"type\":[\"null\"," + std::string(type) +
         "],\"default\":null,\"field-id\":" + std::to_string(id) + "}";
}

// A map whose keys are no strings: for Avro, an array of pairs.
std::string MapField(std::string_view name, std::string_view value_type, int id, int key_id) {
  const std::string record = "k" + std::to_string(key_id) + "_v" + std::to_string(key_id + 1);
  return OptionalField(name,
                       "{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"" + record +
                           "\",\"fields\":[" + Field("key", "\"int\"", key_id) + "," +
                           Field("value", value_type, key_id + 1) + "]},\"logicalType\":\"map\"}",
                       id);
}

std::string EntrySchema(int format_version) {
  const std::string number = "\"long\"";
  std::string file =
      Field("content", "\"int\"", 134) + "," + Field("file_path", "\"string\"", 100) + "," +
      Field("file_format", "\"string\"", 101) + "," +
      Field("partition", R"({"type":"record","name":"r102","fields":[]})", 102) + "," +
      Field("record_count", number, 103) + "," + Field("file_size_in_bytes", number, 104) + "," +
      MapField("column_sizes", number, 108, 117) + "," +
      MapField("value_counts", number, 109, 119) + "," +
      MapField("null_value_counts", number, 110, 121) + "," +
      MapField("lower_bounds", "\"bytes\"", 125, 126) + "," +
      MapField("upper_bounds", "\"bytes\"", 128, 129) + "," +
      OptionalField("split_offsets", R"({"type":"array","items":"long","element-id":133})", 132) +
      "," + OptionalField("sort_order_id", "\"int\"", 140);
  if (format_version >= 3) {
    file += "," + OptionalField("first_row_id", number, 142);
  }
  file += "," + OptionalField("referenced_data_file", "\"string\"", 143);
  if (format_version >= 3) {
    file += "," + OptionalField("content_offset", number, 144) + "," +
            OptionalField("content_size_in_bytes", number, 145);
  }
  return R"({"type":"record","name":"manifest_entry","fields":[)" + Field("status", "\"int\"", 0) +
         "," + OptionalField("snapshot_id", number, 1) + "," +
         OptionalField("sequence_number", number, 3) + "," +
         OptionalField("file_sequence_number", number, 4) + "," +
         Field("data_file", R"({"type":"record","name":"r2","fields":[)" + file + "]}", 2) + "]}";
}

std::string ListSchema(int format_version) {
  const std::string number = "\"long\"";
  std::string fields;
  fields += Field("manifest_path", "\"string\"", 500) + ",";
  fields += Field("manifest_length", number, 501) + ",";
  fields += Field("partition_spec_id", "\"int\"", 502) + ",";
  fields += Field("content", "\"int\"", 517) + ",";
  fields += Field("sequence_number", number, 515) + ",";
  fields += Field("min_sequence_number", number, 516) + ",";
  fields += Field("added_snapshot_id", number, 503) + ",";
  fields += Field("added_files_count", "\"int\"", 504) + ",";
  fields += Field("existing_files_count", "\"int\"", 505) + ",";
  fields += Field("deleted_files_count", "\"int\"", 506) + ",";
  fields += Field("added_rows_count", number, 512) + ",";
  fields += Field("existing_rows_count", number, 513) + ",";
  fields += Field("deleted_rows_count", number, 514);
  if (format_version >= 3) {
    fields += "," + OptionalField("first_row_id", number, 520);
  }
  return R"({"type":"record","name":"manifest_file","fields":[)" + fields + "]}";
}

// --- Fields in their order -----------------------------------------------------------------------

class Encoder {
 public:
  explicit Encoder(std::string* out) : out_(*out) {}

  void Value(const int64_t& value) { AppendAvroLong(&out_, value); }
  void Value(const std::string& value) { AppendAvroBytes(&out_, value); }
  template <typename Enum>
    requires std::is_enum_v<Enum>
  void Value(const Enum& value) {
    AppendAvroLong(&out_, static_cast<int64_t>(value));
  }
  template <typename T>
  void Value(const std::pair<int64_t, T>& value) {
    Value(value.first);
    Value(value.second);
  }
  template <typename T>
  void Value(const std::optional<T>& value) {
    AppendAvroLong(&out_, value.has_value() ? 1 : 0);
    if (value.has_value()) {
      Value(*value);
    }
  }
  // An array that may be missing: it is when it is empty.
  template <typename T>
  void Value(const std::vector<T>& values) {
    AppendAvroLong(&out_, values.empty() ? 0 : 1);
    if (!values.empty()) {
      AppendAvroLong(&out_, static_cast<int64_t>(values.size()));
      for (const T& value : values) {
        Value(value);
      }
      AppendAvroLong(&out_, 0);
    }
  }

 private:
  std::string& out_;
};

// After an error, which Value keeps, everything stays as it is.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : cursor_(bytes) {}

  const absl::Status& status() const { return status_; }
  size_t remaining() const { return cursor_.remaining(); }
  void Fail(std::string_view what) { Keep(cursor_.Error(what)); }

  void Value(int64_t& value) {
    Do([&] { return cursor_.ReadLong(&value); });
  }
  void Value(std::string& value) {
    Do([&] { return cursor_.ReadBytes(&value); });
  }
  void Value(FileContent& value) { ReadEnum(FileContent::kPositionDeletes, &value); }
  void Value(EntryStatus& value) { ReadEnum(EntryStatus::kDeleted, &value); }
  template <typename T>
  void Value(std::pair<int64_t, T>& value) {
    Value(value.first);
    Value(value.second);
  }
  template <typename T>
  void Value(std::optional<T>& value) {
    value.reset();
    if (IsThere()) {
      Value(value.emplace());
    }
  }
  template <typename T>
  void Value(std::vector<T>& values) {
    values.clear();
    if (!IsThere()) {
      return;
    }
    for (;;) {
      size_t count = 0;
      Do([&] { return cursor_.ReadCount(&count); });
      if (count == 0 || !status_.ok()) {
        break;
      }
      for (size_t i = 0; i < count && status_.ok(); ++i) {
        Value(values.emplace_back());
      }
    }
  }

 private:
  template <typename Action>
  void Do(Action action) {
    if (status_.ok()) {
      Keep(action());
    }
  }
  void Keep(absl::Status status) {
    if (status_.ok()) {
      status_ = std::move(status);
    }
  }
  // The branch of a union of null and a type.
  bool IsThere() {
    int64_t branch = 0;
    Value(branch);
    if (branch != 0 && branch != 1) {
      Fail("a union without such a branch");
    }
    return status_.ok() && branch == 1;
  }
  template <typename Enum>
  void ReadEnum(Enum last, Enum* value) {
    int64_t number = 0;
    Value(number);
    if (number < 0 || number > static_cast<int64_t>(last)) {
      Fail("a number that means nothing");
      return;
    }
    *value = static_cast<Enum>(number);
  }

  AvroCursor cursor_;
  absl::Status status_;
};

template <typename Codec, typename Entry>
void EntryFields(int format_version, Codec& codec, Entry& entry) {
  codec.Value(entry.status);
  codec.Value(entry.snapshot_id);
  codec.Value(entry.sequence_number);
  codec.Value(entry.file_sequence_number);
  auto& file = entry.file;
  codec.Value(file.content);
  codec.Value(file.path);
  codec.Value(file.format);
  codec.Value(file.record_count);
  codec.Value(file.file_bytes);
  codec.Value(file.column_bytes);
  codec.Value(file.value_counts);
  codec.Value(file.null_counts);
  codec.Value(file.lower_bounds);
  codec.Value(file.upper_bounds);
  codec.Value(file.split_offsets);
  codec.Value(file.sort_order_id);
  if (format_version >= 3) {
    codec.Value(file.first_row_id);
  }
  codec.Value(file.referenced_data_file);
  if (format_version >= 3) {
    codec.Value(file.content_offset);
    codec.Value(file.content_bytes);
  }
}

template <typename Codec, typename Reference>
void ReferenceFields(int format_version, Codec& codec, Reference& manifest) {
  codec.Value(manifest.path);
  codec.Value(manifest.bytes);
  codec.Value(manifest.partition_spec_id);
  codec.Value(manifest.content);
  codec.Value(manifest.sequence_number);
  codec.Value(manifest.min_sequence_number);
  codec.Value(manifest.added_snapshot_id);
  codec.Value(manifest.added_files);
  codec.Value(manifest.existing_files);
  codec.Value(manifest.deleted_files);
  codec.Value(manifest.added_rows);
  codec.Value(manifest.existing_rows);
  codec.Value(manifest.deleted_rows);
  if (format_version >= 3) {
    codec.Value(manifest.first_row_id);
  }
}

// --- Files ---------------------------------------------------------------------------------------

template <typename Record, typename Walk>
std::vector<std::string> EncodeAll(const std::vector<Record>& records, Walk walk) {
  std::vector<std::string> encoded(records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    Encoder encoder(&encoded[i]);
    walk(encoder, records[i]);
  }
  return encoded;
}

template <typename Record, typename Walk>
absl::StatusOr<std::vector<Record>> DecodeAll(const AvroFile& file, Walk walk) {
  std::vector<Record> records;
  for (size_t block = 0; block < file.blocks.size(); ++block) {
    Decoder decoder(file.blocks[block]);
    for (size_t i = 0; i < file.counts[block]; ++i) {
      walk(decoder, records.emplace_back());
      VERALITH_RETURN_IF_ERROR(decoder.status());
    }
    if (decoder.remaining() > 0) {
      decoder.Fail("bytes after the last record");
      return decoder.status();
    }
  }
  return records;
}

// Of the two versions the one whose schema the file has.
absl::StatusOr<int> VersionOf(const AvroFile& file, std::string (*schema)(int)) {
  for (const int version : {2, 3}) {
    if (file.schema == schema(version)) {
      return version;
    }
  }
  return Unimplemented("an Avro file of another writer");
}

}  // namespace

std::string EncodeManifest(int format_version, FileContent content, std::string_view table_schema,
                           const std::vector<ManifestEntry>& entries) {
  const AvroFile::Metadata metadata = {
      {"schema", std::string(table_schema)},
      {"schema-id", "0"},
      {"partition-spec", "[]"},
      {"partition-spec-id", "0"},
      {"format-version", std::to_string(format_version)},
      {"content", content == FileContent::kData ? "data" : "deletes"}};
  return EncodeAvroFile(EntrySchema(format_version), metadata,
                        EncodeAll(entries, [&](Encoder& encoder, const ManifestEntry& entry) {
                          EntryFields(format_version, encoder, entry);
                        }));
}

std::string EncodeManifestList(int format_version, int64_t snapshot_id,
                               std::optional<int64_t> parent_id, int64_t sequence_number,
                               const std::vector<ManifestReference>& manifests) {
  const AvroFile::Metadata metadata = {
      {"snapshot-id", std::to_string(snapshot_id)},
      {"parent-snapshot-id", parent_id.has_value() ? std::to_string(*parent_id) : "null"},
      {"sequence-number", std::to_string(sequence_number)},
      {"format-version", std::to_string(format_version)}};
  return EncodeAvroFile(ListSchema(format_version), metadata,
                        EncodeAll(manifests, [&](Encoder& encoder, const ManifestReference& line) {
                          ReferenceFields(format_version, encoder, line);
                        }));
}

absl::StatusOr<std::vector<ManifestEntry>> DecodeManifest(std::string_view bytes) {
  VERALITH_ASSIGN_OR_RETURN(const AvroFile file, DecodeAvroFile(bytes));
  VERALITH_ASSIGN_OR_RETURN(const int version, VersionOf(file, EntrySchema));
  return DecodeAll<ManifestEntry>(
      file, [&](Decoder& decoder, ManifestEntry& entry) { EntryFields(version, decoder, entry); });
}

absl::StatusOr<std::vector<ManifestReference>> DecodeManifestList(std::string_view bytes) {
  VERALITH_ASSIGN_OR_RETURN(const AvroFile file, DecodeAvroFile(bytes));
  VERALITH_ASSIGN_OR_RETURN(const int version, VersionOf(file, ListSchema));
  return DecodeAll<ManifestReference>(file, [&](Decoder& decoder, ManifestReference& line) {
    ReferenceFields(version, decoder, line);
  });
}

}  // namespace veralith::iceberg
