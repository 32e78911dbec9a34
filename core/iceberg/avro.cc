// SPDX-License-Identifier: Apache-2.0

#include "core/iceberg/avro.h"

#include "core/base/status.h"
#include "core/format/checksum.h"
#include "core/format/coding.h"

namespace veralith::iceberg {
namespace {

constexpr std::string_view kMagic("Obj\x01", 4);
constexpr size_t kSyncBytes = 16;
constexpr std::string_view kSchemaKey = "avro.schema";
constexpr std::string_view kCodecKey = "avro.codec";

// A marker between blocks that differs between files. The specification draws it; equal files have
// equal markers here.
std::string SyncMarker(std::string_view body) {
  std::string marker;
  for (uint32_t seed = 0; marker.size() < kSyncBytes; ++seed) {
    AppendFixed32(&marker, Crc32c(seed, body));
  }
  return marker;
}

absl::Status ReadMetadata(AvroCursor* cursor, AvroFile* file) {
  std::string codec;
  for (;;) {
    size_t count = 0;
    VERALITH_RETURN_IF_ERROR(cursor->ReadCount(&count));
    if (count == 0) {
      break;
    }
    for (size_t i = 0; i < count; ++i) {
      std::pair<std::string, std::string> entry;
      VERALITH_RETURN_IF_ERROR(cursor->ReadBytes(&entry.first));
      VERALITH_RETURN_IF_ERROR(cursor->ReadBytes(&entry.second));
      if (entry.first == kSchemaKey) {
        file->schema = std::move(entry.second);
      } else if (entry.first == kCodecKey) {
        codec = std::move(entry.second);
      } else {
        file->metadata.push_back(std::move(entry));
      }
    }
  }
  return codec.empty() || codec == "null" ? absl::OkStatus()
                                          : Unimplemented("an Avro file with codec " + codec);
}

}  // namespace

void AppendAvroLong(std::string* out, int64_t value) {
  AppendVarint64(out, (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
}

void AppendAvroBytes(std::string* out, std::string_view value) {
  AppendAvroLong(out, static_cast<int64_t>(value.size()));
  out->append(value);
}

absl::Status AvroCursor::Error(std::string_view what) const {
  return DataLoss("Avro: " + std::string(what) + " at offset " + std::to_string(at_));
}

absl::Status AvroCursor::ReadLong(int64_t* value) {
  uint64_t raw = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (at_ == bytes_.size()) {
      return Error("bytes end in a number");
    }
    const uint64_t byte = static_cast<uint8_t>(bytes_[at_++]);
    if (shift == 63 && byte > 1) {
      break;
    }
    raw |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      *value = static_cast<int64_t>((raw >> 1) ^ (~(raw & 1) + 1));
      return absl::OkStatus();
    }
  }
  return Error("a number of more than 64 bits");
}

absl::Status AvroCursor::ReadFixed(size_t size, std::string_view* value) {
  if (size > remaining()) {
    return Error("bytes end in a value");
  }
  *value = bytes_.substr(at_, size);
  at_ += size;
  return absl::OkStatus();
}

absl::Status AvroCursor::ReadBytes(std::string* value) {
  int64_t size = 0;
  VERALITH_RETURN_IF_ERROR(ReadLong(&size));
  if (size < 0) {
    return Error("a negative length");
  }
  std::string_view view;
  VERALITH_RETURN_IF_ERROR(ReadFixed(static_cast<size_t>(size), &view));
  value->assign(view);
  return absl::OkStatus();
}

absl::Status AvroCursor::ReadCount(size_t* count) {
  int64_t value = 0;
  VERALITH_RETURN_IF_ERROR(ReadLong(&value));
  if (value < 0) {  // the count, negated; the block's size in bytes follows
    int64_t bytes = 0;
    VERALITH_RETURN_IF_ERROR(ReadLong(&bytes));
    value = value == INT64_MIN ? INT64_MAX : -value;
  }
  if (static_cast<uint64_t>(value) > remaining()) {
    return Error("a count of more items than there are bytes");
  }
  *count = static_cast<size_t>(value);
  return absl::OkStatus();
}

std::string EncodeAvroFile(std::string_view schema, const AvroFile::Metadata& metadata,
                           const std::vector<std::string>& records) {
  std::string file(kMagic);
  AppendAvroLong(&file, static_cast<int64_t>(metadata.size() + 2));
  AppendAvroBytes(&file, kSchemaKey);
  AppendAvroBytes(&file, schema);
  AppendAvroBytes(&file, kCodecKey);
  AppendAvroBytes(&file, "null");
  for (const auto& [key, value] : metadata) {
    AppendAvroBytes(&file, key);
    AppendAvroBytes(&file, value);
  }
  AppendAvroLong(&file, 0);
  std::string body;
  for (const std::string& record : records) {
    body += record;
  }
  const std::string marker = SyncMarker(body);
  file += marker;
  if (!records.empty()) {
    AppendAvroLong(&file, static_cast<int64_t>(records.size()));
    AppendAvroBytes(&file, body);
    file += marker;
  }
  return file;
}

absl::StatusOr<AvroFile> DecodeAvroFile(std::string_view bytes) {
  AvroCursor cursor(bytes);
  std::string_view magic;
  VERALITH_RETURN_IF_ERROR(cursor.ReadFixed(kMagic.size(), &magic));
  if (magic != kMagic) {
    return cursor.Error("another magic");
  }
  AvroFile file;
  VERALITH_RETURN_IF_ERROR(ReadMetadata(&cursor, &file));
  std::string_view marker;
  VERALITH_RETURN_IF_ERROR(cursor.ReadFixed(kSyncBytes, &marker));
  while (cursor.remaining() > 0) {
    int64_t count = 0;
    std::string block;
    std::string_view end;
    VERALITH_RETURN_IF_ERROR(cursor.ReadLong(&count));
    VERALITH_RETURN_IF_ERROR(cursor.ReadBytes(&block));
    VERALITH_RETURN_IF_ERROR(cursor.ReadFixed(kSyncBytes, &end));
    if (end != marker) {
      return cursor.Error("another sync marker");
    }
    if (count < 0 || static_cast<uint64_t>(count) > block.size()) {
      return cursor.Error("a block of more records than bytes");
    }
    file.blocks.push_back(std::move(block));
    file.counts.push_back(static_cast<size_t>(count));
  }
  return file;
}

}  // namespace veralith::iceberg
