// SPDX-License-Identifier: Apache-2.0

#include "core/segment/page/stored_value_page.h"

namespace veralith {

bool IsPageOf(const SegmentOptions& options, parquet::Codec codec, const ValuePage& page) {
  if (codec != options.value_codec || page.rows() == 0) {
    return false;
  }
  const uint32_t last = page.rows() - 1;
  const uint64_t last_bytes = page.IsNull(last) ? 0 : page.value(last).size();
  return StoredValuePage::RawBytesOfRows(last, page.value_bytes() - last_bytes) <
         options.value_page_bytes;
}

void ValuePageOffers::Place::Offer(const EntryView& first) {
  if (!stored_.page) {
    return;
  }
  ns_ = first.ns;
  key_.assign(first.key);
  ts_ = first.ts;
  if (!waits_) {
    waits_ = true;
    offers_->waiting_.push_back(this);
  }
}

ValuePageOffers::Place* ValuePageOffers::AddInput() {
  places_.push_back(std::make_unique<Place>(this));
  return places_.back().get();
}

StoredValuePage* ValuePageOffers::Find(const EntryView& entry) {
  for (size_t i = 0; i < waiting_.size(); ++i) {
    Place* const place = waiting_[i];
    if (place->ts_ != entry.ts || place->ns_ != entry.ns || place->key_ != entry.key) {
      continue;
    }
    place->waits_ = false;
    waiting_[i] = waiting_.back();
    waiting_.pop_back();
    return place->stored_.page ? &place->stored_ : nullptr;
  }
  return nullptr;
}

}  // namespace veralith
