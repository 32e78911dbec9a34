// SPDX-License-Identifier: Apache-2.0

// Bytes as a sparse index: one that parses agrees with an ordered map of its entries for every
// lookup, and re-encodes to an index with the same entries (and, if we encoded it, to itself).
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

#include "core/base/check.h"
#include "core/format/sparse_index.h"

namespace veralith {
namespace {

using Entries = std::map<std::string, PageLocation>;

Entries EntriesOf(const SparseIndexView& index) {
  Entries entries;
  for (SparseIndexCursor cursor(index); cursor.Valid(); cursor.Next()) {
    VERALITH_CHECK(entries.empty() || entries.rbegin()->first < cursor.key());
    entries.emplace_hint(entries.end(), cursor.key(), cursor.page());
  }
  VERALITH_CHECK(entries.size() == index.num_entries());
  return entries;
}

std::string Build(const Entries& entries, uint32_t interval) {
  SparseIndexBuilder builder(interval);
  for (const auto& [key, page] : entries) {
    VERALITH_CHECK(builder.Add(key, page).ok());
  }
  return builder.Finish();
}

void CheckFind(const SparseIndexView& index, const Entries& entries, const std::string& target) {
  const auto after = entries.upper_bound(target);
  const auto found = index.Find(target);
  VERALITH_CHECK(found.has_value() == (after != entries.begin()));
  if (found.has_value()) {
    VERALITH_CHECK(found->page == std::prev(after)->second);
    VERALITH_CHECK(found->next_first_row.has_value() == (after != entries.end()));
    VERALITH_CHECK(after == entries.end() || *found->next_first_row == after->second.first_row);
  }
}

void CheckLookups(const SparseIndexView& index, const Entries& entries) {
  CheckFind(index, entries, "");
  CheckFind(index, entries, "\xff");
  for (const auto& [key, page] : entries) {
    CheckFind(index, entries, key);
    CheckFind(index, entries, key + '\0');
    CheckFind(index, entries, key.substr(0, key.size() / 2));
    if (!key.empty()) {
      std::string below = key;
      --below.back();
      CheckFind(index, entries, below);
    }
  }
}

}  // namespace
}  // namespace veralith

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace veralith;  // NOLINT: a harness
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto index = SparseIndexView::Parse(bytes);
  if (!index.ok()) {
    return 0;
  }
  const Entries entries = EntriesOf(*index);
  CheckLookups(*index, entries);
  const std::string again = Build(entries, index->restart_interval());
  VERALITH_CHECK(again.size() <= bytes.size());  // ours shares the longest prefixes
  const auto reparsed = SparseIndexView::Parse(again);
  VERALITH_CHECK(reparsed.ok() && EntriesOf(*reparsed) == entries);
  VERALITH_CHECK(Build(EntriesOf(*reparsed), reparsed->restart_interval()) == again);
  return 0;
}
