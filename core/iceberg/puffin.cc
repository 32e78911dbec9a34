// SPDX-License-Identifier: Apache-2.0

#include "core/iceberg/puffin.h"

#include "core/format/checksum.h"
#include "core/format/coding.h"
#include "core/iceberg/created_by.h"
#include "nlohmann/json.hpp"

namespace veralith::iceberg {
namespace {

constexpr std::string_view kMagic = "PFA1";
constexpr std::string_view kVectorMagic = "\xd1\xd3\x39\x64";
constexpr int32_t kRowPositionFieldId = 2147483645;  // of Iceberg's column _pos

void AppendBe32(std::string* out, uint32_t value) { AppendFixed32(out, __builtin_bswap32(value)); }

}  // namespace

std::string DeletionVectorBlob(const PositionSet& rows) {
  const std::string vector = std::string(kVectorMagic) + rows.Encode();
  std::string blob;
  AppendBe32(&blob, static_cast<uint32_t>(vector.size()));
  blob += vector;
  AppendBe32(&blob, Crc32(vector));
  return blob;
}

PuffinBuilder::PuffinBuilder() : file_(kMagic) {}

uint64_t PuffinBuilder::Add(std::string_view blob, std::string_view data_file,
                            uint64_t cardinality) {
  const uint64_t offset = file_.size();
  file_.append(blob);
  blobs_.push_back({offset, blob.size(), std::string(data_file), cardinality});
  return offset;
}

std::string PuffinBuilder::Finish() {
  nlohmann::ordered_json payload;
  payload["blobs"] = nlohmann::ordered_json::array();
  for (const Blob& blob : blobs_) {
    payload["blobs"].push_back({{"type", "deletion-vector-v1"},
                                {"fields", nlohmann::ordered_json::array({kRowPositionFieldId})},
                                {"snapshot-id", -1},
                                {"sequence-number", -1},
                                {"offset", blob.offset},
                                {"length", blob.bytes},
                                {"properties",
                                 {{"referenced-data-file", blob.data_file},
                                  {"cardinality", std::to_string(blob.cardinality)}}}});
  }
  payload["properties"] = {{"created-by", CreatedBy()}};
  const std::string text = payload.dump();
  file_.append(kMagic).append(text);
  AppendFixed32(&file_, static_cast<uint32_t>(text.size()));
  AppendFixed32(&file_, 0);  // flags: the payload is not compressed
  file_.append(kMagic);
  return std::move(file_);
}

}  // namespace veralith::iceberg
