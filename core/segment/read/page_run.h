// SPDX-License-Identifier: Apache-2.0

// Reads the pages of one column in runs: one read of the file fetches a stretch of neighbouring
// pages, which then are handed out one by one. The stretch grows while pages are asked for in
// order, forward or backward, and falls back to a single page after a jump. One neighbour is no
// order yet: a short scan after a seek often needs that one page more, and copying the three after
// it cost a sixth of a seek.
//
// Thread rule: one thread at a time. Verifies nothing: SegmentPages does.
#ifndef VERALITH_CORE_SEGMENT_READ_PAGE_RUN_H_
#define VERALITH_CORE_SEGMENT_READ_PAGE_RUN_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/format/segment_block.h"
#include "core/segment/read/segment_file.h"

namespace veralith {

class PageRun {
 public:
  // `eager`: the first read is as long as any.
  PageRun(const SegmentFile& segment, SegmentColumn column, size_t readahead_bytes, bool eager)
      : segment_(segment),
        column_(column),
        limit_bytes_(readahead_bytes),
        window_bytes_(eager ? readahead_bytes : 0),
        eager_(eager) {}

  // Whether page `i` goes on where the last one stood. False: it is read best alone, past the run,
  // which remembers the place.
  bool GoesOn(size_t i);

  // The bytes of page `i`, as they stand in the file; valid until the next call.
  absl::StatusOr<std::string_view> Get(size_t i);

 private:
  static constexpr size_t kFirstWindowBytes = size_t{16} << 10;
  static constexpr uint32_t kAlone = 2;  // neighbours in order, from which on stretches are read

  void SizeWindow(size_t i);
  absl::Status Read(size_t i);
  void Extend(size_t i, bool backward);

  const SegmentFile& segment_;
  const SegmentColumn column_;
  const size_t limit_bytes_;
  size_t window_bytes_;
  const bool eager_;
  bool backward_ = false;
  uint32_t in_order_ = 0;  // neighbours asked for one after another, read alone
  bool any_ = false;
  // Pages [first_, end_) were the last ones; if loaded_, they are in the buffer, which begins at
  // file offset start_.
  bool loaded_ = false;
  size_t first_ = 0;
  size_t end_ = 0;
  uint64_t start_ = 0;
  uint64_t bytes_ = 0;
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
};

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_READ_PAGE_RUN_H_
