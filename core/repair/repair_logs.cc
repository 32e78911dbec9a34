// SPDX-License-Identifier: Apache-2.0

#include "core/repair/repair_logs.h"

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <utility>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/record_frame.h"
#include "core/fs/file_helpers.h"
#include "core/log/record_reader.h"
#include "core/manifest/file_names.h"
#include "core/memtable/apply_to_memtable.h"

namespace veralith {
namespace {

constexpr std::string_view kTooShort =
    "the file ends here, but the manifest says that it was synced farther";

// An open log, and what its header says.
struct OpenLog {
  uint64_t number = 0;
  std::unique_ptr<RecordReader> reader;  // null: no record can be recognised
  std::optional<uint32_t> continues;     // nothing: the header is damaged
  bool empty = false;
};

class Salvager {
 public:
  Salvager(const LogSalvage& request, RepairReport* report, Timestamp* newest,
           Timestamp* newest_taken)
      : request_(request), report_(*report), newest_(*newest), newest_taken_(*newest_taken) {}

  absl::Status Run() {
    for (auto log = request_.logs.begin(); log != request_.logs.end(); ++log) {
      kept_ = {};
      VERALITH_RETURN_IF_ERROR(SalvageLog(log));
      if (kept_.entries + kept_.range_tombstones > 0) {
        kept_.file = LogFileName(log->first);
        report_.kept.push_back(kept_);
      }
      if (request_.done != nullptr) {
        request_.done(log->first);
      }
    }
    if (took_behind_gap_) {
      report_.risks.push_back(
          "log records after damage were taken: writes in between are missing, and what they had "
          "deleted or replaced may be back");
    }
    return Flush();
  }

 private:
  using LogIterator = std::map<uint64_t, std::optional<uint64_t>>::const_iterator;

  static bool IsSoundEnd(RecordReader::EndReason reason) {
    return reason == RecordReader::EndReason::kEndOfFile ||
           reason == RecordReader::EndReason::kZeros;
  }

  void Lose(uint64_t number, std::optional<uint64_t> offset, std::string what) {
    report_.lost.push_back({LogFileName(number), offset, std::move(what)});
  }

  absl::StatusOr<OpenLog> Open(uint64_t number, std::optional<uint64_t> id) const {
    OpenLog log;
    log.number = number;
    VERALITH_ASSIGN_OR_RETURN(
        std::unique_ptr<File> file,
        request_.fs->Open(JoinPath(request_.directory, LogFileName(number)), OpenMode::kRead));
    char bytes[kRecordFileHeaderBytes];
    VERALITH_ASSIGN_OR_RETURN(const size_t got, file->ReadAt(0, bytes));
    VERALITH_ASSIGN_OR_RETURN(log.empty, OnlyZerosFollow(*file, 0));
    const auto header = ParseRecordFileHeader(std::string_view(bytes, got));
    const bool ours = header.ok() && header->file.kind == RecordFileKind::kLog &&
                      header->file.number == number &&
                      header->file.id == id.value_or(header->file.id);
    if (ours) {
      log.continues = header->continues;
      id = header->file.id;
    }
    if (id.has_value()) {
      VERALITH_ASSIGN_OR_RETURN(
          log.reader, RecordReader::Open(std::move(file), {RecordFileKind::kLog, number, *id}));
    }
    return log;
  }

  absl::Status SalvageLog(LogIterator log) {
    absl::StatusOr<OpenLog> opened = Open(log->first, log->second);
    if (!opened.ok()) {
      Stop(/*damaged=*/true);
      Lose(log->first, std::nullopt, StrCat("the whole log: ", ToString(opened.status())));
      return absl::OkStatus();
    }
    if (opened->reader == nullptr && !opened->empty) {
      Stop(/*damaged=*/true);
      Lose(log->first, 0,
           "the whole log: its header is damaged, and no manifest tells the id that its records "
           "carry");
    }
    if (opened->reader == nullptr) {
      if (opened->empty && EndsTooEarly(log->first, 0)) {
        Stop(/*damaged=*/true);
        Lose(log->first, 0, std::string(kTooShort));
      }
      return absl::OkStatus();
    }
    if (opened->continues == 0u) {
      stopped_ = false;  // recovery began here, and judged everything before
      gap_ = false;
      checksum_.reset();
      said_.reset();
    }
    if (stopped_) {
      return CountBehind(*opened);
    }
    if (checksum_.has_value() && opened->continues.has_value()) {
      opened->reader->ExpectContinues(*checksum_);
    }
    return ReadLog(*opened, log);
  }

  // A receiver's error ends the salvage; a read error ends the log.
  absl::Status ReadLog(OpenLog& opened, LogIterator log) {
    RecordReader& reader = *opened.reader;
    Timestamp last = 0;
    while (true) {
      std::string_view payload;
      const absl::StatusOr<bool> more = reader.Next(&payload);
      std::string fault;
      uint64_t fault_offset = reader.record_offset();
      if (more.ok() && *more) {
        VERALITH_ASSIGN_OR_RETURN(fault, Take(payload, reader.version(), &last));
      } else {
        fault_offset = reader.end_offset();
        fault = more.ok() ? "" : ToString(more.status());
        if (more.ok() && IsSoundEnd(reader.end_reason())) {
          if (!EndsTooEarly(log->first, reader.end_offset())) {
            checksum_ = opened.empty ? checksum_ : std::optional(reader.checksum());
            end_ = opened.empty ? end_ : LogPosition{log->first, reader.end_offset()};
            return absl::OkStatus();
          }
          fault = kTooShort;
        }
      }
      if (fault.empty() && more.ok() && *more) {
        continue;
      }
      const bool goes_on = more.ok() && *more;  // the frame is sound, its contents are not
      const bool chain_is_broken =
          more.ok() && !goes_on && reader.end_reason() == RecordReader::EndReason::kBrokenChain;
      const bool end_is_lost =
          chain_is_broken || (!opened.continues.has_value() && checksum_.has_value() &&
                              EndWasSyncedFarther(log, reader));
      const LogPosition place = end_is_lost ? end_ : LogPosition{log->first, fault_offset};
      const bool damaged = !fault.empty() || IsDamage(log, reader, place);
      if (fault.empty()) {
        fault = WithoutPlace(reader.end_detail(), fault_offset);
      }
      if (end_is_lost) {
        fault = StrCat("the records that followed here are lost; ", LogFileName(log->first), ": ",
                       fault);
      }
      VERALITH_ASSIGN_OR_RETURN(const bool went_on, EndAt(opened, place, fault, damaged, goes_on));
      if (!went_on) {
        return absl::OkStatus();
      }
    }
  }

  // Details of ends begin with their place, which the caller names already.
  static std::string WithoutPlace(const std::string& detail, uint64_t offset) {
    const std::string place = StrCat("offset ", offset, ": ");
    return detail.starts_with(place) ? detail.substr(place.size()) : detail;
  }

  // Reports the bad place; returns true if reading goes on after it.
  absl::StatusOr<bool> EndAt(OpenLog& opened, LogPosition place, const std::string& fault,
                             bool damaged, bool frame_is_sound) {
    RecordReader& reader = *opened.reader;
    const std::string what = StrCat(fault, damaged ? ""
                                                   : "; never known to be synced: the torn end "
                                                     "of the log");
    if (damaged) {
      Lose(place.log_number, place.offset, what);
    } else {
      report_.notes.push_back(
          StrCat(LogFileName(place.log_number), ": offset ", place.offset, ": ", what));
    }
    Stop(damaged);
    if (!request_.behind_damage) {
      VERALITH_RETURN_IF_ERROR(CountBehind(opened));
      return false;
    }
    if (frame_is_sound) {
      return true;
    }
    const absl::StatusOr<bool> found = reader.GoOnBehindEnd();
    if (!found.ok()) {
      Lose(opened.number, reader.end_offset(), ToString(found.status()));
      return false;
    }
    if (*found) {
      report_.notes.push_back(StrCat(LogFileName(opened.number), ": records from offset ",
                                     reader.end_offset(), " on are taken, after damage at ",
                                     LogFileName(place.log_number), " offset ", place.offset));
    }
    return *found;
  }

  void Stop(bool damaged) {
    checksum_.reset();
    gap_ = true;
    if (!request_.behind_damage) {
      stopped_ = true;
      stop_is_damage_ = damaged;
    }
  }

  // Counts sound records that are not taken because they follow the stop.
  absl::Status CountBehind(OpenLog& opened) {
    uint64_t records = 0;
    Timestamp oldest = 0;
    Timestamp newest = 0;
    std::optional<uint64_t> first;
    const absl::Status status =
        opened.reader->ScanBehindEnd([&](uint64_t offset, std::string_view prefix) {
          const auto header = LogRecordView::ParseHeader(prefix, opened.reader->version());
          if (header.ok()) {
            const Timestamp ts = header->ts;
            if (ts >= kMinTimestamp && ts <= kMaxTimestamp) {
              oldest = oldest == 0 ? ts : std::min(oldest, ts);
              newest = std::max(newest, ts);
            }
            first = first.value_or(offset);
            ++records;
          }
          return true;
        });
    if (!status.ok()) {
      Lose(opened.number, opened.reader->end_offset(), ToString(status));
    }
    newest_ = std::max(newest_, newest);
    if (records == 0) {
      return absl::OkStatus();
    }
    Lose(opened.number, first,
         StrCat(records, " sound records with timestamps ", oldest, " to ", newest,
                " after the place where history ends (--behind-damage takes them)",
                stop_is_damage_ ? "" : "; nothing says that they were synced"));
    return absl::OkStatus();
  }

  bool EndsTooEarly(uint64_t number, uint64_t offset) const {
    return number == request_.synced_through.log_number && offset < request_.synced_through.offset;
  }

  // What sound records say about what had been synced.
  struct Said {
    LogPosition farthest;
    std::map<uint64_t, uint64_t> by_log;  // the farthest offset in each log at hand

    void Note(LogPosition synced, const LogSalvage& request) {
      farthest = std::max(farthest, synced);
      if (request.logs.contains(synced.log_number)) {
        uint64_t& offset = by_log[synced.log_number];
        offset = std::max(offset, synced.offset);
      }
    }
  };

  // Returns what the records after the first bad place of the chain say. They are asked once: a
  // record between that place and a later one says nothing about what follows it.
  const Said& SaidBehind(LogIterator log, RecordReader& reader) {
    if (!said_.has_value()) {
      said_.emplace();
      Ask(reader);
      for (++log; log != request_.logs.end(); ++log) {
        const absl::StatusOr<OpenLog> later = Open(log->first, log->second);
        if (later.ok() && later->continues == 0u) {
          break;
        }
        if (later.ok() && later->reader != nullptr) {
          Ask(*later->reader);
        }
      }
    }
    return *said_;
  }

  // If this cannot be told, takes everything for synced.
  void Ask(RecordReader& reader) {
    const absl::Status status = reader.ScanBehindEnd([&](uint64_t, std::string_view prefix) {
      const auto header = LogRecordView::ParseHeader(prefix, reader.version());
      if (header.ok()) {
        said_->Note(header->synced_through, request_);
      }
      return true;
    });
    if (!status.ok()) {
      constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
      said_->farthest = {kMost, kMost};
    }
  }

  // Whether the manifest, or a sound record after the place, says that the place had been synced.
  bool IsDamage(LogIterator log, RecordReader& reader, LogPosition place) {
    return request_.synced_through > place || SaidBehind(log, reader).farthest > place;
  }

  // Whether the previous log was synced farther; asked if the header, which would tell, is lost.
  bool EndWasSyncedFarther(LogIterator log, RecordReader& reader) {
    const Said& said = SaidBehind(log, reader);
    const auto found = said.by_log.find(end_.log_number);
    return found != said.by_log.end() && found->second > end_.offset;
  }

  // Returns "", or why the record does not count.
  absl::StatusOr<std::string> Take(std::string_view payload, uint32_t version, Timestamp* last) {
    const absl::StatusOr<LogRecordView> record = LogRecordView::Parse(payload, version);
    if (!record.ok()) {
      return ToString(record.status());
    }
    if (record->ts() <= *last) {
      return StrCat("timestamp ", record->ts(), " does not follow ", *last);
    }
    *last = record->ts();
    took_behind_gap_ = took_behind_gap_ || gap_;
    newest_ = std::max(newest_, record->ts());
    newest_taken_ = std::max(newest_taken_, record->ts());
    if (record->ts() <= memtable_->max_ts() ||
        memtable_->MemoryBytes() >= request_.memtable_bytes) {
      VERALITH_RETURN_IF_ERROR(Flush());
    }
    LogOperation operation;
    for (auto cursor = record->operations(); cursor.Next(&operation);) {
      ApplyToMemtable(operation, record->ts(), memtable_.get());
      ++(operation.kind == LogOperation::Kind::kDeleteRange ? kept_.range_tombstones
                                                            : kept_.entries);
      kept_.min_ts = kept_.min_ts == 0 ? record->ts() : std::min(kept_.min_ts, record->ts());
      kept_.max_ts = std::max(kept_.max_ts, record->ts());
    }
    return std::string();
  }

  absl::Status Flush() {
    if (memtable_->empty()) {
      return absl::OkStatus();
    }
    const uint64_t next_id = memtable_->id() + 1;
    return request_.flush(std::exchange(memtable_, MemtableRef::Make(next_id)));
  }

  const LogSalvage& request_;
  RepairReport& report_;
  Timestamp& newest_;
  Timestamp& newest_taken_;
  MemtableRef memtable_ = MemtableRef::Make(0);
  std::optional<uint32_t> checksum_;  // what the next log continues
  LogPosition end_;                   // of the log read last; what a broken chain has lost was here
  bool stopped_ = false;
  bool stop_is_damage_ = false;
  bool gap_ = false;  // something was not taken; with behind_damage, later records are
  bool took_behind_gap_ = false;
  std::optional<Said> said_;  // see SaidBehind
  RepairReport::Kept kept_;   // from the current log
};

}  // namespace

absl::Status SalvageLogs(const LogSalvage& request, RepairReport* report, Timestamp* newest,
                         Timestamp* newest_taken) {
  return Salvager(request, report, newest, newest_taken).Run();
}

}  // namespace veralith
