// SPDX-License-Identifier: Apache-2.0

#include "core/format/parquet_metadata.h"

#include <utility>

#include "core/base/status.h"
#include "core/format/thrift_compact.h"

// Every structure has two functions here, Read and Write, with the field ids of parquet.thrift.
namespace veralith::parquet {
namespace {

using Wire = thrift::Type;
using thrift::CompactReader;
using thrift::CompactWriter;

// Collects which fields were present, to refuse a struct without its required ones.
class Fields {
 public:
  void Saw(int16_t id) {
    if (id >= 0 && id < 32) {
      seen_ |= uint32_t{1} << id;
    }
  }
  // Fails unless all fields in the bit mask `required` were seen.
  void Require(CompactReader& r, const char* name, uint32_t required) const {
    const uint32_t missing = required & ~seen_;
    if (missing != 0 && r.ok()) {
      r.Fail(std::string(name) + " without its required field " +
             std::to_string(__builtin_ctz(missing)));
    }
  }

 private:
  uint32_t seen_ = 0;
};

template <typename... Ids>
constexpr uint32_t Mask(Ids... ids) {
  return (... | (uint32_t{1} << ids));
}

// Reads a struct: on_field(id, type) returns false for a field it does not know.
template <typename OnField>
void ReadFields(CompactReader& r, const char* name, uint32_t required, OnField&& on_field) {
  Fields fields;
  r.ReadStruct([&](int16_t id, Wire type) {
    fields.Saw(id);
    if (!on_field(id, type)) {
      r.Skip(type);
    }
  });
  fields.Require(r, name, required);
}

template <typename Enum>
Enum ReadEnum(CompactReader& r, Wire type) {
  return static_cast<Enum>(r.ReadI32(type));
}

std::string ReadString(CompactReader& r, Wire type) { return std::string(r.ReadBinary(type)); }

void ReadI64List(CompactReader& r, Wire type, std::vector<int64_t>* out) {
  out->clear();
  r.ReadList(type, Wire::kI64, [&] { out->push_back(r.ReadI64(Wire::kI64)); });
}

void ReadStringList(CompactReader& r, Wire type, std::vector<std::string>* out) {
  out->clear();
  r.ReadList(type, Wire::kBinary, [&] { out->push_back(ReadString(r, Wire::kBinary)); });
}

// Reads a list of structs through Read(r, T*).
template <typename T, typename ReadOne>
void ReadStructList(CompactReader& r, Wire type, std::vector<T>* out, ReadOne&& read) {
  out->clear();
  r.ReadList(type, Wire::kStruct, [&] { read(r, &out->emplace_back()); });
}

void WriteI64List(CompactWriter& w, int16_t id, const std::vector<int64_t>& values) {
  w.FieldList(id, Wire::kI64, values.size());
  for (const int64_t value : values) {
    w.ElementI64(value);
  }
}

void OptionalI64List(CompactWriter& w, int16_t id,
                     const std::optional<std::vector<int64_t>>& values) {
  if (values) {
    WriteI64List(w, id, *values);
  }
}

// For lists that mean the same whether empty or absent.
void NonEmptyI64List(CompactWriter& w, int16_t id, const std::vector<int64_t>& values) {
  if (!values.empty()) {
    WriteI64List(w, id, values);
  }
}

void WriteStringList(CompactWriter& w, int16_t id, const std::vector<std::string>& values) {
  w.FieldList(id, Wire::kBinary, values.size());
  for (const std::string& value : values) {
    w.ElementBinary(value);
  }
}

template <typename T, typename WriteOne>
void WriteStructList(CompactWriter& w, int16_t id, const std::vector<T>& values, WriteOne&& write) {
  w.FieldList(id, Wire::kStruct, values.size());
  for (const T& value : values) {
    write(w, value);
  }
}

void OptionalI32(CompactWriter& w, int16_t id, const std::optional<int32_t>& value) {
  if (value) {
    w.FieldI32(id, *value);
  }
}

void OptionalI64(CompactWriter& w, int16_t id, const std::optional<int64_t>& value) {
  if (value) {
    w.FieldI64(id, *value);
  }
}

void OptionalBool(CompactWriter& w, int16_t id, const std::optional<bool>& value) {
  if (value) {
    w.FieldBool(id, *value);
  }
}

void OptionalString(CompactWriter& w, int16_t id, const std::optional<std::string>& value) {
  if (value) {
    w.FieldBinary(id, *value);
  }
}

void WriteEmptyStruct(CompactWriter& w, int16_t id) {
  w.FieldStruct(id);
  w.BeginStruct();
  w.EndStruct();
}

// --- LogicalType, SchemaElement -----------------------------------------------------------------

void ReadDecimal(CompactReader& r, LogicalType* out) {
  ReadFields(r, "DecimalType", Mask(1, 2), [&](int16_t id, Wire type) {
    switch (id) {
      case 1:
        out->scale = r.ReadI32(type);
        return true;
      case 2:
        out->precision = r.ReadI32(type);
        return true;
      default:
        return false;
    }
  });
}

void ReadTime(CompactReader& r, LogicalType* out) {
  ReadFields(r, "TimeType", Mask(1, 2), [&](int16_t id, Wire type) {
    switch (id) {
      case 1:
        out->adjusted_to_utc = r.ReadBool(type);
        return true;
      case 2:
        r.Expect(type, Wire::kStruct);
        r.ReadStruct([&](int16_t unit, Wire unit_type) {
          out->unit = static_cast<LogicalType::Unit>(unit);
          r.Skip(unit_type);
        });
        return true;
      default:
        return false;
    }
  });
}

void ReadInteger(CompactReader& r, LogicalType* out) {
  ReadFields(r, "IntType", Mask(1, 2), [&](int16_t id, Wire type) {
    switch (id) {
      case 1:
        out->bit_width = r.ReadByte(type);
        return true;
      case 2:
        out->is_signed = r.ReadBool(type);
        return true;
      default:
        return false;
    }
  });
}

void Read(CompactReader& r, LogicalType* out) {
  r.ReadStruct([&](int16_t id, Wire type) {
    *out = LogicalType();
    out->kind = static_cast<LogicalType::Kind>(id);
    if (!r.Expect(type, Wire::kStruct)) {
      return;
    }
    switch (out->kind) {
      case LogicalType::Kind::kDecimal:
        return ReadDecimal(r, out);
      case LogicalType::Kind::kTime:
      case LogicalType::Kind::kTimestamp:
        return ReadTime(r, out);
      case LogicalType::Kind::kInteger:
        return ReadInteger(r, out);
      default:
        return r.Skip(type);
    }
  });
}

void WriteParameters(CompactWriter& w, const LogicalType& value) {
  switch (value.kind) {
    case LogicalType::Kind::kDecimal:
      w.FieldI32(1, value.scale);
      w.FieldI32(2, value.precision);
      break;
    case LogicalType::Kind::kTime:
    case LogicalType::Kind::kTimestamp:
      w.FieldBool(1, value.adjusted_to_utc);
      w.FieldStruct(2);
      w.BeginStruct();
      if (value.unit != LogicalType::Unit::kNone) {
        WriteEmptyStruct(w, static_cast<int16_t>(value.unit));
      }
      w.EndStruct();
      break;
    case LogicalType::Kind::kInteger:
      w.FieldByte(1, value.bit_width);
      w.FieldBool(2, value.is_signed);
      break;
    default:
      break;
  }
}

void Write(CompactWriter& w, const LogicalType& value) {
  w.BeginStruct();
  if (value.kind != LogicalType::Kind::kNone) {
    w.FieldStruct(static_cast<int16_t>(value.kind));
    w.BeginStruct();
    WriteParameters(w, value);
    w.EndStruct();
  }
  w.EndStruct();
}

void Read(CompactReader& r, SchemaElement* out) {
  ReadFields(r, "SchemaElement", Mask(4), [&](int16_t id, Wire type) {
    switch (id) {
      case 1:
        out->type = ReadEnum<Type>(r, type);
        return true;
      case 2:
        out->type_length = r.ReadI32(type);
        return true;
      case 3:
        out->repetition = ReadEnum<Repetition>(r, type);
        return true;
      case 4:
        out->name = ReadString(r, type);
        return true;
      case 5:
        out->num_children = r.ReadI32(type);
        return true;
      case 6:
        out->converted_type = r.ReadI32(type);
        return true;
      case 7:
        out->scale = r.ReadI32(type);
        return true;
      case 8:
        out->precision = r.ReadI32(type);
        return true;
      case 9:
        out->field_id = r.ReadI32(type);
        return true;
      case 10:
        r.Expect(type, Wire::kStruct);
        Read(r, &out->logical_type.emplace());
        return true;
      default:
        return false;
    }
  });
}

void Write(CompactWriter& w, const SchemaElement& value) {
  w.BeginStruct();
  if (value.type) {
    w.FieldI32(1, static_cast<int32_t>(*value.type));
  }
  OptionalI32(w, 2, value.type_length);
  if (value.repetition) {
    w.FieldI32(3, static_cast<int32_t>(*value.repetition));
  }
  w.FieldBinary(4, value.name);
  OptionalI32(w, 5, value.num_children);
  OptionalI32(w, 6, value.converted_type);
  OptionalI32(w, 7, value.scale);
  OptionalI32(w, 8, value.precision);
  OptionalI32(w, 9, value.field_id);
  if (value.logical_type) {
    w.FieldStruct(10);
    Write(w, *value.logical_type);
  }
  w.EndStruct();
}

// --- Columns ------------------------------------------------------------------------------------

void Read(CompactReader& r, KeyValue* out) {
  ReadFields(r, "KeyValue", Mask(1), [&](int16_t id, Wire type) {
    switch (id) {
      case 1:
        out->key = ReadString(r, type);
        return true;
      case 2:
        out->value = ReadString(r, type);
        return true;
      default:
        return false;
    }
  });
}

void Write(CompactWriter& w, const KeyValue& value) {
  w.BeginStruct();
  w.FieldBinary(1, value.key);
  OptionalString(w, 2, value.value);
  w.EndStruct();
}

void Read(CompactReader& r, Statistics* out) {
  ReadFields(r, "Statistics", 0, [&](int16_t id, Wire type) {
    switch (id) {
      case 1:
        out->max = ReadString(r, type);
        return true;
      case 2:
        out->min = ReadString(r, type);
        return true;
      case 3:
        out->null_count = r.ReadI64(type);
        return true;
      case 4:
        out->distinct_count = r.ReadI64(type);
        return true;
      case 5:
        out->max_value = ReadString(r, type);
        return true;
      case 6:
        out->min_value = ReadString(r, type);
        return true;
      case 7:
        out->is_max_value_exact = r.ReadBool(type);
        return true;
      case 8:
        out->is_min_value_exact = r.ReadBool(type);
        return true;
      default:
        return false;
    }
  });
}

void Write(CompactWriter& w, const Statistics& value) {
  w.BeginStruct();
  OptionalString(w, 1, value.max);
  OptionalString(w, 2, value.min);
  OptionalI64(w, 3, value.null_count);
  OptionalI64(w, 4, value.distinct_count);
  OptionalString(w, 5, value.max_value);
  OptionalString(w, 6, value.min_value);
  OptionalBool(w, 7, value.is_max_value_exact);
  OptionalBool(w, 8, value.is_min_value_exact);
  w.EndStruct();
}

void Read(CompactReader& r, SizeStatistics* out) {
  ReadFields(r, "SizeStatistics", 0, [&](int16_t id, Wire type) {
    switch (id) {
      case 1:
        out->unencoded_byte_array_data_bytes = r.ReadI64(type);
        return true;
      case 2:
        ReadI64List(r, type, &out->repetition_level_histogram.emplace());
        return true;
      case 3:
        ReadI64List(r, type, &out->definition_level_histogram.emplace());
        return true;
      default:
        return false;
    }
  });
}

void Write(CompactWriter& w, const SizeStatistics& value) {
  w.BeginStruct();
  OptionalI64(w, 1, value.unencoded_byte_array_data_bytes);
  OptionalI64List(w, 2, value.repetition_level_histogram);
  OptionalI64List(w, 3, value.definition_level_histogram);
  w.EndStruct();
}

void Read(CompactReader& r, PageEncodingStats* out) {
  ReadFields(r, "PageEncodingStats", Mask(1, 2, 3), [&](int16_t id, Wire type) {
    switch (id) {
      case 1:
        out->page_type = ReadEnum<PageType>(r, type);
        return true;
      case 2:
        out->encoding = ReadEnum<Encoding>(r, type);
        return true;
      case 3:
        out->count = r.ReadI32(type);
        return true;
      default:
        return false;
    }
  });
}

void Write(CompactWriter& w, const PageEncodingStats& value) {
  w.BeginStruct();
  w.FieldI32(1, static_cast<int32_t>(value.page_type));
  w.FieldI32(2, static_cast<int32_t>(value.encoding));
  w.FieldI32(3, value.count);
  w.EndStruct();
}

void ReadEncodings(CompactReader& r, Wire type, std::vector<Encoding>* out) {
  out->clear();
  r.ReadList(type, Wire::kI32, [&] { out->push_back(ReadEnum<Encoding>(r, Wire::kI32)); });
}

void ReadStatistics(CompactReader& r, Wire type, std::optional<Statistics>* out) {
  if (r.Expect(type, Wire::kStruct)) {
    Read(r, &out->emplace());
  }
}

void ReadSizeStatistics(CompactReader& r, Wire type, std::optional<SizeStatistics>* out) {
  if (r.Expect(type, Wire::kStruct)) {
    Read(r, &out->emplace());
  }
}

void Read(CompactReader& r, ColumnMetaData* out) {
  const uint32_t required = Mask(1, 2, 3, 4, 5, 6, 7, 9);
  ReadFields(r, "ColumnMetaData", required, [&](int16_t id, Wire type) {
    switch (id) {
      case 1:
        out->type = ReadEnum<Type>(r, type);
        return true;
      case 2:
        ReadEncodings(r, type, &out->encodings);
        return true;
      case 3:
        ReadStringList(r, type, &out->path_in_schema);
        return true;
      case 4:
        out->codec = r.ReadI32(type);
        return true;
      case 5:
        out->num_values = r.ReadI64(type);
        return true;
      case 6:
        out->total_uncompressed_size = r.ReadI64(type);
        return true;
      case 7:
        out->total_compressed_size = r.ReadI64(type);
        return true;
      case 8:
        ReadStructList(r, type, &out->key_value_metadata,
                       [](CompactReader& in, KeyValue* kv) { Read(in, kv); });
        return true;
      case 9:
        out->data_page_offset = r.ReadI64(type);
        return true;
      case 10:
        out->index_page_offset = r.ReadI64(type);
        return true;
      case 11:
        out->dictionary_page_offset = r.ReadI64(type);
        return true;
      case 12:
        ReadStatistics(r, type, &out->statistics);
        return true;
      case 13:
        ReadStructList(r, type, &out->encoding_stats,
                       [](CompactReader& in, PageEncodingStats* stats) { Read(in, stats); });
        return true;
      case 14:
        out->bloom_filter_offset = r.ReadI64(type);
        return true;
      case 15:
        out->bloom_filter_length = r.ReadI32(type);
        return true;
      case 16:
        ReadSizeStatistics(r, type, &out->size_statistics);
        return true;
      default:
        return false;
    }
  });
}

void WriteKeyValues(CompactWriter& w, int16_t id, const std::vector<KeyValue>& values) {
  if (!values.empty()) {
    WriteStructList(w, id, values, [](CompactWriter& out, const KeyValue& kv) { Write(out, kv); });
  }
}

void WriteColumnStatistics(CompactWriter& w, const ColumnMetaData& value) {
  if (value.statistics) {
    w.FieldStruct(12);
    Write(w, *value.statistics);
  }
  if (!value.encoding_stats.empty()) {
    WriteStructList(w, 13, value.encoding_stats,
                    [](CompactWriter& out, const PageEncodingStats& s) { Write(out, s); });
  }
  OptionalI64(w, 14, value.bloom_filter_offset);
  OptionalI32(w, 15, value.bloom_filter_length);
  if (value.size_statistics) {
    w.FieldStruct(16);
    Write(w, *value.size_statistics);
  }
}

void Write(CompactWriter& w, const ColumnMetaData& value) {
  w.BeginStruct();
  w.FieldI32(1, static_cast<int32_t>(value.type));
  w.FieldList(2, Wire::kI32, value.encodings.size());
  for (const Encoding encoding : value.encodings) {
    w.ElementI32(static_cast<int32_t>(encoding));
  }
  WriteStringList(w, 3, value.path_in_schema);
  w.FieldI32(4, value.codec);
  w.FieldI64(5, value.num_values);
  w.FieldI64(6, value.total_uncompressed_size);
  w.FieldI64(7, value.total_compressed_size);
  WriteKeyValues(w, 8, value.key_value_metadata);
  w.FieldI64(9, value.data_page_offset);
  OptionalI64(w, 10, value.index_page_offset);
  OptionalI64(w, 11, value.dictionary_page_offset);
  WriteColumnStatistics(w, value);
  w.EndStruct();
}

void Read(CompactReader& r, ColumnChunk* out) {
  bool has_meta_data = false;
  ReadFields(r, "ColumnChunk", 0, [&](int16_t id, Wire type) {
    switch (id) {
      case 1:
        out->file_path = ReadString(r, type);
        return true;
      case 2:
        out->file_offset = r.ReadI64(type);
        return true;
      case 3:
        has_meta_data = r.Expect(type, Wire::kStruct);
        out->meta_data = ColumnMetaData();
        Read(r, &out->meta_data);
        return true;
      case 4:
        out->offset_index_offset = r.ReadI64(type);
        return true;
      case 5:
        out->offset_index_length = r.ReadI32(type);
        return true;
      case 6:
        out->column_index_offset = r.ReadI64(type);
        return true;
      case 7:
        out->column_index_length = r.ReadI32(type);
        return true;
      case 8:
      case 9:
        return r.Fail(Unimplemented("encrypted Parquet column"));
      default:
        return false;
    }
  });
  if (!has_meta_data) {
    r.Fail(Unimplemented("Parquet column chunk without metadata"));
  }
}

void Write(CompactWriter& w, const ColumnChunk& value) {
  w.BeginStruct();
  OptionalString(w, 1, value.file_path);
  w.FieldI64(2, value.file_offset);
  w.FieldStruct(3);
  Write(w, value.meta_data);
  OptionalI64(w, 4, value.offset_index_offset);
  OptionalI32(w, 5, value.offset_index_length);
  OptionalI64(w, 6, value.column_index_offset);
  OptionalI32(w, 7, value.column_index_length);
  w.EndStruct();
}

// --- Row groups, file ---------------------------------------------------------------------------

void Read(CompactReader& r, SortingColumn* out) {
  ReadFields(r, "SortingColumn", Mask(1, 2, 3), [&](int16_t id, Wire type) {
    switch (id) {
      case 1:
        out->column_index = r.ReadI32(type);
        return true;
      case 2:
        out->descending = r.ReadBool(type);
        return true;
      case 3:
        out->nulls_first = r.ReadBool(type);
        return true;
      default:
        return false;
    }
  });
}

void Write(CompactWriter& w, const SortingColumn& value) {
  w.BeginStruct();
  w.FieldI32(1, value.column_index);
  w.FieldBool(2, value.descending);
  w.FieldBool(3, value.nulls_first);
  w.EndStruct();
}

void Read(CompactReader& r, RowGroup* out) {
  ReadFields(r, "RowGroup", Mask(1, 2, 3), [&](int16_t id, Wire type) {
    switch (id) {
      case 1:
        ReadStructList(r, type, &out->columns,
                       [](CompactReader& in, ColumnChunk* chunk) { Read(in, chunk); });
        return true;
      case 2:
        out->total_byte_size = r.ReadI64(type);
        return true;
      case 3:
        out->num_rows = r.ReadI64(type);
        return true;
      case 4:
        ReadStructList(r, type, &out->sorting_columns,
                       [](CompactReader& in, SortingColumn* column) { Read(in, column); });
        return true;
      case 5:
        out->file_offset = r.ReadI64(type);
        return true;
      case 6:
        out->total_compressed_size = r.ReadI64(type);
        return true;
      case 7:
        out->ordinal = r.ReadI16(type);
        return true;
      default:
        return false;
    }
  });
}

void Write(CompactWriter& w, const RowGroup& value) {
  w.BeginStruct();
  WriteStructList(w, 1, value.columns,
                  [](CompactWriter& out, const ColumnChunk& chunk) { Write(out, chunk); });
  w.FieldI64(2, value.total_byte_size);
  w.FieldI64(3, value.num_rows);
  if (!value.sorting_columns.empty()) {
    WriteStructList(w, 4, value.sorting_columns,
                    [](CompactWriter& out, const SortingColumn& c) { Write(out, c); });
  }
  OptionalI64(w, 5, value.file_offset);
  OptionalI64(w, 6, value.total_compressed_size);
  if (value.ordinal) {
    w.FieldI16(7, *value.ordinal);
  }
  w.EndStruct();
}

void ReadColumnOrder(CompactReader& r, ColumnOrder* out) {
  bool seen = false;
  r.ReadStruct([&](int16_t id, Wire type) {
    *out = static_cast<ColumnOrder>(id);
    seen = true;
    r.Skip(type);
  });
  if (!seen) {
    r.Fail("empty ColumnOrder");
  }
}

void WriteColumnOrder(CompactWriter& w, ColumnOrder value) {
  w.BeginStruct();
  WriteEmptyStruct(w, static_cast<int16_t>(value));
  w.EndStruct();
}

void Read(CompactReader& r, FileMetaData* out) {
  ReadFields(r, "FileMetaData", Mask(1, 2, 3, 4), [&](int16_t id, Wire type) {
    switch (id) {
      case 1:
        out->version = r.ReadI32(type);
        return true;
      case 2:
        ReadStructList(r, type, &out->schema,
                       [](CompactReader& in, SchemaElement* element) { Read(in, element); });
        return true;
      case 3:
        out->num_rows = r.ReadI64(type);
        return true;
      case 4:
        ReadStructList(r, type, &out->row_groups,
                       [](CompactReader& in, RowGroup* group) { Read(in, group); });
        return true;
      case 5:
        ReadStructList(r, type, &out->key_value_metadata,
                       [](CompactReader& in, KeyValue* kv) { Read(in, kv); });
        return true;
      case 6:
        out->created_by = ReadString(r, type);
        return true;
      case 7:
        ReadStructList(r, type, &out->column_orders, ReadColumnOrder);
        return true;
      case 8:
      case 9:
        return r.Fail(Unimplemented("encrypted Parquet file"));
      default:
        return false;
    }
  });
}

void Write(CompactWriter& w, const FileMetaData& value) {
  w.BeginStruct();
  w.FieldI32(1, value.version);
  WriteStructList(w, 2, value.schema,
                  [](CompactWriter& out, const SchemaElement& e) { Write(out, e); });
  w.FieldI64(3, value.num_rows);
  WriteStructList(w, 4, value.row_groups,
                  [](CompactWriter& out, const RowGroup& group) { Write(out, group); });
  WriteKeyValues(w, 5, value.key_value_metadata);
  OptionalString(w, 6, value.created_by);
  if (!value.column_orders.empty()) {
    WriteStructList(w, 7, value.column_orders, WriteColumnOrder);
  }
  w.EndStruct();
}

// --- Page headers -------------------------------------------------------------------------------

void Read(CompactReader& r, DataPageHeader* out) {
  ReadFields(r, "DataPageHeader", Mask(1, 2, 3, 4), [&](int16_t id, Wire type) {
    switch (id) {
      case 1:
        out->num_values = r.ReadI32(type);
        return true;
      case 2:
        out->encoding = ReadEnum<Encoding>(r, type);
        return true;
      case 3:
        out->definition_level_encoding = ReadEnum<Encoding>(r, type);
        return true;
      case 4:
        out->repetition_level_encoding = ReadEnum<Encoding>(r, type);
        return true;
      default:
        return false;
    }
  });
}

void Write(CompactWriter& w, const DataPageHeader& value) {
  w.BeginStruct();
  w.FieldI32(1, value.num_values);
  w.FieldI32(2, static_cast<int32_t>(value.encoding));
  w.FieldI32(3, static_cast<int32_t>(value.definition_level_encoding));
  w.FieldI32(4, static_cast<int32_t>(value.repetition_level_encoding));
  w.EndStruct();
}

void Read(CompactReader& r, DataPageHeaderV2* out) {
  ReadFields(r, "DataPageHeaderV2", Mask(1, 2, 3, 4, 5, 6), [&](int16_t id, Wire type) {
    switch (id) {
      case 1:
        out->num_values = r.ReadI32(type);
        return true;
      case 2:
        out->num_nulls = r.ReadI32(type);
        return true;
      case 3:
        out->num_rows = r.ReadI32(type);
        return true;
      case 4:
        out->encoding = ReadEnum<Encoding>(r, type);
        return true;
      case 5:
        out->definition_levels_byte_length = r.ReadI32(type);
        return true;
      case 6:
        out->repetition_levels_byte_length = r.ReadI32(type);
        return true;
      case 7:
        out->is_compressed = r.ReadBool(type);
        return true;
      default:
        return false;
    }
  });
}

void Write(CompactWriter& w, const DataPageHeaderV2& value) {
  w.BeginStruct();
  w.FieldI32(1, value.num_values);
  w.FieldI32(2, value.num_nulls);
  w.FieldI32(3, value.num_rows);
  w.FieldI32(4, static_cast<int32_t>(value.encoding));
  w.FieldI32(5, value.definition_levels_byte_length);
  w.FieldI32(6, value.repetition_levels_byte_length);
  w.FieldBool(7, value.is_compressed);
  w.EndStruct();
}

void Read(CompactReader& r, DictionaryPageHeader* out) {
  ReadFields(r, "DictionaryPageHeader", Mask(1, 2), [&](int16_t id, Wire type) {
    switch (id) {
      case 1:
        out->num_values = r.ReadI32(type);
        return true;
      case 2:
        out->encoding = ReadEnum<Encoding>(r, type);
        return true;
      case 3:
        out->is_sorted = r.ReadBool(type);
        return true;
      default:
        return false;
    }
  });
}

void Write(CompactWriter& w, const DictionaryPageHeader& value) {
  w.BeginStruct();
  w.FieldI32(1, value.num_values);
  w.FieldI32(2, static_cast<int32_t>(value.encoding));
  OptionalBool(w, 3, value.is_sorted);
  w.EndStruct();
}

template <typename T>
bool ReadNested(CompactReader& r, Wire type, T* out) {
  if (r.Expect(type, Wire::kStruct)) {
    Read(r, out);
  }
  return true;
}

// Returns the field of PageHeader that holds what a page of this type needs; 0 for other types.
int SpecificField(PageType type) {
  switch (type) {
    case PageType::kDataPage:
      return 5;
    case PageType::kDictionaryPage:
      return 7;
    case PageType::kDataPageV2:
      return 8;
    default:
      return 0;
  }
}

void Read(CompactReader& r, PageHeader* out) {
  Fields fields;
  r.ReadStruct([&](int16_t id, Wire type) {
    fields.Saw(id);
    switch (id) {
      case 1:
        out->type = ReadEnum<PageType>(r, type);
        return;
      case 2:
        out->uncompressed_page_size = r.ReadI32(type);
        return;
      case 3:
        out->compressed_page_size = r.ReadI32(type);
        return;
      case 4:
        out->crc = static_cast<uint32_t>(r.ReadI32(type));
        return;
      case 5:
        ReadNested(r, type, &out->data);
        return;
      case 7:
        ReadNested(r, type, &out->dictionary);
        return;
      case 8:
        ReadNested(r, type, &out->data_v2);
        return;
      default:
        r.Skip(type);
    }
  });
  const int specific = SpecificField(out->type);
  fields.Require(r, "PageHeader", Mask(1, 2, 3) | (specific == 0 ? 0 : Mask(specific)));
}

void Write(CompactWriter& w, const PageHeader& value) {
  w.BeginStruct();
  w.FieldI32(1, static_cast<int32_t>(value.type));
  w.FieldI32(2, value.uncompressed_page_size);
  w.FieldI32(3, value.compressed_page_size);
  if (value.crc) {
    w.FieldI32(4, static_cast<int32_t>(*value.crc));
  }
  if (const int field = SpecificField(value.type); field != 0) {
    w.FieldStruct(static_cast<int16_t>(field));
  }
  switch (value.type) {
    case PageType::kDataPage:
      Write(w, value.data);
      break;
    case PageType::kDictionaryPage:
      Write(w, value.dictionary);
      break;
    case PageType::kDataPageV2:
      Write(w, value.data_v2);
      break;
    default:
      break;
  }
  w.EndStruct();
}

// --- Page index, bloom filter -------------------------------------------------------------------

void Read(CompactReader& r, PageLocation* out) {
  ReadFields(r, "PageLocation", Mask(1, 2, 3), [&](int16_t id, Wire type) {
    switch (id) {
      case 1:
        out->offset = r.ReadI64(type);
        return true;
      case 2:
        out->compressed_page_size = r.ReadI32(type);
        return true;
      case 3:
        out->first_row_index = r.ReadI64(type);
        return true;
      default:
        return false;
    }
  });
}

void Write(CompactWriter& w, const PageLocation& value) {
  w.BeginStruct();
  w.FieldI64(1, value.offset);
  w.FieldI32(2, value.compressed_page_size);
  w.FieldI64(3, value.first_row_index);
  w.EndStruct();
}

void Read(CompactReader& r, OffsetIndex* out) {
  ReadFields(r, "OffsetIndex", Mask(1), [&](int16_t id, Wire type) {
    switch (id) {
      case 1:
        ReadStructList(r, type, &out->page_locations,
                       [](CompactReader& in, PageLocation* location) { Read(in, location); });
        return true;
      case 2:
        ReadI64List(r, type, &out->unencoded_byte_array_data_bytes);
        return true;
      default:
        return false;
    }
  });
}

void ReadBoolList(CompactReader& r, Wire type, std::vector<bool>* out) {
  out->clear();
  r.ReadList(type, Wire::kTrue, [&] { out->push_back(r.ReadBoolElement()); });
}

void Read(CompactReader& r, ColumnIndex* out) {
  ReadFields(r, "ColumnIndex", Mask(1, 2, 3, 4), [&](int16_t id, Wire type) {
    switch (id) {
      case 1:
        ReadBoolList(r, type, &out->null_pages);
        return true;
      case 2:
        ReadStringList(r, type, &out->min_values);
        return true;
      case 3:
        ReadStringList(r, type, &out->max_values);
        return true;
      case 4:
        out->boundary_order = ReadEnum<BoundaryOrder>(r, type);
        return true;
      case 5:
        ReadI64List(r, type, &out->null_counts);
        return true;
      case 6:
        ReadI64List(r, type, &out->repetition_level_histograms);
        return true;
      case 7:
        ReadI64List(r, type, &out->definition_level_histograms);
        return true;
      default:
        return false;
    }
  });
}

// A union whose only member known here is field 1, an empty struct.
bool ReadOnlyChoice(CompactReader& r, Wire type, const char* name) {
  int choice = 0;
  r.Expect(type, Wire::kStruct);
  r.ReadStruct([&](int16_t id, Wire field_type) {
    choice = id;
    r.Skip(field_type);
  });
  if (choice != 1) {
    r.Fail(Unimplemented(std::string("bloom filter with unknown ") + name));
  }
  return true;
}

void Read(CompactReader& r, BloomFilterHeader* out) {
  ReadFields(r, "BloomFilterHeader", Mask(1, 2, 3, 4), [&](int16_t id, Wire type) {
    switch (id) {
      case 1:
        out->num_bytes = r.ReadI32(type);
        return true;
      case 2:
        return ReadOnlyChoice(r, type, "algorithm");
      case 3:
        return ReadOnlyChoice(r, type, "hash");
      case 4:
        return ReadOnlyChoice(r, type, "compression");
      default:
        return false;
    }
  });
}

void WriteOnlyChoice(CompactWriter& w, int16_t id) {
  w.FieldStruct(id);
  w.BeginStruct();
  WriteEmptyStruct(w, 1);
  w.EndStruct();
}

template <typename T>
absl::StatusOr<T> DecodeWhole(std::string_view bytes, const char* name) {
  CompactReader r(bytes);
  T value;
  Read(r, &value);
  if (r.ok() && r.remaining() != 0) {
    r.Fail("bytes left over");
  }
  if (!r.ok()) {
    return Annotate(r.status(), name);
  }
  return value;
}

template <typename T>
absl::StatusOr<T> DecodeFront(std::string_view bytes, const char* name, size_t* consumed) {
  CompactReader r(bytes);
  T value;
  Read(r, &value);
  if (!r.ok()) {
    return Annotate(r.status(), name);
  }
  *consumed = r.offset();
  return value;
}

}  // namespace

bool operator==(const PageHeader& a, const PageHeader& b) {
  if (a.type != b.type || a.uncompressed_page_size != b.uncompressed_page_size ||
      a.compressed_page_size != b.compressed_page_size || a.crc != b.crc) {
    return false;
  }
  switch (a.type) {
    case PageType::kDataPage:
      return a.data == b.data;
    case PageType::kDictionaryPage:
      return a.dictionary == b.dictionary;
    case PageType::kDataPageV2:
      return a.data_v2 == b.data_v2;
    default:
      return true;
  }
}

std::string Name(Type type) {
  switch (type) {
    case Type::kBoolean:
      return "BOOLEAN";
    case Type::kInt32:
      return "INT32";
    case Type::kInt64:
      return "INT64";
    case Type::kInt96:
      return "INT96";
    case Type::kFloat:
      return "FLOAT";
    case Type::kDouble:
      return "DOUBLE";
    case Type::kByteArray:
      return "BYTE_ARRAY";
    case Type::kFixedLenByteArray:
      return "FIXED_LEN_BYTE_ARRAY";
  }
  return "type " + std::to_string(static_cast<int32_t>(type));
}

std::string Name(Encoding encoding) {
  switch (encoding) {
    case Encoding::kPlain:
      return "PLAIN";
    case Encoding::kPlainDictionary:
      return "PLAIN_DICTIONARY";
    case Encoding::kRle:
      return "RLE";
    case Encoding::kBitPacked:
      return "BIT_PACKED";
    case Encoding::kDeltaBinaryPacked:
      return "DELTA_BINARY_PACKED";
    case Encoding::kDeltaLengthByteArray:
      return "DELTA_LENGTH_BYTE_ARRAY";
    case Encoding::kDeltaByteArray:
      return "DELTA_BYTE_ARRAY";
    case Encoding::kRleDictionary:
      return "RLE_DICTIONARY";
    case Encoding::kByteStreamSplit:
      return "BYTE_STREAM_SPLIT";
  }
  return "encoding " + std::to_string(static_cast<int32_t>(encoding));
}

std::string Name(PageType type) {
  switch (type) {
    case PageType::kDataPage:
      return "DATA_PAGE";
    case PageType::kIndexPage:
      return "INDEX_PAGE";
    case PageType::kDictionaryPage:
      return "DICTIONARY_PAGE";
    case PageType::kDataPageV2:
      return "DATA_PAGE_V2";
  }
  return "page type " + std::to_string(static_cast<int32_t>(type));
}

void AppendFileMetaData(const FileMetaData& value, std::string* out) {
  CompactWriter w(out);
  Write(w, value);
}

void AppendPageHeader(const PageHeader& value, std::string* out) {
  CompactWriter w(out);
  Write(w, value);
}

void AppendOffsetIndex(const OffsetIndex& value, std::string* out) {
  CompactWriter w(out);
  w.BeginStruct();
  WriteStructList(w, 1, value.page_locations,
                  [](CompactWriter& to, const PageLocation& l) { Write(to, l); });
  NonEmptyI64List(w, 2, value.unencoded_byte_array_data_bytes);
  w.EndStruct();
}

void AppendColumnIndex(const ColumnIndex& value, std::string* out) {
  CompactWriter w(out);
  w.BeginStruct();
  w.FieldList(1, Wire::kTrue, value.null_pages.size());
  for (const bool null_page : value.null_pages) {
    w.ElementBool(null_page);
  }
  WriteStringList(w, 2, value.min_values);
  WriteStringList(w, 3, value.max_values);
  w.FieldI32(4, static_cast<int32_t>(value.boundary_order));
  NonEmptyI64List(w, 5, value.null_counts);
  NonEmptyI64List(w, 6, value.repetition_level_histograms);
  NonEmptyI64List(w, 7, value.definition_level_histograms);
  w.EndStruct();
}

void AppendBloomFilterHeader(const BloomFilterHeader& value, std::string* out) {
  CompactWriter w(out);
  w.BeginStruct();
  w.FieldI32(1, value.num_bytes);
  WriteOnlyChoice(w, 2);
  WriteOnlyChoice(w, 3);
  WriteOnlyChoice(w, 4);
  w.EndStruct();
}

absl::StatusOr<FileMetaData> DecodeFileMetaData(std::string_view bytes) {
  return DecodeWhole<FileMetaData>(bytes, "FileMetaData");
}

absl::StatusOr<OffsetIndex> DecodeOffsetIndex(std::string_view bytes) {
  return DecodeWhole<OffsetIndex>(bytes, "OffsetIndex");
}

absl::StatusOr<ColumnIndex> DecodeColumnIndex(std::string_view bytes) {
  return DecodeWhole<ColumnIndex>(bytes, "ColumnIndex");
}

absl::StatusOr<PageHeader> DecodePageHeader(std::string_view bytes, size_t* consumed) {
  return DecodeFront<PageHeader>(bytes.substr(0, kMaxPageHeaderBytes), "PageHeader", consumed);
}

absl::StatusOr<BloomFilterHeader> DecodeBloomFilterHeader(std::string_view bytes,
                                                          size_t* consumed) {
  return DecodeFront<BloomFilterHeader>(bytes, "BloomFilterHeader", consumed);
}

}  // namespace veralith::parquet
