// SPDX-License-Identifier: Apache-2.0

// The part of Thrift's compact protocol that Parquet needs, over bytes in memory.
//
// Reader: total and linear. It keeps the first error: every later call does nothing and returns a
// zero, so decoders read straight through and ask once. Each step uses at least one byte of input,
// and nesting deeper than kMaxDepth is DataLoss, so time and stack are bounded by the input's size.
// Nothing is allocated except the error's text. Strings are views into the input.
//
// Writer: appends to a string; the caller opens and closes structs and gives ascending field ids.
//
// Thread rule: none; one owner. Not here: maps beyond skipping them, messages, set elements.
#ifndef VERALITH_CORE_FORMAT_THRIFT_COMPACT_H_
#define VERALITH_CORE_FORMAT_THRIFT_COMPACT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace veralith::thrift {

inline constexpr int kMaxDepth = 24;

enum class Type : uint8_t {
  kStop = 0,
  kTrue = 1,
  kFalse = 2,
  kByte = 3,
  kI16 = 4,
  kI32 = 5,
  kI64 = 6,
  kDouble = 7,
  kBinary = 8,
  kList = 9,
  kSet = 10,
  kMap = 11,
  kStruct = 12,
  kUuid = 13,
};

class CompactReader {
 public:
  explicit CompactReader(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return status_.ok(); }
  const absl::Status& status() const { return status_; }
  size_t offset() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }

  // Calls on_field(id, type) for each field of the struct at the current position; on_field reads
  // or skips the field's value (Skip(type)).
  template <typename OnField>
  void ReadStruct(OnField&& on_field) {
    if (!Enter()) {
      return;
    }
    int16_t id = 0;
    Type type = Type::kStop;
    while (NextField(&id, &type)) {
      on_field(id, type);
    }
    Leave();
  }

  // Calls on_element(type of elements) `count` times; the header's element type must be `element`
  // (for booleans kTrue or kFalse are both taken).
  template <typename OnElement>
  void ReadList(Type field_type, Type element, OnElement&& on_element) {
    if (!Expect(field_type, Type::kList) || !Enter()) {
      return;
    }
    const uint32_t count = ListHeader(element);
    for (uint32_t i = 0; i < count && ok(); ++i) {
      on_element();
    }
    Leave();
  }

  // Values of fields; `type` is the field's type as NextField gave it, and must fit.
  bool ReadBool(Type type) {
    return type == Type::kTrue || (type != Type::kFalse && Expect(type, Type::kTrue));
  }
  int8_t ReadByte(Type type) {
    return Expect(type, Type::kByte) ? static_cast<int8_t>(ReadRawByte()) : int8_t{0};
  }
  int16_t ReadI16(Type type) {
    return Expect(type, Type::kI16) ? static_cast<int16_t>(ReadZigzag(16)) : int16_t{0};
  }
  int32_t ReadI32(Type type) {
    return Expect(type, Type::kI32) ? static_cast<int32_t>(ReadZigzag(32)) : 0;
  }
  int64_t ReadI64(Type type) { return Expect(type, Type::kI64) ? ReadZigzag(64) : 0; }
  std::string_view ReadBinary(Type type);

  // A boolean as a list element: one byte.
  bool ReadBoolElement();

  void Skip(Type type);

  // Records DataLoss at the current offset unless an error is already there. Returns false.
  bool Fail(std::string_view what);
  // Records an error of another kind. Returns false.
  bool Fail(absl::Status status);

  // Fails and returns false unless they are equal.
  bool Expect(Type got, Type want) { return got == want ? ok() : FailType(got, want); }

 private:
  static bool IsBool(Type type) { return type == Type::kTrue || type == Type::kFalse; }

  bool FailType(Type got, Type want);

  bool Enter() {
    if (depth_ == kMaxDepth) {
      return Fail("nesting too deep");
    }
    last_field_[++depth_] = 0;
    return ok() || (Leave(), false);
  }
  void Leave() { --depth_; }

  bool NextField(int16_t* id, Type* type) {
    const uint8_t header = ReadRawByte();
    if (header == 0) {
      return false;
    }
    const int delta = header >> 4;
    *type = static_cast<Type>(header & 0x0f);
    if (*type == Type::kStop || *type > Type::kUuid) {
      return Fail("unknown wire type");
    }
    const int64_t next = delta == 0 ? ReadZigzag(16) : last_field_[depth_] + delta;
    if (next > INT16_MAX) {
      return Fail("field id too large");
    }
    *id = static_cast<int16_t>(next);
    last_field_[depth_] = *id;
    return ok();
  }

  uint32_t ListHeader(Type element);
  uint32_t CountFromHeader(uint8_t header);
  void SkipElement(Type type);
  void SkipList();
  void SkipMap();
  void SkipStruct();
  void SkipBytes(size_t count);

  // Returns 0 after an error.
  uint8_t ReadRawByte() {
    if (position_ < bytes_.size() && ok()) [[likely]] {
      return static_cast<uint8_t>(bytes_[position_++]);
    }
    Fail("unexpected end");
    return 0;
  }
  uint64_t ReadVarint(int max_bits) {
    if (position_ < bytes_.size() && static_cast<uint8_t>(bytes_[position_]) < 0x80 && ok()) {
      return static_cast<uint8_t>(bytes_[position_++]);
    }
    return ReadLongVarint(max_bits);
  }
  uint64_t ReadLongVarint(int max_bits);
  int64_t ReadZigzag(int max_bits) {
    const uint64_t value = ReadVarint(max_bits);
    return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
  }

  std::string_view bytes_;
  size_t position_ = 0;
  int depth_ = 0;
  int16_t last_field_[kMaxDepth + 1] = {};
  absl::Status status_;
};

class CompactWriter {
 public:
  explicit CompactWriter(std::string* out) : out_(out) {}

  // The outermost struct, a struct in a list, or (with FieldStruct before) a struct as a field.
  void BeginStruct();
  void EndStruct();

  void FieldBool(int16_t id, bool value);
  void FieldByte(int16_t id, int8_t value);
  void FieldI16(int16_t id, int16_t value);
  void FieldI32(int16_t id, int32_t value);
  void FieldI64(int16_t id, int64_t value);
  void FieldBinary(int16_t id, std::string_view value);
  void FieldStruct(int16_t id);                            // BeginStruct ... EndStruct follow
  void FieldList(int16_t id, Type element, size_t count);  // `count` elements follow

  void ElementBool(bool value);
  void ElementI32(int32_t value);
  void ElementI64(int64_t value);
  void ElementBinary(std::string_view value);

 private:
  static constexpr size_t kMaxVarintBytes = 10;
  static constexpr size_t kMaxFieldHeaderBytes = 4;

  char* StoreFieldHeader(char* to, int16_t id, Type type);
  void FieldHeader(int16_t id, Type type);
  void FieldInteger(int16_t id, Type type, int64_t value);
  void Varint(uint64_t value);

  std::string* out_;
  int depth_ = 0;
  int16_t last_field_[kMaxDepth + 1] = {};
};

}  // namespace veralith::thrift

#endif  // VERALITH_CORE_FORMAT_THRIFT_COMPACT_H_
