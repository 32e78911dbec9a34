// SPDX-License-Identifier: Apache-2.0

// Scans: as an iterator of Python, and as a stream of Arrow.
#include <nanobind/stl/optional.h>

#include <algorithm>

#include "core/arrow/scan_stream.h"
#include "python/src/database.h"

namespace veralith::python {
namespace {

using arrow::Columns;

// Largest number of rows, and of their bytes, that are read ahead at once.
constexpr size_t kMostRows = 1024;
constexpr size_t kMostBytes = size_t{256} << 10;

nb::object Number(Timestamp timestamp) { return nb::steal(PyLong_FromUnsignedLongLong(timestamp)); }

// Yields (key, value, timestamp) as far as they are wanted; a key or value that is alone is itself.
// Reads ahead, first a few rows, then more, without the GIL.
class Rows {
 public:
  enum class Shape : uint8_t { kItems, kKeys, kValues, kVersions };

  Rows(std::shared_ptr<OpenDb> open, const Query& query, Shape shape)
      : open_(std::move(open)), held_(query.moment.held), shape_(shape), columns_(WantedOf(shape)) {
    reader_ =
        WithoutGil([&] { return std::make_unique<arrow::RowReader>(query.Start(*open_->db)); });
  }
  ~Rows() {
    WithoutGil([&] {
      reader_.reset();
      held_.reset();
      open_.reset();
    });
  }
  Rows(Rows&& other) = delete;

  nb::object Next() {
    const Use use(&busy_);
    if (open_->closed) {
      Refuse("the database is closed");
    }
    if (row_ == columns_.rows()) {
      Fill();
    }
    const size_t row = row_++;
    switch (shape_) {
      case Shape::kKeys:
        return ToBytes(columns_.key(row));
      case Shape::kValues:
        return ToBytes(columns_.value(row));
      case Shape::kItems:
        return nb::make_tuple(ToBytes(columns_.key(row)), ToBytes(columns_.value(row)));
      case Shape::kVersions:
        break;
    }
    return nb::make_tuple(ToBytes(columns_.key(row)), ToBytes(columns_.value(row)),
                          Number(columns_.timestamp(row)));
  }

 private:
  static arrow::Wanted WantedOf(Shape shape) {
    return {.timestamps = shape == Shape::kVersions, .values = shape != Shape::kKeys};
  }

  // Reads the next rows, or throws the error that ended the scan, or StopIteration.
  void Fill() {
    Check(error_);
    columns_.CutTo(0);
    row_ = 0;
    const size_t rows = ahead_;
    ahead_ = std::min(ahead_ * 4, kMostRows);
    error_ = WithoutGil([&] { return reader_->Read(rows, kMostBytes, &columns_); });
    if (columns_.rows() == 0) {
      Check(error_);
      throw nb::stop_iteration();
    }
  }

  std::shared_ptr<OpenDb> open_;
  std::shared_ptr<HeldSnapshot> held_;
  std::unique_ptr<arrow::RowReader> reader_;
  Shape shape_;
  Columns columns_;
  size_t row_ = 0;  // the next one to give
  size_t ahead_ = 4;
  absl::Status error_;  // ends the scan, once the rows before it are given
  bool busy_ = false;
};

Query* MakeQuery(NamespaceId ns, nb::handle lower, bool lower_included, nb::handle upper,
                 bool upper_included, bool reverse, const Snapshot* snapshot, nb::handle timestamp,
                 bool fill_cache) {
  auto query = std::make_unique<Query>(Query{Moment(snapshot, timestamp), {}, {}, {}});
  static_cast<ReadOptions&>(query->options) = query->moment.options;
  query->options.fill_cache = fill_cache;
  query->options.ns = ns;
  query->options.lower = BoundOf(lower, lower_included);
  query->options.upper = BoundOf(upper, upper_included);
  query->direction = reverse ? arrow::Direction::kReverse : arrow::Direction::kForward;
  return query.release();
}

Rows* Scan(const Database& self, const Query& query, Rows::Shape shape) {
  return new Rows(self.open(), query, shape);
}

constexpr const char* kStreamName = "arrow_array_stream";

void DropStream(PyObject* capsule) {
  auto* const stream = static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(capsule, kStreamName));
  WithoutGil([&] {
    if (stream->release != nullptr) {  // nobody took it
      stream->release(stream);
    }
    delete stream;
  });
}

nb::object Stream(const Database& self, const Query& query, size_t rows, size_t bytes) {
  const std::shared_ptr<OpenDb> open = self.open();
  // Destroyed in this order: first the snapshot, then the database.
  struct Owner {
    std::shared_ptr<OpenDb> open;
    std::shared_ptr<HeldSnapshot> held;
  };
  auto owner = std::make_shared<Owner>(Owner{open, query.moment.held});
  auto stream = std::make_unique<ArrowArrayStream>();
  WithoutGil([&] {
    arrow::MakeScanStream(std::move(owner), query.Start(*open->db),
                          {.wanted = {}, .rows = rows, .bytes = bytes}, stream.get());
  });
  PyObject* const capsule = PyCapsule_New(stream.get(), kStreamName, DropStream);
  if (capsule == nullptr) {
    WithoutGil([&] { stream->release(stream.get()); });
    throw nb::python_error();
  }
  stream.release();
  return nb::steal(capsule);
}

uint64_t Count(const Database& self, const Query& query) {
  return self.Run([&](Db& db) -> absl::StatusOr<uint64_t> {
    const std::unique_ptr<DbIterator> rows = db.NewIterator(query.options);
    uint64_t count = 0;
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
      ++count;
    }
    if (!rows->status().ok()) {
      return rows->status();
    }
    return count;
  });
}

}  // namespace

void BindScans(nb::module_& module, nb::class_<Database>& database) {
  nb::class_<Query>(module, "Query");
  nb::enum_<Rows::Shape>(module, "Shape")
      .value("ITEMS", Rows::Shape::kItems)
      .value("KEYS", Rows::Shape::kKeys)
      .value("VALUES", Rows::Shape::kValues)
      .value("VERSIONS", Rows::Shape::kVersions);
  nb::class_<Rows>(module, "Rows")
      .def("__iter__", [](nb::handle self) { return nb::borrow(self); })
      .def("__next__", &Rows::Next);
  module.def("query", &MakeQuery, nb::arg("ns"), nb::arg("lower").none(), nb::arg("lower_included"),
             nb::arg("upper").none(), nb::arg("upper_included"), nb::arg("reverse"),
             nb::arg("snapshot").none(), nb::arg("timestamp").none(), nb::arg("fill_cache"));
  database.def("rows", &Scan)
      .def("stream", &Stream, nb::arg("query"), nb::arg("rows"), nb::arg("bytes"))
      .def("count", &Count);
}

}  // namespace veralith::python
