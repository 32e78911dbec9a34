// SPDX-License-Identifier: Apache-2.0

#include "python/src/database.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <vector>

#include "veralith/options_text.h"

namespace veralith::python {

void Database::Close() {
  const std::shared_ptr<OpenDb> open = open_;
  open->closed = true;
  Check(WithoutGil([&] { return open->db->Close(); }));
}

std::shared_ptr<HeldSnapshot> Snapshot::Hold() const {
  if (held_ == nullptr) {
    Refuse("the snapshot is released");
  }
  return held_;
}

Moment::Moment(const Snapshot* snapshot, nb::handle timestamp) {
  if (snapshot != nullptr) {
    held = snapshot->Hold();
    options.snapshot = held->snapshot;
  }
  options.timestamp = MaybeTimestamp(timestamp);
}

namespace {

using Texts = std::vector<std::pair<std::string, std::string>>;

Database* Open(const std::string& path, const Texts& texts) {
  Options options;
  for (const auto& [name, text] : texts) {
    Check(SetOption(name, text, &options));
  }
  return new Database(Value(WithoutGil([&] { return Db::Open(path, options); })));
}

Snapshot* NewestSnapshot(const Database& self) {
  auto held = std::make_shared<HeldSnapshot>(self.open());
  WithoutGil([&] { held->snapshot = held->open->db->GetSnapshot(); });
  return new Snapshot(std::move(held));
}

Snapshot* SnapshotAt(const Database& self, nb::handle timestamp) {
  const std::optional<Timestamp> at = MaybeTimestamp(timestamp);
  if (!at.has_value()) {
    return NewestSnapshot(self);
  }
  auto held = std::make_shared<HeldSnapshot>(self.open());
  held->snapshot = Value(WithoutGil([&] { return held->open->db->GetSnapshotAt(*at); }));
  return new Snapshot(std::move(held));
}

}  // namespace

void BindDatabase(nb::class_<Database>& database) {
  database.def_static("open", &Open)
      .def("close", &Database::Close)
      .def_prop_ro("closed", &Database::closed)
      .def("snapshot", &SnapshotAt, nb::arg("timestamp").none());
}

}  // namespace veralith::python
