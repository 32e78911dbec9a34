// SPDX-License-Identifier: Apache-2.0

// Maintenance, time and statistics.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>

#include "core/c/report.h"
#include "python/src/database.h"

namespace veralith::python {
namespace {

void Compact(const Database& self, std::optional<NamespaceId> ns, nb::handle begin,
             nb::handle end) {
  const Bound lower = BoundOf(begin, /*included=*/true);
  const Bound upper = BoundOf(end, /*included=*/false);
  self.Run([&](Db& db) { return db.Compact(ns, lower, upper); });
}

auto Publish(const Database& self, const std::string& table, nb::handle at,
             std::optional<NamespaceId> ns, int format_version, uint64_t keep, uint64_t keep_nanos,
             const std::string& location) {
  PublishOptions options;
  options.at = MaybeTimestamp(at);
  options.ns = ns;
  options.format_version = format_version;
  options.keep = keep;
  options.keep_nanos = keep_nanos;
  options.location = location;
  return c::ReportOf(self.Run([&](Db& db) { return db.PublishIceberg(table, options); }))->entries;
}

auto StatisticsOf(const Database& self) {
  const std::shared_ptr<OpenDb> open = self.open();
  const Statistics statistics = WithoutGil([&] { return open->db->GetStatistics(); });
  return c::ReportOf(statistics)->entries;
}

// A method of Db without arguments that returns a status.
template <absl::Status (Db::*Method)()>
void Call(const Database& self) {
  self.Run([](Db& db) { return (db.*Method)(); });
}

}  // namespace

void BindUpkeep(nb::class_<Database>& database) {
  database.def("sync", &Call<&Db::Sync>)
      .def("flush", &Call<&Db::Flush>)
      .def("wait_for_background_work", &Call<&Db::WaitForBackgroundWork>)
      .def("resume", &Call<&Db::Resume>)
      .def("pause_background_work", &Call<&Db::PauseBackgroundWork>)
      .def("continue_background_work", &Call<&Db::ContinueBackgroundWork>)
      .def("check", &Call<&Db::Check>)
      .def("compact", &Compact, nb::arg("ns").none(), nb::arg("begin").none(),
           nb::arg("end").none())
      .def("checkpoint",
           [](const Database& self, const std::string& directory) {
             self.Run([&](Db& db) { return db.Checkpoint(directory); });
           })
      .def("publish", &Publish, nb::arg("table"), nb::arg("at").none(), nb::arg("ns").none(),
           nb::arg("format_version"), nb::arg("keep"), nb::arg("keep_nanos"), nb::arg("location"))
      .def("set_background_rate",
           [](const Database& self, uint64_t rate) { self.open()->db->SetBackgroundRate(rate); })
      .def("last_timestamp", [](const Database& self) { return self.open()->db->LastTimestamp(); })
      .def("advance_clock",
           [](const Database& self, uint64_t remote) {
             self.Run([&](Db& db) { return db.AdvanceClock(remote); });
           })
      .def("statistics", &StatisticsOf);
}

}  // namespace veralith::python
