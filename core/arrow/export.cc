// SPDX-License-Identifier: Apache-2.0

#include "core/arrow/export.h"

#include <array>
#include <memory>
#include <utility>
#include <vector>

namespace veralith::arrow {
namespace {

constexpr const char* kInt64 = "l";
constexpr const char* kBinary = "z";  // offsets of 32 bits
constexpr const char* kStruct = "+s";

// Buffers of no bytes are not null: some readers take a null for a missing buffer.
constexpr int64_t kNothing = 0;

// A parent and its children are one allocation. Struct is ArrowSchema or ArrowArray.
template <typename Struct>
struct Family {
  std::vector<Struct> members;
  std::vector<Struct*> pointers;
  const void* no_validity = nullptr;

  explicit Family(size_t children) : members(children), pointers(children) {
    for (size_t i = 0; i < children; ++i) {
      pointers[i] = &members[i];
    }
  }
  // A child that its holder took away has no release any more.
  ~Family() {
    for (Struct& child : members) {
      if (child.release != nullptr) {
        child.release(&child);
      }
    }
  }
};

template <typename Struct>
void ReleaseFamily(Struct* parent) {
  delete static_cast<Family<Struct>*>(parent->private_data);
  parent->release = nullptr;
}

// For a struct that owns nothing: its strings live for ever.
void ReleaseNothing(ArrowSchema* schema) { schema->release = nullptr; }

// The memory of one column.
struct Memory {
  std::vector<int64_t> numbers;
  BinaryColumn binary;
  std::array<const void*, 3> buffers = {};
};

void ReleaseMemory(ArrowArray* column) {
  delete static_cast<Memory*>(column->private_data);
  column->release = nullptr;
}

const void* NotNull(const void* buffer) { return buffer == nullptr ? &kNothing : buffer; }

// The number of buffers tells the type: validity and numbers, or validity, offsets and bytes.
void GiveMemory(std::unique_ptr<Memory> memory, size_t rows, int64_t buffers, ArrowArray* column) {
  *column = {};
  column->length = static_cast<int64_t>(rows);
  column->n_buffers = buffers;
  column->buffers = memory->buffers.data();
  column->private_data = memory.release();
  column->release = ReleaseMemory;
}

void GiveNumbers(std::vector<int64_t> numbers, ArrowArray* column) {
  auto memory = std::make_unique<Memory>();
  memory->numbers = std::move(numbers);
  memory->buffers = {nullptr, NotNull(memory->numbers.data())};
  const size_t rows = memory->numbers.size();
  GiveMemory(std::move(memory), rows, 2, column);
}

void GiveBinary(BinaryColumn binary, ArrowArray* column) {
  auto memory = std::make_unique<Memory>();
  memory->binary = std::move(binary);
  memory->buffers = {nullptr, memory->binary.offsets.data(), NotNull(memory->binary.bytes.data())};
  const size_t rows = memory->binary.offsets.size() - 1;
  GiveMemory(std::move(memory), rows, 3, column);
}

void NameColumn(const char* name, const char* format, ArrowSchema* schema) {
  *schema = {};
  schema->format = format;
  schema->name = name;
  schema->release = ReleaseNothing;
}

size_t CountOf(Wanted wanted) {
  return 2 + (wanted.timestamps ? size_t{1} : 0) + (wanted.values ? size_t{1} : 0);
}

}  // namespace

// Sees the inside of columns.
class ColumnsExport {
 public:
  static void Give(Columns columns, ArrowArray* out) {
    const Wanted wanted = columns.wanted();
    auto family = std::make_unique<Family<ArrowArray>>(CountOf(wanted));
    ArrowArray* column = family->members.data();
    *out = {};
    out->length = static_cast<int64_t>(columns.rows());
    GiveNumbers(std::move(columns.namespaces_), column++);
    GiveBinary(std::move(columns.keys_), column++);
    if (wanted.timestamps) {
      GiveNumbers(std::move(columns.timestamps_), column++);
    }
    if (wanted.values) {
      GiveBinary(std::move(columns.values_), column++);
    }
    out->n_buffers = 1;
    out->buffers = &family->no_validity;
    out->n_children = static_cast<int64_t>(family->members.size());
    out->children = family->pointers.data();
    out->private_data = family.release();
    out->release = ReleaseFamily<ArrowArray>;
  }
};

void ExportColumns(Columns columns, ArrowArray* out) {
  ColumnsExport::Give(std::move(columns), out);
}

void ExportSchema(Wanted wanted, ArrowSchema* out) {
  auto family = std::make_unique<Family<ArrowSchema>>(CountOf(wanted));
  ArrowSchema* column = family->members.data();
  NameColumn("ns", kInt64, column++);
  NameColumn("key", kBinary, column++);
  if (wanted.timestamps) {
    NameColumn("ts", kInt64, column++);
  }
  if (wanted.values) {
    NameColumn("value", kBinary, column++);
  }
  NameColumn("", kStruct, out);
  out->n_children = static_cast<int64_t>(family->members.size());
  out->children = family->pointers.data();
  out->private_data = family.release();
  out->release = ReleaseFamily<ArrowSchema>;
}

}  // namespace veralith::arrow
