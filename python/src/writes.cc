// SPDX-License-Identifier: Apache-2.0

// Writes of single keys, ranges and batches.
#include <nanobind/stl/optional.h>

#include "python/src/database.h"

namespace veralith::python {
namespace {

std::optional<std::string_view> MaybeView(const std::optional<Bytes>& bytes) {
  return bytes.has_value() ? std::optional(bytes->view()) : std::nullopt;
}

void Put(const Database& self, NamespaceId ns, nb::handle key, nb::handle value,
         std::optional<bool> sync) {
  const Bytes key_bytes(key);
  const Bytes value_bytes(value);
  self.Run([&](Db& db) {
    return db.Put(WriteOptionsOf(sync), ns, key_bytes.view(), value_bytes.view());
  });
}

void Delete(const Database& self, NamespaceId ns, nb::handle key, std::optional<bool> sync) {
  const Bytes bytes(key);
  self.Run([&](Db& db) { return db.Delete(WriteOptionsOf(sync), ns, bytes.view()); });
}

void DeleteRange(const Database& self, NamespaceId ns, nb::handle begin, nb::handle end,
                 std::optional<bool> sync) {
  const Bytes first(begin);
  const std::optional<Bytes> last = MaybeBytes(end);
  self.Run([&](Db& db) {
    return db.DeleteRange(WriteOptionsOf(sync), ns, first.view(), MaybeView(last));
  });
}

// A batch; while it is written without the GIL, nobody else may touch it.
class Batch {
 public:
  void Put(NamespaceId ns, nb::handle key, nb::handle value) {
    const Bytes key_bytes(key);
    const Bytes value_bytes(value);
    const Use use(&busy_);
    batch_.Put(ns, key_bytes.view(), value_bytes.view());
    CheckMemory();
  }
  void Delete(NamespaceId ns, nb::handle key) {
    const Bytes bytes(key);
    const Use use(&busy_);
    batch_.Delete(ns, bytes.view());
    CheckMemory();
  }
  void DeleteRange(NamespaceId ns, nb::handle begin, nb::handle end) {
    const Bytes first(begin);
    const std::optional<Bytes> last = MaybeBytes(end);
    const Use use(&busy_);
    batch_.DeleteRange(ns, first.view(), MaybeView(last));
    CheckMemory();
  }
  void Clear() {
    const Use use(&busy_);
    batch_.Clear();
  }
  size_t count() const { return batch_.count(); }
  size_t bytes() const { return batch_.bytes(); }

  Timestamp WriteTo(const Database& database, std::optional<bool> sync) {
    const Use use(&busy_);
    return database.Run([&](Db& db) { return db.Write(WriteOptionsOf(sync), batch_); });
  }

 private:
  void CheckMemory() const {
    if (batch_.lacks_memory()) {
      throw std::bad_alloc();
    }
  }

  WriteBatch batch_;
  bool busy_ = false;
};

Timestamp Write(const Database& self, Batch& batch, std::optional<bool> sync) {
  return batch.WriteTo(self, sync);
}

}  // namespace

void BindWrites(nb::module_& module, nb::class_<Database>& database) {
  nb::class_<Batch>(module, "Batch")
      .def(nb::init<>())
      .def("put", &Batch::Put)
      .def("delete", &Batch::Delete)
      .def("delete_range", &Batch::DeleteRange, nb::arg("ns"), nb::arg("begin"),
           nb::arg("end").none())
      .def("clear", &Batch::Clear)
      .def_prop_ro("count", &Batch::count)
      .def_prop_ro("bytes", &Batch::bytes);
  const auto sync = [] { return nb::arg("sync").none(); };
  const nb::arg ns("ns");
  const nb::arg key("key");
  database.def("put", &Put, ns, key, nb::arg("value"), sync())
      .def("delete", &Delete, ns, key, sync())
      .def("delete_range", &DeleteRange, ns, nb::arg("begin"), nb::arg("end").none(), sync())
      .def("write", &Write, nb::arg("batch"), sync());
}

}  // namespace veralith::python
