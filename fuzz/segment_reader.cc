// Bytes as a segment file: whatever opens can be iterated both ways, sought in and looked up in
// without undefined behaviour, within a memory limit, and agrees with itself: iteration backward is
// iteration forward reversed, and every row that iteration gives is found by seeking, unless the
// structure check finds the file to contradict itself.
//
// The mutator gets past the checksums: it changes the footer, the block or a page and then seals
// what it changed again.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/base/epoch.h"
#include "core/format/checksum.h"
#include "core/format/coding.h"
#include "core/format/key_hash.h"
#include "core/format/segment_block.h"
#include "core/segment/page_cache.h"
#include "core/segment/segment_reader.h"
#include "core/segment/testing/segment_model.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size)
    __attribute__((weak));

namespace veralith {
namespace {

constexpr uint64_t kMemoryLimit = 64 << 20;
constexpr size_t kMaxRows = 20'000;  // a step bound: runs of equal rows cost almost no bytes

std::vector<OwnedEntry> Forward(const SegmentReader& reader, bool* whole) {
  std::vector<OwnedEntry> rows;
  const auto iterator = reader.NewIterator(false);
  for (iterator->SeekToFirst(); iterator->Valid() && rows.size() < kMaxRows; iterator->Next()) {
    rows.push_back(ToOwned(iterator->entry()));
  }
  *whole = iterator->status().ok() && !iterator->Valid();
  return rows;
}

void CheckBackward(const SegmentReader& reader, const std::vector<OwnedEntry>& rows) {
  const auto iterator = reader.NewIterator(true);
  size_t left = rows.size();
  for (iterator->SeekToLast(); iterator->Valid(); iterator->Prev()) {
    VERALITH_CHECK(left > 0);
    VERALITH_CHECK(ToOwned(iterator->entry()) == rows[--left]);
  }
  VERALITH_CHECK(iterator->status().ok() && left == 0);
}

void CheckFound(const SegmentReader& reader, const std::vector<OwnedEntry>& rows) {
  const auto iterator = reader.NewIterator(true);
  for (const OwnedEntry& row : rows) {
    iterator->Seek(row.ns, row.key, row.ts);
    VERALITH_CHECK(iterator->Valid() && ToOwned(iterator->entry()) == row);
    LookupResult result;
    EpochGuard guard;
    VERALITH_CHECK(
        reader.Get(row.ns, row.key, HashUserKey(row.ns, row.key), row.ts, {}, &result).ok());
    VERALITH_CHECK(result.kind != LookupResult::Kind::kAbsent && result.value == row.value);
  }
}

// For files that contradict themselves: nothing but that it ends.
void Wander(const SegmentReader& reader) {
  const auto iterator = reader.NewIterator(true);
  for (const std::string_view key : {"", "key", "tenant/0001", "\xff"}) {
    for (const NamespaceId ns : {NamespaceId{0}, NamespaceId{1}, kMaxNamespace}) {
      iterator->Seek(ns, key, 5);
      iterator->SeekForPrev(ns, key, 5);
      for (int i = 0; i < 50 && iterator->Valid(); ++i) {
        iterator->Prev();
      }
      LookupResult result;
      EpochGuard guard;
      (void)reader.Get(ns, key, HashUserKey(ns, key), 7, {.want_timestamp = true}, &result);
    }
  }
}

void Run(std::string_view bytes) {
  PageCache cache(4096);
  SegmentReaderOptions options;
  options.cache = &cache;
  options.memory_limit_bytes = kMemoryLimit;
  options.readahead_bytes = 512;
  const auto reader = SegmentReader::Open(OpenMemoryFile(std::string(bytes)), options);
  if (!reader.ok()) {
    return;
  }
  bool whole = false;
  const std::vector<OwnedEntry> rows = Forward(**reader, &whole);
  Wander(**reader);
  if (whole && (*reader)->Check().ok()) {
    CheckBackward(**reader, rows);
    CheckFound(**reader, rows);
    VERALITH_CHECK(rows.size() == (*reader)->summary().entries);
  }
}

// --- The mutator ---------------------------------------------------------------------------------

struct Places {
  size_t block = 0;
  size_t block_size = 0;
  size_t footer = 0;
  size_t footer_size = 0;
};

bool FindPlaces(std::string_view bytes, Places* places) {
  if (bytes.size() < 12) {
    return false;
  }
  places->footer_size = LoadLe32(bytes.data() + bytes.size() - 8);
  if (places->footer_size > bytes.size() - 12) {
    return false;
  }
  places->footer = bytes.size() - 8 - places->footer_size;
  const size_t name = bytes.find(kSegmentBlockKey, places->footer);
  if (name == std::string_view::npos || name + kSegmentBlockKey.size() + 34 > bytes.size()) {
    return false;
  }
  const auto place = DecodeBlockPlace(bytes.substr(name + kSegmentBlockKey.size() + 2, 32));
  if (!place.ok() || place->first > places->footer ||
      place->second != places->footer - place->first || place->second < 8) {
    return false;
  }
  places->block = place->first;
  places->block_size = place->second;
  return true;
}

// Writes the CRC-32C of every page of a parseable block into its table anew: finds each old value.
void SealPages(std::string* bytes, const Places& places) {
  const std::string block = bytes->substr(places.block, places.block_size);
  const auto view = SegmentBlockView::Parse(block, places.block);
  if (!view.ok()) {
    return;
  }
  SegmentBlockContents contents = view->ToContents();
  for (auto& pages : contents.pages) {
    for (SegmentPage& page : pages) {
      page.crc32c = Crc32c(std::string_view(*bytes).substr(page.offset, page.bytes));
    }
  }
  std::string sealed;
  if (AppendSegmentBlock(contents, places.block, &sealed).ok() &&
      sealed.size() == places.block_size) {
    bytes->replace(places.block, places.block_size, sealed);
  }
}

// The block's checksum is its last four bytes, over what stands before them.
void SealBlock(std::string* bytes, const Places& places) {
  const size_t end = places.block + places.block_size;
  const std::string_view body =
      std::string_view(*bytes).substr(places.block, places.block_size - 4);
  StoreLe32(bytes->data() + end - 4, Crc32c(body));
}

void SealFooter(std::string* bytes, const Places& places) {
  const std::string_view name = "veralith.crc";
  const size_t found = bytes->rfind(name);
  if (found == std::string::npos || found < places.footer ||
      found + name.size() + 10 > bytes->size()) {
    return;
  }
  char* const digits = bytes->data() + found + name.size() + 2;
  std::memset(digits, '0', 8);
  const uint32_t crc =
      Crc32c(std::string_view(*bytes).substr(places.footer, places.footer_size));
  for (int i = 0; i < 8; ++i) {
    digits[i] = "0123456789abcdef"[crc >> (28 - 4 * i) & 15];
  }
}

void MutateWithin(std::string* bytes, size_t begin, size_t size) {
  if (size > 0) {
    (void)LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(bytes->data()) + begin, size, size);
  }
}

}  // namespace
}  // namespace veralith

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  using namespace veralith;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  Places places;
  if (seed % 8 == 0 || !FindPlaces(bytes, &places)) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  switch (seed / 8 % 3) {
    case 0:
      MutateWithin(&bytes, 4, places.block - 4);
      SealPages(&bytes, places);
      break;
    case 1:
      MutateWithin(&bytes, places.block, places.block_size - 4);
      SealBlock(&bytes, places);
      break;
    default:
      MutateWithin(&bytes, places.footer, places.footer_size);
      SealFooter(&bytes, places);
  }
  std::memcpy(data, bytes.data(), size);
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  veralith::Run(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
