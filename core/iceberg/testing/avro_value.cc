// SPDX-License-Identifier: Apache-2.0

#include "core/iceberg/testing/avro_value.h"

#include <cstdint>

#include "core/base/status.h"

namespace veralith::iceberg {
namespace {

using Json = nlohmann::json;

// Reads on; `ok` is false once anything did not fit.
struct Bytes {
  std::string_view left;
  bool ok = true;

  std::string_view Take(uint64_t size) {
    if (size > left.size()) {
      ok = false;
      return {};
    }
    const std::string_view taken = left.substr(0, size);
    left.remove_prefix(size);
    return taken;
  }
  int64_t Long() {
    uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      const std::string_view byte = Take(1);
      if (!ok) {
        return 0;
      }
      value |= (uint64_t{static_cast<uint8_t>(byte[0])} & 0x7f) << shift;
      if (static_cast<uint8_t>(byte[0]) < 0x80) {
        return static_cast<int64_t>(value / 2) ^ -static_cast<int64_t>(value % 2);
      }
    }
    ok = false;
    return 0;
  }
  std::string String() {
    const int64_t size = Long();
    ok = ok && size >= 0;
    return ok ? std::string(Take(static_cast<uint64_t>(size))) : std::string();
  }
};

Json Read(const Json& type, Bytes& bytes);

Json ReadItems(const Json& items, Bytes& bytes) {
  Json values = Json::array();
  for (int64_t count = bytes.Long(); bytes.ok && count != 0; count = bytes.Long()) {
    if (count < 0) {
      bytes.Long();
      count = -count;
    }
    for (int64_t i = 0; i < count && bytes.ok; ++i) {
      values.push_back(Read(items, bytes));
    }
  }
  return values;
}

Json ReadNamed(const std::string& type, const Json& schema, Bytes& bytes) {
  if (type == "null") {
    return nullptr;
  }
  if (type == "int" || type == "long") {
    return bytes.Long();
  }
  if (type == "string" || type == "bytes") {
    return bytes.String();
  }
  if (type == "array") {
    return ReadItems(schema.at("items"), bytes);
  }
  if (type == "record") {
    Json record = Json::object();
    for (const Json& field : schema.at("fields")) {
      record[field.at("name").get<std::string>()] = Read(field.at("type"), bytes);
    }
    return record;
  }
  bytes.ok = false;  // of no use to Iceberg's manifests
  return nullptr;
}

Json Read(const Json& type, Bytes& bytes) {
  if (type.is_string()) {
    return ReadNamed(type.get<std::string>(), type, bytes);
  }
  if (type.is_object()) {
    return ReadNamed(type.at("type").get<std::string>(), type, bytes);
  }
  const int64_t branch = bytes.Long();  // of a union
  if (!bytes.ok || branch < 0 || static_cast<size_t>(branch) >= type.size()) {
    bytes.ok = false;
    return nullptr;
  }
  return Read(type.at(static_cast<size_t>(branch)), bytes);
}

}  // namespace

absl::StatusOr<AvroRecords> ReadAvro(std::string_view file) {
  Bytes bytes{file};
  AvroRecords read;
  read.records = Json::array();
  bytes.ok = bytes.Take(4) == std::string_view("Obj\x01", 4);
  for (int64_t count = bytes.Long(); bytes.ok && count != 0; count = bytes.Long()) {
    for (int64_t i = 0; i < count && bytes.ok; ++i) {
      std::string key = bytes.String();
      read.metadata[key] = bytes.String();
    }
  }
  if (!bytes.ok || read.metadata.value("avro.codec", "") != "null") {
    return DataLoss("no Avro file without compression");
  }
  const Json schema = Json::parse(read.metadata.at("avro.schema").get<std::string>());
  const std::string_view marker = bytes.Take(16);
  while (bytes.ok && !bytes.left.empty()) {
    const int64_t count = bytes.Long();
    std::string block = bytes.String();
    Bytes in_block{block};
    for (int64_t i = 0; i < count && in_block.ok; ++i) {
      read.records.push_back(Read(schema, in_block));
    }
    bytes.ok = bytes.ok && in_block.ok && in_block.left.empty() && bytes.Take(16) == marker;
  }
  return bytes.ok ? absl::StatusOr<AvroRecords>(std::move(read))
                  : absl::StatusOr<AvroRecords>(DataLoss("a damaged Avro file"));
}

}  // namespace veralith::iceberg
