// SPDX-License-Identifier: Apache-2.0

#include "core/arrow/scan_stream.h"

#include <cerrno>
#include <string>
#include <utility>

#include "core/arrow/export.h"
#include "core/base/no_memory.h"

namespace veralith::arrow {
namespace {

int ErrnoOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return 0;
    case absl::StatusCode::kResourceExhausted:
      return ENOMEM;
    case absl::StatusCode::kInvalidArgument:
      return EINVAL;
    default:
      return EIO;
  }
}

struct Stream {
  std::shared_ptr<void> owner;  // destroyed last
  RowReader rows;
  Batches batches;
  absl::Status error;       // ends the stream, once the rows before it are given
  std::string error_words;  // of the last call
};

Stream& StreamOf(ArrowArrayStream* stream) { return *static_cast<Stream*>(stream->private_data); }

int Fail(Stream& stream, const absl::Status& status) {
  if (!TryWithMemory([&] { stream.error_words = status.ToString(); })) {
    stream.error_words.clear();
  }
  return ErrnoOf(status);
}

int GetSchema(ArrowArrayStream* self, ArrowSchema* out) {
  *out = {};
  Stream& stream = StreamOf(self);
  const absl::Status status = CatchNoMemory("a schema", [&] {
    ExportSchema(stream.batches.wanted, out);
    return absl::OkStatus();
  });
  return status.ok() ? 0 : Fail(stream, status);
}

int GetNext(ArrowArrayStream* self, ArrowArray* out) {
  *out = {};
  Stream& stream = StreamOf(self);
  const absl::Status status = CatchNoMemory("a record batch", [&]() -> absl::Status {
    if (!stream.error.ok()) {
      return stream.error;
    }
    Columns columns(stream.batches.wanted);
    stream.error = stream.rows.Read(stream.batches.rows, stream.batches.bytes, &columns);
    if (columns.rows() == 0) {
      return stream.error;  // OK: the end, which an empty `out` says
    }
    ExportColumns(std::move(columns), out);
    return absl::OkStatus();
  });
  return status.ok() ? 0 : Fail(stream, status);
}

const char* GetLastError(ArrowArrayStream* self) { return StreamOf(self).error_words.c_str(); }

void Release(ArrowArrayStream* self) {
  delete static_cast<Stream*>(self->private_data);
  self->release = nullptr;
}

}  // namespace

void MakeScanStream(std::shared_ptr<void> owner, RowReader rows, Batches batches,
                    ArrowArrayStream* out) {
  *out = {.get_schema = GetSchema,
          .get_next = GetNext,
          .get_last_error = GetLastError,
          .release = Release,
          .private_data = new Stream{std::move(owner), std::move(rows), batches, {}, {}}};
}

}  // namespace veralith::arrow
