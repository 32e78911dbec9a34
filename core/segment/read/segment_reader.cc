// SPDX-License-Identifier: Apache-2.0

#include "core/segment/read/segment_reader.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/epoch.h"
#include "core/base/status.h"
#include "core/segment/page/page_cache.h"
#include "core/segment/read/key_search.h"
#include "core/segment/read/segment_cursor.h"
#include "core/segment/read/segment_file.h"
#include "core/segment/read/segment_pages.h"
#include "core/segment/read/segment_stream.h"

namespace veralith {
namespace {

class SegmentReaderImpl : public SegmentReader {
 public:
  SegmentReaderImpl(std::unique_ptr<SegmentFile> segment, const SegmentReaderOptions& options)
      : options_(options),
        segment_(std::move(segment)),
        block_(segment_->block),
        one_namespace_(block_.namespace_count() == 1),
        pages_(*segment_, options.cache, options.account) {}

  absl::Status Get(NamespaceId ns, std::string_view key, uint64_t hash, Timestamp snapshot,
                   const LookupOptions& options, LookupResult* result) const override {
    result->kind = LookupResult::Kind::kAbsent;
    result->ts = 0;
    if (!MayContain(hash)) {
      return absl::OkStatus();
    }
    Search search{ns, key, options.fill_cache, {}, nullptr, 0, 0};
    VERALITH_RETURN_IF_ERROR(FindNewest(&search));
    if (search.page == nullptr) {
      return absl::OkStatus();
    }
    if (snapshot < segment_->summary.max_ts || options.want_timestamp) {
      VERALITH_RETURN_IF_ERROR(SkipNewer(snapshot, &search, &result->ts));
      if (search.page == nullptr) {
        return absl::OkStatus();
      }
    }
    return ReadValue(search, options, result);
  }

  bool MayContain(uint64_t hash) const override {
    return !segment_->filter.has_value() || segment_->filter->MayContain(hash);
  }

  void PrefetchFilter(uint64_t hash) const override {
    if (segment_->filter.has_value()) {
      segment_->filter->Prefetch(hash);
    }
  }

  std::unique_ptr<VersionStream> NewStream(bool fill_cache) const override {
    return std::make_unique<SegmentStream>(&pages_, options_.readahead_bytes, fill_cache);
  }

  std::unique_ptr<VersionStream> NewJobStream(std::shared_ptr<const SegmentReader> keep,
                                              ValuePageOffers::Place* offers) const override {
    return std::make_unique<SegmentStream>(&pages_, options_.readahead_bytes,
                                           /*fill_cache=*/false, offers, std::move(keep));
  }

  std::unique_ptr<VersionStream> NewPlaceStream(uint64_t source) const override {
    return SegmentStream::OfPlaces(&pages_, source);
  }

  std::unique_ptr<KeyCursor> NewCursor(NamespaceId ns, Timestamp snapshot,
                                       bool fill_cache) const override {
    return std::make_unique<SegmentCursor>(&pages_, ns, snapshot, options_.readahead_bytes,
                                           fill_cache);
  }

  std::optional<NamespaceId> NextNamespace(NamespaceId from) const override {
    const size_t i = block_.FindNamespace(from);
    return i < block_.namespace_count() ? std::optional(block_.Namespace(i).ns) : std::nullopt;
  }

  const SegmentSummary& summary() const override { return segment_->summary; }
  const std::shared_ptr<const FragmentedRangeTombstones>& fragmented_range_tombstones()
      const override {
    return segment_->fragmented_range_tombstones;
  }
  const std::vector<RangeTombstoneView>& range_tombstones() const override {
    return segment_->range_tombstones;
  }
  const std::string& path() const override { return segment_->path(); }

  uint64_t ApproximateOffset(NamespaceId ns, std::string_view key) const override {
    const std::optional<size_t> page = segment_->key_index.FindLastAtOrBelow(ns, key);
    if (!page.has_value()) {
      return 0;
    }
    const uint64_t row = block_.Page(SegmentColumn::kKey, *page).first_row;
    const SegmentRowGroup& group = block_.row_groups()[block_.RowGroupOfRow(row)];
    uint64_t begin = group.chunks[0].offset;
    uint64_t bytes = 0;
    for (const SegmentChunk& chunk : group.chunks) {
      bytes += chunk.bytes;
    }
    const double part =
        static_cast<double>(row - group.first_row) / static_cast<double>(group.rows);
    return begin + static_cast<uint64_t>(part * static_cast<double>(bytes));
  }

  std::vector<UserKey> SampleKeys(size_t limit) const override {
    const size_t pages = segment_->key_index.size();
    const size_t count = std::min(limit, pages);
    std::vector<UserKey> keys;
    keys.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      const size_t page = i * pages / count;
      keys.push_back({segment_->key_index.ns(page), std::string(segment_->key_index.key(page))});
    }
    return keys;
  }

  uint64_t memory_bytes() const override {
    const uint64_t slots = block_.page_count(SegmentColumn::kKey) +
                           block_.page_count(SegmentColumn::kTimestamp) +
                           block_.page_count(SegmentColumn::kValue);
    return sizeof(*this) + sizeof(SegmentFile) + segment_->block_size +
           segment_->key_index.memory_bytes() + slots * sizeof(void*);
  }

  const SegmentFile& file() const override { return *segment_; }

 private:
  // A row that was found, by key page and row within it. page == nullptr: none.
  struct Search {
    NamespaceId ns;
    std::string_view key;
    bool fill_cache;
    PageRef<KeyPage> hold;
    const KeyPage* page;
    size_t number;  // of the page
    uint32_t row;
  };

  // Returns the rows of the page that belong to the namespace.
  PageRows RowsOfNamespace(const KeyPage& page, NamespaceId ns) const {
    if (one_namespace_) [[likely]] {
      return {0, ns == block_.first_ns() ? page.rows() : 0};
    }
    return RowsWithin(page, segment_->FirstRowOfNamespace(ns),
                      segment_->FirstRowOfNamespace(ns + 1));
  }

  // Searches for the key in page `number`; leaves search->page unchanged if it is not there.
  // DataLoss if it is not there although the index says that the page begins with it.
  absl::Status FindInPage(size_t number, Search* search, bool* found) const {
    PageRef<KeyPage> hold;
    const KeyPage* page;
    VERALITH_RETURN_IF_ERROR(pages_.Find(number, search->fill_cache, &hold, &page));
    const auto [begin, end] = RowsOfNamespace(*page, search->ns);
    const uint32_t row = page->Find(search->key, begin, end);
    *found = row != KeyPage::kNotFound;
    if (!*found) {
      return PageBeginsWith(*segment_, number, search->ns, search->key)
                 ? KeyPageContradictsIndex(*segment_, number)
                 : absl::OkStatus();
    }
    search->hold = std::move(hold);
    search->page = page;
    search->number = number;
    search->row = row;
    return absl::OkStatus();
  }

  absl::Status FindNewest(Search* search) const {
    const std::optional<size_t> number =
        segment_->key_index.FindLastAtOrBelow(search->ns, search->key);
    if (!number.has_value()) {
      return absl::OkStatus();
    }
    bool found;
    VERALITH_RETURN_IF_ERROR(FindInPage(*number, search, &found));
    if (!found || search->row != 0) [[likely]] {
      return absl::OkStatus();
    }
    const size_t last = search->number;
    const size_t newest = PageOfNewest(*segment_, last, search->ns, search->key);
    if (newest == last) {
      return absl::OkStatus();
    }
    VERALITH_RETURN_IF_ERROR(FindInPage(newest, search, &found));
    return found || newest + 1 == last ? absl::OkStatus() : FindInPage(newest + 1, search, &found);
  }

  // Moves on to the newest version that is not newer than the snapshot; sets search->page to null
  // if there is none.
  absl::Status SkipNewer(Timestamp snapshot, Search* search, Timestamp* ts) const {
    PageRef<TimestampPage> hold;
    const TimestampPage* timestamps = nullptr;
    while (search->page != nullptr) {
      const uint64_t row = search->page->first_row() + search->row;
      if (timestamps == nullptr || row >= timestamps->first_row() + timestamps->rows()) {
        VERALITH_RETURN_IF_ERROR(pages_.Find(block_.PageOfRow(SegmentColumn::kTimestamp, row),
                                             search->fill_cache, &hold, &timestamps));
      }
      *ts = timestamps->timestamp(static_cast<uint32_t>(row - timestamps->first_row()));
      if (*ts <= snapshot) {
        return absl::OkStatus();
      }
      VERALITH_RETURN_IF_ERROR(NextVersion(search));
    }
    *ts = 0;
    return absl::OkStatus();
  }

  absl::Status NextVersion(Search* search) const {
    if (block_.KeyPageIsSingleVersion(search->number)) {
      search->page = nullptr;
      return absl::OkStatus();
    }
    if (search->row + 1 < search->page->rows()) {
      ++search->row;
      const auto [begin, end] = RowsOfNamespace(*search->page, search->ns);
      if (search->row >= end || search->page->Compare(search->row, search->key) != 0) {
        search->page = nullptr;
      }
      return absl::OkStatus();
    }
    const size_t next = search->number + 1;
    if (next == segment_->key_index.size() ||
        !PageBeginsWith(*segment_, next, search->ns, search->key)) {
      search->page = nullptr;
      return absl::OkStatus();
    }
    bool found;
    return FindInPage(next, search, &found);
  }

  absl::Status ReadValue(const Search& search, const LookupOptions& options,
                         LookupResult* result) const {
    const uint64_t row = search.page->first_row() + search.row;
    PageRef<ValuePage> hold;
    const ValuePage* page;
    VERALITH_RETURN_IF_ERROR(
        pages_.Find(search.page->ValuePageOf(search.row), search.fill_cache, &hold, &page));
    const auto value_row = static_cast<uint32_t>(row - page->first_row());
    if (page->IsNull(value_row)) {
      result->kind = LookupResult::Kind::kDelete;
      return absl::OkStatus();
    }
    result->kind = LookupResult::Kind::kPut;
    result->value = page->value(value_row);
    if (!hold) {
      if (result->value.size() <= options.unpinned_bytes) {
        result->pin.Reset();
        return absl::OkStatus();
      }
      hold = PageRef<ValuePage>::Share(const_cast<ValuePage*>(page));
    }
    result->pin = std::move(hold).ToPin();
    return absl::OkStatus();
  }

  const SegmentReaderOptions options_;
  const std::unique_ptr<SegmentFile> segment_;
  const SegmentBlockView& block_;
  const bool one_namespace_;
  mutable SegmentPages pages_;  // filling the cache changes no answer
};

}  // namespace

absl::StatusOr<std::unique_ptr<SegmentReader>> SegmentReader::Open(
    std::unique_ptr<File> file, const SegmentReaderOptions& options) {
  VERALITH_ASSIGN_OR_RETURN(
      std::unique_ptr<SegmentFile> segment,
      OpenSegmentFile(std::move(file), options.memory_limit_bytes, options.expected_file_bytes));
  return std::make_unique<SegmentReaderImpl>(std::move(segment), options);
}

}  // namespace veralith
