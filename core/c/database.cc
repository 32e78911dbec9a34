// SPDX-License-Identifier: Apache-2.0

// A database's life, its writes and its maintenance.
#include <optional>
#include <utility>

#include "core/c/border.h"
#include "core/c/report.h"

using absl::OkStatus;
using absl::Status;
using veralith::Bound;
using veralith::Options;
using veralith::WriteOptions;
using veralith::c::CheckBytes;
using veralith::c::CheckNotNull;
using veralith::c::Return;
using veralith::c::TakeWriteOptions;
using veralith::c::View;

namespace {

Status OpenAs(const veralith_options_t* options, bool read_only, const char* directory,
              veralith_t** db) {
  VERALITH_RETURN_IF_ERROR(CheckNotNull(db, "db"));
  *db = nullptr;
  VERALITH_RETURN_IF_ERROR(CheckNotNull(directory, "directory"));
  Options chosen = veralith::c::OptionsOf(options);
  chosen.read_only = chosen.read_only || read_only;
  auto made = std::make_unique<veralith_t>();
  made->open = std::make_shared<veralith::OpenDatabase>();
  made->open->executor = options == nullptr ? nullptr : options->executor;
  VERALITH_ASSIGN_OR_RETURN(made->open->db, veralith::Db::Open(directory, chosen));
  made->db = made->open->db.get();
  *db = made.release();
  return OkStatus();
}

// Calls a method that takes nothing.
template <typename Method>
veralith_status_t* Call(const char* name, veralith_t* db, Method method) {
  return Return(name, [&]() -> Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(db, "db"));
    return (db->db->*method)();
  });
}

Status DeleteRange(veralith_t* db, const veralith_write_options_t* options, uint64_t ns,
                   const void* begin, size_t begin_size, std::optional<std::string_view> end) {
  VERALITH_RETURN_IF_ERROR(CheckNotNull(db, "db"));
  VERALITH_RETURN_IF_ERROR(CheckBytes(begin, begin_size, "begin"));
  WriteOptions write;
  VERALITH_RETURN_IF_ERROR(TakeWriteOptions(options, &write));
  return db->db->DeleteRange(write, ns, View(begin, begin_size), end);
}

Status Compact(veralith_t* db, const veralith_compact_options_t* options,
               std::optional<uint64_t> ns, const veralith_bound_t* lower,
               const veralith_bound_t* upper) {
  VERALITH_RETURN_IF_ERROR(CheckNotNull(db, "db"));
  veralith_compact_options_t known;
  VERALITH_RETURN_IF_ERROR(veralith::c::TakeStruct(options, &known));
  veralith::CompactOptions compact;
  if (known.cancel != nullptr) {
    compact.cancel = known.cancel->source.get_token();
  }
  Bound from;
  Bound to;
  VERALITH_RETURN_IF_ERROR(veralith::c::TakeBound(lower, &from));
  VERALITH_RETURN_IF_ERROR(veralith::c::TakeBound(upper, &to));
  return db->db->Compact(compact, ns, from, to);
}

}  // namespace

// --- Life ----------------------------------------------------------------------------------------

veralith_status_t* veralith_open(const veralith_options_t* options, const char* directory,
                                 veralith_t** db) {
  return Return("veralith_open",
                [&] { return OpenAs(options, /*read_only=*/false, directory, db); });
}

veralith_status_t* veralith_open_read_only(const veralith_options_t* options, const char* directory,
                                           veralith_t** db) {
  return Return("veralith_open_read_only",
                [&] { return OpenAs(options, /*read_only=*/true, directory, db); });
}

veralith_status_t* veralith_close(veralith_t* db) {
  return Call("veralith_close", db, &veralith::Db::Close);
}

veralith_status_t* veralith_db_free(veralith_t* db) {
  if (db == nullptr) {
    return nullptr;
  }
  veralith_status_t* const status = veralith_close(db);
  delete db;
  return status;
}

// --- Writing -------------------------------------------------------------------------------------

veralith_status_t* veralith_put(veralith_t* db, const veralith_write_options_t* options,
                                uint64_t ns, const void* key, size_t key_size, const void* value,
                                size_t value_size) {
  return Return("veralith_put", [&]() -> Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(db, "db"));
    VERALITH_RETURN_IF_ERROR(CheckBytes(key, key_size, "key"));
    VERALITH_RETURN_IF_ERROR(CheckBytes(value, value_size, "value"));
    WriteOptions write;
    VERALITH_RETURN_IF_ERROR(TakeWriteOptions(options, &write));
    return db->db->Put(write, ns, View(key, key_size), View(value, value_size));
  });
}

veralith_status_t* veralith_delete(veralith_t* db, const veralith_write_options_t* options,
                                   uint64_t ns, const void* key, size_t key_size) {
  return Return("veralith_delete", [&]() -> Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(db, "db"));
    VERALITH_RETURN_IF_ERROR(CheckBytes(key, key_size, "key"));
    WriteOptions write;
    VERALITH_RETURN_IF_ERROR(TakeWriteOptions(options, &write));
    return db->db->Delete(write, ns, View(key, key_size));
  });
}

veralith_status_t* veralith_delete_range(veralith_t* db, const veralith_write_options_t* options,
                                         uint64_t ns, const void* begin, size_t begin_size,
                                         const void* end, size_t end_size) {
  return Return("veralith_delete_range", [&]() -> Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(end, "end"));
    return DeleteRange(db, options, ns, begin, begin_size, View(end, end_size));
  });
}

veralith_status_t* veralith_delete_from(veralith_t* db, const veralith_write_options_t* options,
                                        uint64_t ns, const void* begin, size_t begin_size) {
  return Return("veralith_delete_from",
                [&] { return DeleteRange(db, options, ns, begin, begin_size, std::nullopt); });
}

veralith_status_t* veralith_write(veralith_t* db, const veralith_write_options_t* options,
                                  const veralith_batch_t* batch, uint64_t* timestamp) {
  return Return("veralith_write", [&]() -> Status {
    if (timestamp != nullptr) {
      *timestamp = 0;
    }
    VERALITH_RETURN_IF_ERROR(CheckNotNull(db, "db"));
    VERALITH_RETURN_IF_ERROR(CheckNotNull(batch, "batch"));
    WriteOptions write;
    VERALITH_RETURN_IF_ERROR(TakeWriteOptions(options, &write));
    VERALITH_ASSIGN_OR_RETURN(const veralith::Timestamp at, db->db->Write(write, batch->batch));
    if (timestamp != nullptr) {
      *timestamp = at;
    }
    return OkStatus();
  });
}

veralith_status_t* veralith_sync(veralith_t* db) {
  return Call("veralith_sync", db, &veralith::Db::Sync);
}

// --- Maintenance ---------------------------------------------------------------------------------

veralith_status_t* veralith_flush(veralith_t* db) {
  return Call("veralith_flush", db, &veralith::Db::Flush);
}

veralith_status_t* veralith_cancel_create(veralith_cancel_t** cancel) {
  return Return("veralith_cancel_create", [&]() -> Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(cancel, "cancel"));
    *cancel = nullptr;
    *cancel = new veralith_cancel_t();
    return OkStatus();
  });
}

void veralith_cancel_request(veralith_cancel_t* cancel) {
  if (cancel != nullptr) {
    cancel->source.request_stop();
  }
}

void veralith_cancel_free(veralith_cancel_t* cancel) { delete cancel; }

veralith_status_t* veralith_compact(veralith_t* db, const veralith_compact_options_t* options,
                                    uint64_t ns, const veralith_bound_t* lower,
                                    const veralith_bound_t* upper) {
  return Return("veralith_compact", [&] { return Compact(db, options, ns, lower, upper); });
}

veralith_status_t* veralith_compact_all(veralith_t* db, const veralith_compact_options_t* options) {
  return Return("veralith_compact_all",
                [&] { return Compact(db, options, std::nullopt, nullptr, nullptr); });
}

veralith_status_t* veralith_wait_for_background_work(veralith_t* db) {
  return Call("veralith_wait_for_background_work", db, &veralith::Db::WaitForBackgroundWork);
}

veralith_status_t* veralith_resume(veralith_t* db) {
  return Call("veralith_resume", db, &veralith::Db::Resume);
}

veralith_status_t* veralith_set_background_rate(veralith_t* db, uint64_t bytes_per_second) {
  return Return("veralith_set_background_rate", [&]() -> Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(db, "db"));
    db->db->SetBackgroundRate(bytes_per_second);
    return OkStatus();
  });
}

veralith_status_t* veralith_pause_background_work(veralith_t* db) {
  return Call("veralith_pause_background_work", db, &veralith::Db::PauseBackgroundWork);
}

veralith_status_t* veralith_continue_background_work(veralith_t* db) {
  return Call("veralith_continue_background_work", db, &veralith::Db::ContinueBackgroundWork);
}

veralith_status_t* veralith_checkpoint(veralith_t* db, const char* directory) {
  return Return("veralith_checkpoint", [&]() -> Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(db, "db"));
    VERALITH_RETURN_IF_ERROR(CheckNotNull(directory, "directory"));
    return db->db->Checkpoint(directory);
  });
}

veralith_status_t* veralith_publish_iceberg(veralith_t* db, const char* table,
                                            const veralith_publish_options_t* options,
                                            veralith_report_t** report) {
  return Return("veralith_publish_iceberg", [&]() -> Status {
    if (report != nullptr) {
      *report = nullptr;
    }
    VERALITH_RETURN_IF_ERROR(CheckNotNull(db, "db"));
    VERALITH_RETURN_IF_ERROR(CheckNotNull(table, "table"));
    veralith_publish_options_t known;
    VERALITH_RETURN_IF_ERROR(veralith::c::TakeStruct(options, &known));
    VERALITH_RETURN_IF_ERROR(veralith::c::CheckReserved(known.reserved));
    veralith::PublishOptions chosen;
    if (known.at != nullptr) {
      chosen.at = *known.at;
    }
    if (known.ns != nullptr) {
      chosen.ns = *known.ns;
    }
    chosen.location = known.location == nullptr ? "" : known.location;
    chosen.keep = known.keep;
    chosen.keep_nanos = known.keep_nanos;
    chosen.format_version = known.format_version;
    const absl::StatusOr<veralith::PublishReport> published = db->db->PublishIceberg(table, chosen);
    VERALITH_RETURN_IF_ERROR(published.status());
    if (report != nullptr) {
      *report = veralith::c::ReportOf(*published).release();
    }
    return OkStatus();
  });
}

veralith_status_t* veralith_check(veralith_t* db) {
  return Call("veralith_check", db, &veralith::Db::Check);
}

uint64_t veralith_last_timestamp(const veralith_t* db) {
  return db == nullptr ? 0 : db->db->LastTimestamp();
}

veralith_status_t* veralith_advance_clock(veralith_t* db, uint64_t remote) {
  return Return("veralith_advance_clock", [&]() -> Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(db, "db"));
    return db->db->AdvanceClock(remote);
  });
}

veralith_status_t* veralith_statistics(veralith_t* db, veralith_report_t** report) {
  return Return("veralith_statistics", [&]() -> Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(report, "report"));
    *report = nullptr;
    VERALITH_RETURN_IF_ERROR(CheckNotNull(db, "db"));
    *report = veralith::c::ReportOf(db->db->GetStatistics()).release();
    return OkStatus();
  });
}
