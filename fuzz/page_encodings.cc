// SPDX-License-Identifier: Apache-2.0

// Page encodings. Input: a byte that selects the encoding, two bytes of value count, page data.
// Selectors 0, 10, 20 and so on are those of kIntegerEncodings.
// What decodes must encode to bytes that decode to the same values. The encoders' own bytes must be
// stable, and only the right count may decode from them.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/format/column_encoding.h"
#include "core/format/parquet_encoding.h"

namespace veralith::parquet {
namespace {

template <typename T, typename Append, typename Decode>
void TryNumbers(std::string_view bytes, size_t count, Append append, Decode decode) {
  std::vector<T> values(count);
  const auto used = decode(bytes, std::span<T>(values));
  if (!used.ok()) {
    return;
  }
  VERALITH_CHECK(*used <= bytes.size());
  std::string again;
  append(std::span<const T>(values), &again);
  std::vector<T> second(count);
  VERALITH_CHECK(decode(again, std::span<T>(second)).value() == again.size());
  VERALITH_CHECK(second == values);
  second.resize(count + 1);
  VERALITH_CHECK(!decode(again, std::span<T>(second)).ok());
}

void TryIntegers(const IntegerEncoding& encoding, std::string_view bytes, size_t count) {
  TryNumbers<int64_t>(bytes, count, encoding.append, encoding.decode);
}

void TryPacked(std::string_view bytes, size_t count) {
  TryNumbers<int32_t>(
      bytes, count,
      [](std::span<const int32_t> values, std::string* out) {
        AppendDeltaBinaryPacked(values, out);
      },
      [](std::string_view from, std::span<int32_t> out) {
        return DecodeDeltaBinaryPacked(from, out);
      });
}

// Takes the bytes as values: any values must survive.
template <typename T>
void TryValues(std::string_view bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  VERALITH_CHECK(DecodePlain(bytes, std::span<T>(values)).value() == values.size() * sizeof(T));
  std::string plain;
  AppendPlain(std::span<const T>(values), &plain);
  VERALITH_CHECK(plain == bytes.substr(0, plain.size()));
  std::string packed;
  AppendDeltaBinaryPacked(std::span<const T>(values), &packed);
  std::vector<T> second(values.size());
  VERALITH_CHECK(DecodeDeltaBinaryPacked(packed, std::span<T>(second)).value() == packed.size());
  VERALITH_CHECK(second == values);
}

void TryLengths(std::string_view bytes, size_t count) {
  std::vector<uint32_t> offsets(count + 1);
  std::string_view data;
  const auto used = DecodeDeltaLengthByteArray(bytes, offsets, &data);
  if (!used.ok()) {
    return;
  }
  VERALITH_CHECK(*used <= bytes.size() && data.data() + data.size() == bytes.data() + *used);
  DeltaLengthByteArrayEncoder encoder;
  for (size_t i = 0; i < count; ++i) {
    VERALITH_CHECK(offsets[i] <= offsets[i + 1]);
    encoder.Add(data.substr(offsets[i], offsets[i + 1] - offsets[i]));
  }
  std::string again;
  encoder.Finish(&again);
  std::vector<uint32_t> second(count + 1);
  std::string_view second_data;
  VERALITH_CHECK(DecodeDeltaLengthByteArray(again, second, &second_data).value() == again.size());
  VERALITH_CHECK(second == offsets && second_data == data);
}

void TryPrefixes(std::string_view bytes, size_t count) {
  constexpr uint64_t kMaxRebuilt = 1 << 22;
  std::vector<uint32_t> prefixes(count);
  std::vector<uint32_t> suffixes(count + 1);
  const auto view = DecodeDeltaByteArray(bytes, prefixes, suffixes, 1 << 20);
  if (!view.ok() || view->total_bytes > kMaxRebuilt) {
    return;
  }
  std::string all(view->total_bytes, '?');
  std::vector<uint64_t> offsets(count + 1);
  MaterializeDeltaByteArray(*view, all.data(), offsets.data());
  VERALITH_CHECK(offsets[count] == all.size());
  DeltaByteArrayEncoder encoder;
  for (size_t i = 0; i < count; ++i) {
    const std::string_view value =
        std::string_view(all).substr(offsets[i], offsets[i + 1] - offsets[i]);
    VERALITH_CHECK(value.size() >= view->min_bytes && value.size() <= view->max_bytes);
    VERALITH_CHECK(all.compare(0, view->common_prefix, value, 0, view->common_prefix) == 0);
    encoder.Add(value);
  }
  std::string again;
  encoder.Finish(&again);
  const auto second = DecodeDeltaByteArray(again, prefixes, suffixes, 1 << 20);
  VERALITH_CHECK(second.ok() && second->consumed == again.size());
  std::string rebuilt(second->total_bytes, '?');
  MaterializeDeltaByteArray(*second, rebuilt.data(), offsets.data());
  VERALITH_CHECK(rebuilt == all);
}

void TryRle(std::string_view bytes, int width, size_t count) {
  std::vector<uint32_t> values(count);
  if (!DecodeRle(bytes, width, values).ok()) {
    return;
  }
  std::string again;
  AppendRle(values, width, &again);
  std::vector<uint32_t> second(count);
  VERALITH_CHECK(DecodeRle(again, width, second).value() == again.size());
  VERALITH_CHECK(second == values);
}

void TryLevels(std::string_view bytes, size_t count) {
  std::vector<uint8_t> levels(count);
  size_t ones = 0;
  if (!DecodeRleLevels(bytes, levels, &ones).ok()) {
    return;
  }
  VERALITH_CHECK(ones == static_cast<size_t>(std::count(levels.begin(), levels.end(), 1)));
  std::string again;
  AppendRleLevels(levels, &again);
  std::vector<uint8_t> second(count);
  VERALITH_CHECK(DecodeRleLevels(again, second).value() == again.size());
  VERALITH_CHECK(second == levels);
}

void TryIndices(std::string_view bytes, size_t count) {
  std::vector<uint32_t> indices(count);
  const uint32_t dictionary = 100;
  if (DecodeDictionaryIndices(bytes, dictionary, indices).ok()) {
    for (const uint32_t index : indices) {
      VERALITH_CHECK(index < dictionary);
    }
  }
}

void TryPlainByteArray(std::string_view bytes, size_t count) {
  std::vector<uint32_t> offsets(count);
  std::vector<uint32_t> lengths(count);
  const auto used = DecodePlainByteArray(bytes, offsets, lengths);
  if (!used.ok()) {
    return;
  }
  std::string again;
  for (size_t i = 0; i < count; ++i) {
    AppendPlainByteArray(bytes.substr(offsets[i], lengths[i]), &again);
  }
  VERALITH_CHECK(again == bytes.substr(0, *used));
}

void TryLevelsV1(std::string_view bytes) {
  const auto split = SplitLevelsV1(bytes);
  if (split.ok()) {
    VERALITH_CHECK(4 + split->levels.size() + split->values.size() == bytes.size());
  }
}

void Try(uint8_t selector, size_t count, std::string_view bytes) {
  switch (selector % 10) {
    case 0:
      return TryIntegers(kIntegerEncodings[selector / 10 % std::size(kIntegerEncodings)], bytes,
                         count);
    case 1:
      return TryPacked(bytes, count);
    case 2:
      return TryLengths(bytes, count);
    case 3:
      return TryPrefixes(bytes, count);
    case 4:
      return TryRle(bytes, selector / 10 * 2, count);
    case 5:
      return TryLevels(bytes, count);
    case 6:
      return TryIndices(bytes, count);
    case 7:
      return TryPlainByteArray(bytes, count);
    case 8:
      return TryLevelsV1(bytes);
    default:
      TryValues<int64_t>(bytes);
      TryValues<int32_t>(bytes);
  }
}

}  // namespace
}  // namespace veralith::parquet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size >= 3) {
    const size_t count = data[1] | size_t{data[2]} << 8;
    veralith::parquet::Try(data[0], count, {reinterpret_cast<const char*>(data) + 3, size - 3});
  }
  return 0;
}
