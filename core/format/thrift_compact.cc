// SPDX-License-Identifier: Apache-2.0

#include "core/format/thrift_compact.h"

#include <utility>

#include "core/base/check.h"
#include "core/base/status.h"

namespace veralith::thrift {
namespace {

uint64_t Zigzag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}

}  // namespace

// --- Reader -------------------------------------------------------------------------------------

bool CompactReader::Fail(std::string_view what) {
  if (ok()) {
    std::string message(what);
    message.append(" at offset ").append(std::to_string(position_)).append(" of Thrift data");
    status_ = DataLoss(message);
  }
  return false;
}

bool CompactReader::Fail(absl::Status status) {
  if (ok()) {
    status_ = std::move(status);
  }
  return false;
}

uint64_t CompactReader::ReadLongVarint(int max_bits) {
  uint64_t value = 0;
  for (int shift = 0; shift < max_bits; shift += 7) {
    const uint8_t byte = ReadRawByte();
    const uint64_t bits = byte & 0x7f;
    if (max_bits - shift < 7 && (bits >> (max_bits - shift)) != 0) {
      break;
    }
    value |= bits << shift;
    if ((byte & 0x80) == 0) {
      return value;
    }
  }
  Fail("integer too large");
  return 0;
}

uint32_t CompactReader::CountFromHeader(uint8_t header) {
  const int small = header >> 4;
  const uint64_t count = small == 15 ? ReadVarint(32) : static_cast<uint64_t>(small);
  if (count > remaining()) {  // every element uses at least one byte
    Fail("list longer than the data");
    return 0;
  }
  return static_cast<uint32_t>(count);
}

uint32_t CompactReader::ListHeader(Type element) {
  const uint8_t header = ReadRawByte();
  const Type type = static_cast<Type>(header & 0x0f);
  const uint32_t count = CountFromHeader(header);
  if (!ok() || count == 0) {
    return 0;
  }
  if (!(IsBool(element) && IsBool(type)) && !Expect(type, element)) {
    return 0;
  }
  return count;
}

bool CompactReader::ReadBoolElement() { return ReadRawByte() == static_cast<uint8_t>(Type::kTrue); }

std::string_view CompactReader::ReadBinary(Type type) {
  if (!Expect(type, Type::kBinary)) {
    return {};
  }
  const uint64_t length = ReadVarint(32);
  const size_t start = position_;
  SkipBytes(length);
  return ok() ? bytes_.substr(start, length) : std::string_view();
}

bool CompactReader::FailType(Type got, Type want) {
  return Fail("wire type " + std::to_string(static_cast<int>(got)) + " where " +
              std::to_string(static_cast<int>(want)) + " belongs");
}

void CompactReader::SkipBytes(size_t count) {
  if (!ok()) {
    return;
  }
  if (count > remaining()) {
    Fail("field longer than the data");
    return;
  }
  position_ += count;
}

void CompactReader::Skip(Type type) {
  if (!IsBool(type)) {  // a boolean field's value is its type
    SkipElement(type);
  }
}

void CompactReader::SkipElement(Type type) {
  switch (type) {
    case Type::kTrue:
    case Type::kFalse:
    case Type::kByte:
      return SkipBytes(1);
    case Type::kI16:
    case Type::kI32:
    case Type::kI64:
      ReadVarint(64);
      return;
    case Type::kDouble:
      return SkipBytes(8);
    case Type::kUuid:
      return SkipBytes(16);
    case Type::kBinary:
      ReadBinary(type);
      return;
    case Type::kList:
    case Type::kSet:
      return SkipList();
    case Type::kMap:
      return SkipMap();
    case Type::kStruct:
      return SkipStruct();
    case Type::kStop:
      break;
  }
  Fail("unknown wire type");
}

void CompactReader::SkipList() {
  if (!Enter()) {
    return;
  }
  const uint8_t header = ReadRawByte();
  const uint32_t count = CountFromHeader(header);
  for (uint32_t i = 0; i < count && ok(); ++i) {
    SkipElement(static_cast<Type>(header & 0x0f));
  }
  Leave();
}

void CompactReader::SkipMap() {
  if (!Enter()) {
    return;
  }
  const uint64_t count = ReadVarint(32);
  if (count > remaining()) {
    Fail("map longer than the data");
  }
  const uint8_t types = count == 0 ? 0 : ReadRawByte();
  for (uint64_t i = 0; i < count && ok(); ++i) {
    SkipElement(static_cast<Type>(types >> 4));
    SkipElement(static_cast<Type>(types & 0x0f));
  }
  Leave();
}

void CompactReader::SkipStruct() {
  ReadStruct([this](int16_t, Type type) { Skip(type); });
}

// --- Writer -------------------------------------------------------------------------------------

void CompactWriter::BeginStruct() {
  VERALITH_CHECK(depth_ < kMaxDepth);
  last_field_[++depth_] = 0;
}

void CompactWriter::EndStruct() {
  VERALITH_CHECK(depth_ > 0);
  --depth_;
  out_->push_back('\0');
}

namespace {

char* StoreVarint(char* to, uint64_t value) {
  while (value >= 0x80) {
    *to++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *to++ = static_cast<char>(value);
  return to;
}

}  // namespace

void CompactWriter::Varint(uint64_t value) {
  char bytes[kMaxVarintBytes];
  out_->append(bytes, static_cast<size_t>(StoreVarint(bytes, value) - bytes));
}

char* CompactWriter::StoreFieldHeader(char* to, int16_t id, Type type) {
  const int delta = id - last_field_[depth_];
  last_field_[depth_] = id;
  if (delta >= 1 && delta <= 15) {
    *to++ = static_cast<char>(delta << 4 | static_cast<int>(type));
    return to;
  }
  *to++ = static_cast<char>(type);
  return StoreVarint(to, Zigzag(id));
}

void CompactWriter::FieldHeader(int16_t id, Type type) {
  char bytes[kMaxFieldHeaderBytes];
  out_->append(bytes, static_cast<size_t>(StoreFieldHeader(bytes, id, type) - bytes));
}

void CompactWriter::FieldInteger(int16_t id, Type type, int64_t value) {
  char bytes[kMaxFieldHeaderBytes + kMaxVarintBytes];
  char* const end = StoreVarint(StoreFieldHeader(bytes, id, type), Zigzag(value));
  out_->append(bytes, static_cast<size_t>(end - bytes));
}

void CompactWriter::FieldBool(int16_t id, bool value) {
  FieldHeader(id, value ? Type::kTrue : Type::kFalse);
}

void CompactWriter::FieldByte(int16_t id, int8_t value) {
  FieldHeader(id, Type::kByte);
  out_->push_back(static_cast<char>(value));
}

void CompactWriter::FieldI16(int16_t id, int16_t value) { FieldInteger(id, Type::kI16, value); }
void CompactWriter::FieldI32(int16_t id, int32_t value) { FieldInteger(id, Type::kI32, value); }
void CompactWriter::FieldI64(int16_t id, int64_t value) { FieldInteger(id, Type::kI64, value); }

void CompactWriter::FieldBinary(int16_t id, std::string_view value) {
  FieldHeader(id, Type::kBinary);
  ElementBinary(value);
}

void CompactWriter::FieldStruct(int16_t id) { FieldHeader(id, Type::kStruct); }

void CompactWriter::FieldList(int16_t id, Type element, size_t count) {
  FieldHeader(id, Type::kList);
  const uint8_t type = static_cast<uint8_t>(element);
  if (count < 15) {
    out_->push_back(static_cast<char>(count << 4 | type));
    return;
  }
  out_->push_back(static_cast<char>(0xf0 | type));
  Varint(count);
}

void CompactWriter::ElementBool(bool value) {
  out_->push_back(static_cast<char>(value ? Type::kTrue : Type::kFalse));
}

void CompactWriter::ElementI32(int32_t value) { Varint(Zigzag(value)); }
void CompactWriter::ElementI64(int64_t value) { Varint(Zigzag(value)); }

void CompactWriter::ElementBinary(std::string_view value) {
  Varint(value.size());
  out_->append(value);
}

}  // namespace veralith::thrift
