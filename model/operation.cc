// SPDX-License-Identifier: Apache-2.0

#include "model/operation.h"

#include <array>
#include <cstdio>

#include "model/operation_table.h"

namespace veralith::model {
namespace {

using namespace std::string_literals;

// Simple first: keys shrink towards index 0.
const std::array<std::string, kNastyKeys>& NastyKeys() {
  static const std::array<std::string, kNastyKeys>& keys = *new std::array<std::string, kNastyKeys>{
      "a",
      "b",
      "aa",
      "ab",
      "c",
      "",
      "\x00"s,
      "\x00\x00"s,
      "\x00\x01"s,
      "\x00\xff"s,
      "\x01"s,
      "\x7f"s,
      "\x80"s,
      "\xff"s,
      "\xff\xff"s,
      "\xff\x00"s,
      "a\x00"s,
      "a\x00\x00"s,
      "a\x00\xff"s,
      "a\x00"s
      "b",
      "a\xff"s,
      "key-1",
      "key-10",
      "key-2",
      std::string(60, 'p'),
      std::string(60, 'p') + "1",
      std::string(60, 'p') + "10",
      std::string(60, 'p') + "2",
      std::string(8, '\0'),
      std::string(8, '\xff'),
      std::string(300, 'q'),
      std::string(300, 'q') + "1",
  };
  return keys;
}

uint64_t Mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

}  // namespace

std::string KeyBytes(const Key& key) {
  if (key.literal.has_value()) {
    std::string bytes;
    for (uint32_t i = 0; i < key.repeat; ++i) {
      bytes += *key.literal;
    }
    return bytes;
  }
  if (key.index < kNastyKeys) {
    return NastyKeys()[key.index];
  }
  char text[16];
  std::snprintf(text, sizeof(text), "n%05u", key.index);
  return text;
}

std::string ValueBytes(size_t position, size_t part, size_t length) {
  const std::string name = std::to_string(position) + "." + std::to_string(part) + ";";
  const bool compresses = (position + part) % 2 == 0;
  std::string bytes = name;
  for (uint64_t i = 0; bytes.size() < length; ++i) {
    if (compresses) {
      bytes += name;
      continue;
    }
    const uint64_t word = Mix((position << 24) + (part << 16) + i + 1);
    bytes.append(reinterpret_cast<const char*>(&word), sizeof(word));
  }
  bytes.resize(length);
  return bytes;
}

std::string_view KindName(OperationKind kind) { return RowOf(kind).name; }

}  // namespace veralith::model
