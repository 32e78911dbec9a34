// SPDX-License-Identifier: Apache-2.0

#include "model/operation_bytes.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "model/operation_fields.h"

namespace veralith::model {
namespace {

constexpr uint64_t kNamespaces = std::size(kNamespaceTable);
// Limits below those of the text form, so that no short input asks for gigabytes; keys beyond the
// engine's limit can still be made.
constexpr size_t kMaxLiteralBytes = 64;
constexpr uint64_t kMaxRepeat = 1'000;
// Bytes that name nothing of their own are aliases of a few keys, a few namespaces and the common
// kinds of operation: chance must write where it wrote before.
constexpr uint64_t kOnceKeys = 64;
constexpr uint64_t kFew = 12;
constexpr OperationKind kCommonKinds[] = {
    OperationKind::kPut,   OperationKind::kPut,           OperationKind::kPut,
    OperationKind::kBatch, OperationKind::kDelete,        OperationKind::kDeleteRange,
    OperationKind::kScan,  OperationKind::kGet,           OperationKind::kFlush,
    OperationKind::kPut,   OperationKind::kSnapshot,      OperationKind::kIterate,
    OperationKind::kSync,  OperationKind::kRunBackground, OperationKind::kCompact,
};
constexpr uint64_t kMaxRepeatOfOne = 40'000;
constexpr uint64_t kMaxValueLength = 65'535;

// The primitives for both directions. A field visitor is written once, over either.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  bool AtEnd() const { return bytes_.empty(); }

  // `bound` 0 means 256.
  void Byte(uint8_t& value, uint8_t bound) {
    value = static_cast<uint8_t>(bound == 0 ? Fixed(1) : Fixed(1) % bound);
  }
  // `once`: single bytes from this value on are taken modulo it.
  void Small(uint64_t& value, uint64_t limit, uint64_t once) {
    value = Fixed(1);
    if (value >= 254) {
      value = Fixed(value == 254 ? 2 : 8);
    } else if (value >= once) {
      value %= std::min<uint64_t>(once, kFew);
    }
    if (limit != UINT64_MAX) {
      value %= limit + 1;
    }
  }
  void Bytes(std::string& value) {
    value.assign(bytes_.substr(0, value.size()));
    bytes_.remove_prefix(value.size());
  }

 private:
  uint64_t Fixed(size_t size) {
    uint64_t value = 0;
    for (size_t i = 0; i < size && !bytes_.empty(); ++i) {
      value |= uint64_t{static_cast<uint8_t>(bytes_[0])} << (8 * i);
      bytes_.remove_prefix(1);
    }
    return value;
  }
  std::string_view bytes_;
};

class Writer {
 public:
  std::string bytes;

  void Byte(uint8_t& value, uint8_t) { Fixed(value, 1); }
  void Small(uint64_t& value, uint64_t, uint64_t once) {
    if (value < std::min<uint64_t>(once, 254)) {
      return Fixed(value, 1);
    }
    Fixed(value <= 0xffff ? 254 : 255, 1);
    Fixed(value, value <= 0xffff ? 2 : 8);
  }
  void Bytes(std::string& value) { bytes += value; }

 private:
  void Fixed(uint64_t value, size_t size) {
    for (size_t i = 0; i < size; ++i) {
      bytes += static_cast<char>(value >> (8 * i));
    }
  }
};

template <typename Direction>
class Codec {
 public:
  explicit Codec(Direction& direction) : direction_(direction) {}

  template <typename Enum>
  void OneOf(Enum& value, uint8_t bound) {
    uint8_t byte = static_cast<uint8_t>(value);
    direction_.Byte(byte, bound);
    value = static_cast<Enum>(byte);
  }
  template <typename T>
  void Small(T& value, uint64_t limit, uint64_t once = 254) {
    uint64_t wide = value;
    direction_.Small(wide, limit, once);
    value = static_cast<T>(wide);
  }
  template <typename T>
  void Size(std::vector<T>& list) {
    size_t size = std::min(list.size(), kMaxListElements);
    Small(size, kMaxListElements);
    list.resize(size);
  }
  // Whether the field is present; makes it if reading has just found it present.
  template <typename T>
  bool Present(std::optional<T>& field) {
    bool present = field.has_value();
    OneOf(present, 2);
    if (present && !field.has_value()) {
      field.emplace();
    }
    return present;
  }

  void Namespace(NamespaceId& ns) {
    const auto* place = std::find(std::begin(kNamespaceTable), std::end(kNamespaceTable), ns);
    uint64_t code = place != std::end(kNamespaceTable)
                        ? static_cast<uint64_t>(place - std::begin(kNamespaceTable))
                        : ns + kNamespaces;
    Small(code, UINT64_MAX, kNamespaces);
    ns = code < kNamespaces ? kNamespaceTable[code] : code - kNamespaces;
  }
  void OnlyNamespace(std::optional<NamespaceId>& ns) {
    if (Present(ns)) {
      Namespace(*ns);
    }
  }
  void OneKey(Key& key) {
    uint64_t code = key.literal.has_value() ? 0 : key.index + uint64_t{1};
    Small(code, kMaxKeyIndex + 1, kOnceKeys);
    if (code != 0) {
      key.index = static_cast<uint32_t>(code - 1);
      return;
    }
    std::string literal = key.literal.value_or("");
    uint64_t size = std::min(literal.size(), kMaxLiteralBytes);
    Small(size, kMaxLiteralBytes);
    literal.resize(size);
    direction_.Bytes(literal);
    key.literal = std::move(literal);
    Small(key.repeat, key.literal->size() <= 1 ? kMaxRepeatOfOne : kMaxRepeat);
  }
  void End(std::optional<Key>& end) {
    if (Present(end)) {
      OneKey(*end);
    }
  }
  void Length(uint32_t& length) { Small(length, kMaxValueLength); }
  void Sync(Durability& durability) { OneOf(durability, 4); }
  void Parts(std::vector<BatchPart>& parts) {
    Size(parts);
    for (BatchPart& part : parts) {
      OneOf(part.kind, 3);
      VisitPart(part, *this);
    }
  }
  void Keys(std::vector<Key>& keys) {
    Size(keys);
    for (Key& key : keys) {
      OneKey(key);
    }
  }
  void Lower(OperationBound& bound) { AnyBound(bound); }
  void Upper(OperationBound& bound) { AnyBound(bound); }
  void Backward(bool& backward) { OneOf(backward, 2); }
  void Limit(uint32_t& limit) { Small(limit, UINT32_MAX); }
  void At(ReadPoint& at) {
    OneOf(at.kind, 3);
    if (at.kind == ReadPoint::Kind::kSnapshot) {
      Small(at.number, kSlots - 1);
    } else if (at.kind == ReadPoint::Kind::kCommit) {
      Small(at.number, UINT32_MAX);
      uint8_t difference = static_cast<uint8_t>(at.difference + 1);
      OneOf(difference, 3);
      at.difference = static_cast<int>(difference) - 1;
    }
  }
  void Moves(std::vector<Move>& moves) {
    Size(moves);
    for (Move& move : moves) {
      OneOf(move.kind, 6);
      if (move.kind == Move::Kind::kSeek || move.kind == Move::Kind::kSeekForPrev) {
        OneKey(move.key);
      }
    }
  }
  void Slot(uint32_t& slot) { Small(slot, kSlots - 1); }
  void Count(uint32_t& count) { Small(count, UINT32_MAX); }
  void Seed(uint64_t& seed) { Small(seed, UINT64_MAX); }
  void Nanos(uint64_t& nanos) { Small(nanos, INT64_MAX); }
  void OneFault(Fault& fault) {
    OneOf(fault.call, kFaultCalls);
    OneOf(fault.files, kFaultFiles);
    Small(fault.nth, UINT32_MAX);
    OneOf(fault.effect, kFaultEffects);
    OneOf(fault.forever, 2);
  }

 private:
  void AnyBound(OperationBound& bound) {
    OneOf(bound.kind, 3);
    if (bound.kind != OperationBound::Kind::kOpen) {
      OneKey(bound.key);
    }
  }
  Direction& direction_;
};

// Which kind a byte names. Kinds are found by their codes; every other byte is an alias, and the
// rule of aliases does not know how many kinds there are.
std::array<OperationKind, 256> KindsByByte() {
  std::array<OperationKind, 256> kinds = {};
  for (size_t byte = 0; byte < kinds.size(); ++byte) {
    kinds[byte] = kCommonKinds[byte % std::size(kCommonKinds)];
  }
  for (const OperationRow& row : kOperations) {
    kinds[row.code] = row.kind;
  }
  return kinds;
}

template <typename Direction>
uint8_t Transcode(Operation& operation, Direction& direction) {
  static const std::array<OperationKind, 256> kinds = KindsByByte();
  uint8_t code = RowOf(operation.kind).code;
  direction.Byte(code, 0);
  operation.kind = kinds[code];
  Codec<Direction> codec(direction);
  VisitFields(operation, codec);
  return code;
}

}  // namespace

std::vector<Operation> DecodeOperations(std::string_view bytes, size_t limit) {
  Reader reader(bytes);
  std::vector<Operation> operations;
  while (!reader.AtEnd() && operations.size() < limit) {
    Transcode(operations.emplace_back(), reader);
  }
  return operations;
}

bool UsesReservedCodes(std::string_view bytes, size_t limit) {
  Reader reader(bytes);
  for (size_t i = 0; !reader.AtEnd() && i < limit; ++i) {
    Operation operation;
    const uint8_t code = Transcode(operation, reader);
    if (code < kReservedCodes && RowOf(operation.kind).code != code) {
      return true;
    }
  }
  return false;
}

std::string EncodeOperations(const std::vector<Operation>& operations) {
  Writer writer;
  for (Operation operation : operations) {
    Transcode(operation, writer);
  }
  return std::move(writer.bytes);
}

}  // namespace veralith::model
