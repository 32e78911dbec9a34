// SPDX-License-Identifier: Apache-2.0

// The segment block. The input is a block without its last four bytes; the harness corrects size
// and checksum, so that mutations reach the parser. A block that parses must be consistent in every
// accessor and, if it has no unknown section, encode to itself.
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/check.h"
#include "core/format/checksum.h"
#include "core/format/coding.h"
#include "core/format/segment_block.h"

namespace veralith {
namespace {

constexpr uint64_t kDataLimit = uint64_t{1} << 40;
constexpr uint32_t kLastKnownSection = 11;

std::string Sealed(std::string_view bytes) {
  std::string block(bytes);
  if (block.size() >= 24) {
    StoreLe64(block.data() + 8, block.size() + 4);
  }
  AppendFixed32(&block, Crc32c(block));
  return block;
}

bool HasUnknownSection(std::string_view block) {
  const uint32_t sections = LoadLe32(block.data() + 16);
  return sections != 0 && LoadLe32(block.data() + 24 + 16 * (sections - 1)) > kLastKnownSection;
}

// The pages of a column follow each other and cover all rows.
void WalkPages(const SegmentBlockView& view, SegmentColumn column) {
  uint64_t row = 0;
  uint64_t end = 4;
  for (size_t i = 0; i < view.page_count(column); ++i) {
    const SegmentPage page = view.Page(column, i);
    VERALITH_CHECK(page.first_row == row && page.rows > 0 && page.bytes > 0);
    VERALITH_CHECK(page.offset >= end && page.offset + page.bytes <= kDataLimit);
    VERALITH_CHECK(view.PageOfRow(column, page.first_row) == i);
    VERALITH_CHECK(view.PageOfRow(column, page.first_row + page.rows - 1) == i);
    row += page.rows;
    end = page.offset + page.bytes;
  }
  VERALITH_CHECK(row == view.rows());
}

void WalkNamespaces(const SegmentBlockView& view) {
  uint64_t row = 0;
  for (size_t i = 0; i < view.namespace_count(); ++i) {
    const SegmentNamespace each = view.Namespace(i);
    const auto [first, end] = view.RowsOfNamespace(each.ns);
    VERALITH_CHECK(first == row && first == each.first_row && end > first);
    VERALITH_CHECK(view.NamespaceOfRow(first) == each.ns);
    VERALITH_CHECK(view.NamespaceOfRow(end - 1) == each.ns);
    row = end;
  }
  VERALITH_CHECK(row == view.rows());
}

void TryBlock(std::string_view block) {
  const auto view = SegmentBlockView::Parse(block, kDataLimit);
  if (!view.ok()) {
    return;
  }
  for (size_t c = 0; c < kSegmentColumns; ++c) {
    WalkPages(*view, static_cast<SegmentColumn>(c));
  }
  WalkNamespaces(*view);
  std::string again;
  VERALITH_CHECK(AppendSegmentBlock(view->ToContents(), kDataLimit, &again).ok());
  VERALITH_CHECK(again == block || HasUnknownSection(block));
}

}  // namespace
}  // namespace veralith

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  veralith::TryBlock(bytes);
  veralith::TryBlock(veralith::Sealed(bytes));
  (void)veralith::DecodeBlockPlace(bytes);
  return 0;
}
