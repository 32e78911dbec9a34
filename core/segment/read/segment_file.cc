// SPDX-License-Identifier: Apache-2.0

#include "core/segment/read/segment_file.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/sync.h"
#include "core/base/text.h"
#include "core/format/coding.h"
#include "core/format/internal_key.h"
#include "core/format/range_tombstone_codec.h"
#include "core/format/segment_footer.h"
#include "core/format/sparse_index.h"

namespace veralith {
namespace {

constexpr uint64_t kTailBytes = 8;         // footer length and magic
constexpr uint64_t kMetadataFactor = 128;  // memory that a byte of footer may need when decoded
constexpr size_t kCacheLineBytes = 64;
constexpr std::string_view kOurName = "veralith ";

absl::Status At(uint64_t offset, std::string_view what) {
  return DataLoss(StrCat("offset ", offset, ": ", what));
}

bool HasKey(const parquet::FileMetaData& metadata, std::string_view key) {
  return std::any_of(metadata.key_value_metadata.begin(), metadata.key_value_metadata.end(),
                     [&](const parquet::KeyValue& entry) { return entry.key == key; });
}

bool NamesUs(const parquet::FileMetaData& metadata) {
  return metadata.created_by.value_or("").substr(0, kOurName.size()) == kOurName;
}

// `known`: the manifest says that the file is a segment, so any mismatch is damage.
absl::Status CheckIsOurs(std::string_view footer, const parquet::FileMetaData& metadata,
                         uint64_t offset, bool known) {
  const absl::Status checked = CheckFooter(footer, metadata);
  if (checked.ok()) {
    return checked;
  }
  if (!NamesUs(metadata) && !known) {
    return Unimplemented(StrCat(
        "a Parquet file written by ", QuoteKey(metadata.created_by.value_or("an unnamed writer")),
        ", not a segment",
        HasKey(metadata, kSegmentBlockKey) ? " (a segment's metadata was copied into it)" : ""));
  }
  return At(offset, StrCat("footer: ", Message(checked)));
}

struct ExpectedColumn {
  std::string_view name;
  parquet::Type type;
  parquet::Repetition repetition;
};
constexpr ExpectedColumn kColumns[kSegmentColumns] = {
    {"ns", parquet::Type::kInt64, parquet::Repetition::kRequired},
    {"key", parquet::Type::kByteArray, parquet::Repetition::kRequired},
    {"ts", parquet::Type::kInt64, parquet::Repetition::kRequired},
    {"value", parquet::Type::kByteArray, parquet::Repetition::kOptional},
};

absl::Status CheckSchema(const parquet::FileMetaData& metadata) {
  if (metadata.schema.size() < 1 + kSegmentColumns) {
    return Unimplemented("a schema without all of ns, key, ts and value");
  }
  if (metadata.schema.size() > 1 + kSegmentColumns) {
    return Unimplemented(StrCat("column ", QuoteKey(metadata.schema[1 + kSegmentColumns].name)));
  }
  for (size_t i = 0; i < kSegmentColumns; ++i) {
    const parquet::SchemaElement& element = metadata.schema[i + 1];
    const ExpectedColumn& expected = kColumns[i];
    if (element.name != expected.name || element.type != expected.type ||
        element.repetition != expected.repetition) {
      return Unimplemented(StrCat("column ", QuoteKey(element.name), " where ", expected.name,
                                  " of another type belongs"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckChunk(const parquet::ColumnChunk& column, const SegmentChunk& chunk) {
  const parquet::ColumnMetaData& meta = column.meta_data;
  if (column.file_path.has_value() || meta.dictionary_page_offset.has_value()) {
    return Unimplemented("a column chunk with a dictionary or in another file");
  }
  if (meta.data_page_offset != static_cast<int64_t>(chunk.offset) ||
      meta.total_compressed_size != static_cast<int64_t>(chunk.bytes)) {
    return DataLoss("the footer and the segment block place a column chunk differently");
  }
  return absl::OkStatus();
}

// Compares the footer's row groups with the block's; collects the codecs.
absl::Status CheckRowGroups(const parquet::FileMetaData& metadata, SegmentFile* segment) {
  const std::vector<SegmentRowGroup>& groups = segment->block.row_groups();
  if (metadata.row_groups.size() != groups.size() ||
      metadata.num_rows != static_cast<int64_t>(segment->block.rows())) {
    return DataLoss("the footer and the segment block count rows differently");
  }
  for (size_t g = 0; g < groups.size(); ++g) {
    const parquet::RowGroup& group = metadata.row_groups[g];
    if (group.columns.size() != kSegmentColumns ||
        group.num_rows != static_cast<int64_t>(groups[g].rows)) {
      return DataLoss("the footer and the segment block describe a row group differently");
    }
    for (size_t c = 0; c < kSegmentColumns; ++c) {
      VERALITH_RETURN_IF_ERROR(CheckChunk(group.columns[c], groups[g].chunks[c]));
      VERALITH_ASSIGN_OR_RETURN(const parquet::Codec codec,
                                parquet::CodecFromParquetId(group.columns[c].meta_data.codec));
      if (c == static_cast<size_t>(SegmentColumn::kValue)) {
        segment->value_codecs.push_back(codec);
      } else if (codec != parquet::Codec::kNone) {
        return Unimplemented(
            StrCat("codec ", parquet::CodecName(codec), " on column ", kColumns[c].name));
      }
    }
  }
  return absl::OkStatus();
}

// Parses the block; moves it so that its filter's lines are aligned with cache lines.
absl::Status ParseBlock(SegmentFile* segment) {
  const size_t size = segment->block_size;
  char* start = segment->block_bytes.get();
  auto parse = [&]() -> absl::Status {
    absl::StatusOr<SegmentBlockView> view =
        SegmentBlockView::Parse({start, size}, segment->block_at);
    VERALITH_RETURN_IF_ERROR(view.status());
    segment->block = *std::move(view);
    return absl::OkStatus();
  };
  VERALITH_RETURN_IF_ERROR(parse());
  const std::string_view filter = segment->block.filter();
  if (filter.empty()) {
    return absl::OkStatus();
  }
  const size_t misaligned = reinterpret_cast<uintptr_t>(filter.data()) % kCacheLineBytes;
  if (misaligned != 0) {
    char* moved = start + (kCacheLineBytes - misaligned);
    std::memmove(moved, start, size);
    start = moved;
    VERALITH_RETURN_IF_ERROR(parse());
  }
  VERALITH_ASSIGN_OR_RETURN(segment->filter, FilterView::Parse(segment->block.filter()));
  return absl::OkStatus();
}

absl::Status BuildKeyIndex(SegmentFile* segment) {
  VERALITH_ASSIGN_OR_RETURN(const SparseIndexView index,
                            SparseIndexView::Parse(segment->block.sparse_index()));
  if (index.num_entries() != segment->block.page_count(SegmentColumn::kKey)) {
    return DataLoss("the sparse index does not have one entry per key page");
  }
  std::string scratch;
  for (SparseIndexCursor cursor(index); cursor.Valid(); cursor.Next()) {
    const PageLocation& place = cursor.page();
    VERALITH_RETURN_IF_ERROR(
        segment->block.CheckIndexEntry(cursor.number(), place.offset, place.size, place.first_row));
    InternalKeyView key;
    VERALITH_RETURN_IF_ERROR(DecodeInternalKey(cursor.key(), &scratch, &key));
    if (key.ns != segment->block.NamespaceOfRow(place.first_row)) {
      return DataLoss("the sparse index and the namespace table disagree");
    }
    segment->key_index.Add(key.ns, key.key);
  }
  segment->key_index.Finish();
  return absl::OkStatus();
}

absl::Status ReadRangeTombstones(SegmentFile* segment) {
  const std::string_view bytes = segment->block.range_tombstones();
  if (!bytes.empty()) {
    VERALITH_ASSIGN_OR_RETURN(segment->range_tombstones, DecodeRangeTombstones(bytes));
  }
  if (segment->range_tombstones.size() != segment->block.counts().range_tombstones) {
    return DataLoss("range tombstones are counted wrongly");
  }
  if (!segment->range_tombstones.empty()) {
    segment->fragmented_range_tombstones =
        FragmentedRangeTombstones::Build(segment->range_tombstones);
  }
  return absl::OkStatus();
}

void Summarize(SegmentFile* segment) {
  const SegmentCounts& counts = segment->block.counts();
  SegmentSummary& summary = segment->summary;
  summary.file_bytes = segment->file_bytes;
  summary.entries = counts.rows;
  summary.tombstones = counts.tombstones;
  summary.range_tombstones = counts.range_tombstones;
  summary.raw_key_bytes = counts.raw_key_bytes;
  summary.raw_value_bytes = counts.raw_value_bytes;
  summary.min_ts = counts.min_ts;
  summary.max_ts = counts.max_ts;
  bool any = false;
  if (counts.rows > 0) {
    KeyBound largest{segment->block.last_ns(), std::string(segment->block.last_key()),
                     KeyBound::Kind::kInclusive};
    WidenBounds(segment->block.first_ns(), segment->block.first_key(), std::move(largest), &any,
                &summary);
  }
  for (const RangeTombstoneView& tombstone : segment->range_tombstones) {
    WidenBounds(tombstone, &any, &summary);
  }
}

absl::Status FindBlock(const SegmentFooter& footer, SegmentFile* segment) {
  for (const parquet::KeyValue& entry : footer.metadata.key_value_metadata) {
    if (entry.key != kSegmentBlockKey) {
      continue;
    }
    VERALITH_ASSIGN_OR_RETURN(const auto place, DecodeBlockPlace(entry.value.value_or("")));
    segment->block_at = place.first;
    segment->block_size = place.second;
    if (place.first > footer.offset || place.second != footer.offset - place.first) {
      return At(footer.offset, "the segment block does not end where the footer begins");
    }
    return absl::OkStatus();
  }
  return At(footer.offset, "the footer does not name the segment block");
}

absl::Status ReadMetadata(SegmentFile* segment, bool known) {
  VERALITH_ASSIGN_OR_RETURN(
      const SegmentFooter footer,
      ReadSegmentFooter(*segment->file, segment->file_bytes, segment->memory_limit, known));
  VERALITH_RETURN_IF_ERROR(CheckSchema(footer.metadata));
  VERALITH_RETURN_IF_ERROR(FindBlock(footer, segment));
  if (segment->block_size > segment->memory_limit / 4) {
    return ResourceExhausted("a segment block larger than the memory limit allows");
  }
  segment->block_bytes.reset(new char[segment->block_size + kCacheLineBytes]);
  VERALITH_RETURN_IF_ERROR(ReadFully(*segment->file, segment->block_at,
                                     {segment->block_bytes.get(), segment->block_size}));
  VERALITH_RETURN_IF_ERROR(
      Annotate(ParseBlock(segment), StrCat("segment block at offset ", segment->block_at)));
  VERALITH_RETURN_IF_ERROR(CheckRowGroups(footer.metadata, segment));
  VERALITH_RETURN_IF_ERROR(
      Annotate(BuildKeyIndex(segment), StrCat("segment block at offset ", segment->block_at)));
  VERALITH_RETURN_IF_ERROR(Annotate(ReadRangeTombstones(segment),
                                    StrCat("segment block at offset ", segment->block_at)));
  Summarize(segment);
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadFully(const File& file, uint64_t offset, std::span<char> out) {
  VERALITH_ASSIGN_OR_RETURN(const size_t n, file.ReadAt(offset, out));
  if (n != out.size()) {
    return At(offset + n, "the file ends here, but more is expected");
  }
  return absl::OkStatus();
}

absl::StatusOr<SegmentFooter> ReadParquetFooter(const File& file, uint64_t file_bytes,
                                                uint64_t memory_limit) {
  const uint64_t magic = parquet::kMagic.size();
  if (file_bytes < magic + kTailBytes) {
    return At(file_bytes, "too short for a Parquet file");
  }
  char head[4];
  char tail[kTailBytes];
  VERALITH_RETURN_IF_ERROR(ReadFully(file, 0, head));
  VERALITH_RETURN_IF_ERROR(ReadFully(file, file_bytes - kTailBytes, tail));
  if (std::string_view(head, 4) != parquet::kMagic) {
    return At(0, "not a Parquet file");
  }
  if (std::string_view(tail + 4, 4) != parquet::kMagic) {
    return At(file_bytes - magic, "not the end of a Parquet file");
  }
  const uint64_t length = LoadLe32(tail);
  if (length > file_bytes - magic - kTailBytes) {
    return At(file_bytes - kTailBytes, "a footer longer than the file");
  }
  if (length * kMetadataFactor > memory_limit) {
    return ResourceExhausted("a footer larger than the memory limit allows");
  }
  SegmentFooter footer;
  footer.offset = file_bytes - kTailBytes - length;
  footer.bytes.resize(length);
  VERALITH_RETURN_IF_ERROR(ReadFully(file, footer.offset, footer.bytes));
  absl::StatusOr<parquet::FileMetaData> metadata = parquet::DecodeFileMetaData(footer.bytes);
  if (!metadata.ok()) {
    return Annotate(metadata.status(), StrCat("footer at offset ", footer.offset));
  }
  footer.metadata = *std::move(metadata);
  return footer;
}

absl::StatusOr<SegmentFooter> ReadSegmentFooter(const File& file, uint64_t file_bytes,
                                                uint64_t memory_limit, bool known) {
  VERALITH_ASSIGN_OR_RETURN(SegmentFooter footer,
                            ReadParquetFooter(file, file_bytes, memory_limit));
  VERALITH_RETURN_IF_ERROR(CheckIsOurs(footer.bytes, footer.metadata, footer.offset, known));
  return footer;
}

bool IsForeign(const SegmentFooter& footer) {
  if (NamesUs(footer.metadata)) {
    return false;
  }
  return std::none_of(footer.metadata.key_value_metadata.begin(),
                      footer.metadata.key_value_metadata.end(),
                      [&](const parquet::KeyValue& entry) {
                        if (entry.key != kSegmentBlockKey) {
                          return false;
                        }
                        const auto place = DecodeBlockPlace(entry.value.value_or(""));
                        return place.ok() && place->first <= footer.offset &&
                               place->second == footer.offset - place->first;
                      });
}

uint64_t SegmentFile::FirstRowOfNamespace(NamespaceId ns) const {
  size_t low = 0;
  size_t high = block.namespace_count();
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (block.Namespace(middle).ns < ns) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low == block.namespace_count() ? block.rows() : block.Namespace(low).first_row;
}

absl::Status SegmentFile::InFile(const absl::Status& status, uint64_t offset) const {
  return Annotate(status, StrCat(path(), ": offset ", offset));
}

absl::StatusOr<std::unique_ptr<SegmentFile>> OpenSegmentFile(
    std::unique_ptr<File> file, uint64_t memory_limit,
    std::optional<uint64_t> expected_file_bytes) {
  auto segment = std::make_unique<SegmentFile>();
  segment->file = std::move(file);
  segment->memory_limit = memory_limit;
  VERALITH_ASSIGN_OR_RETURN(segment->file_bytes, segment->file->Size());
  if (expected_file_bytes.has_value() && *expected_file_bytes != segment->file_bytes) {
    return segment->InFile(DataLoss(StrCat("the file has ", segment->file_bytes,
                                           " bytes, it was written with ", *expected_file_bytes)));
  }
  if (absl::Status status = ReadMetadata(segment.get(), expected_file_bytes.has_value());
      !status.ok()) {
    return segment->InFile(status);
  }
  return segment;
}

}  // namespace veralith
