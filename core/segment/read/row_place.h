// SPDX-License-Identifier: Apache-2.0

// Where a row is: what SegmentReader::NewPlaceStream delivers in the place of a value, so that a
// merge of such streams tells which row of which segment each version is.
#ifndef VERALITH_CORE_SEGMENT_READ_ROW_PLACE_H_
#define VERALITH_CORE_SEGMENT_READ_ROW_PLACE_H_

#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/base/check.h"
#include "core/format/entry.h"

namespace veralith {

struct RowPlace {
  uint64_t source = 0;  // what the stream was made with
  uint64_t row = 0;     // in the file

  std::string_view bytes() const { return {reinterpret_cast<const char*>(this), sizeof(*this)}; }
};

// `entry` comes from such a stream.
inline RowPlace PlaceOf(const EntryView& entry) {
  RowPlace place;
  VERALITH_DCHECK(entry.value.size() == sizeof(place));
  std::memcpy(&place, entry.value.data(), sizeof(place));
  return place;
}

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_READ_ROW_PLACE_H_
