// SPDX-License-Identifier: Apache-2.0

#include "core/c/report.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/text.h"
#include "core/c/border.h"
#include "veralith/options_text.h"

namespace veralith::c {
namespace {

class Builder {
 public:
  template <typename... Value>
  void Add(std::string_view name, const Value&... value) {
    report_->entries.emplace_back(name, StrCat(value...));
  }
  void AddTexts(std::string_view name, const std::vector<std::string>& texts) {
    Add(StrCat(name, ".count"), texts.size());
    for (size_t i = 0; i < texts.size(); ++i) {
      Add(StrCat(name, ".", i), texts[i]);
    }
  }
  // Adds each item by `add(prefix, item)`, with a prefix such as "levels.0.".
  template <typename Item, typename Function>
  void AddItems(std::string_view name, const std::vector<Item>& items, Function&& add) {
    Add(StrCat(name, ".count"), items.size());
    for (size_t i = 0; i < items.size(); ++i) {
      add(StrCat(name, ".", i, "."), items[i]);
    }
  }
  std::unique_ptr<veralith_report_t> Take() { return std::move(report_); }

 private:
  std::unique_ptr<veralith_report_t> report_ = std::make_unique<veralith_report_t>();
};

void AddLevels(const std::vector<LevelStatistics>& levels, Builder* report) {
  report->AddItems("levels", levels, [&](const std::string& prefix, const LevelStatistics& level) {
    report->Add(prefix + "level", level.level);
    report->Add(prefix + "runs", level.runs);
    report->Add(prefix + "files", level.files);
    report->Add(prefix + "bytes", level.bytes);
    report->Add(prefix + "entries", level.entries);
    report->Add(prefix + "tombstones", level.tombstones);
    report->Add(prefix + "superseded", level.superseded);
    report->Add(prefix + "range_tombstones", level.range_tombstones);
    report->Add(prefix + "score", level.score);
  });
}

void AddLifetime(const LifetimeBytes& lifetime, Builder* report) {
  report->Add("lifetime.user", lifetime.user);
  report->Add("lifetime.logs", lifetime.logs);
  report->Add("lifetime.flushes", lifetime.flushes);
  report->Add("lifetime.compactions", lifetime.compactions);
  report->Add("lifetime.write_amplification", WriteAmplification(lifetime));
}

const std::pair<std::string, std::string>* Find(const veralith_report_t* report, const char* name) {
  if (report == nullptr || name == nullptr) {
    return nullptr;
  }
  const auto entry = std::ranges::find(report->entries, std::string_view(name),
                                       &std::pair<std::string, std::string>::first);
  return entry == report->entries.end() ? nullptr : &*entry;
}

}  // namespace

std::unique_ptr<veralith_report_t> ReportOf(const Statistics& statistics) {
  Builder report;
  AddLevels(statistics.levels, &report);
  AddLifetime(statistics.lifetime, &report);
  report.Add("user_bytes_written", statistics.user_bytes_written);
  report.Add("log_bytes_written", statistics.log_bytes_written);
  report.Add("flush_bytes_written", statistics.flush_bytes_written);
  report.Add("compaction_bytes_read", statistics.compaction_bytes_read);
  report.Add("compaction_bytes_written", statistics.compaction_bytes_written);
  report.Add("compaction_bytes_copied", statistics.compaction_bytes_copied);
  report.Add("idle_merge_bytes_written", statistics.idle_merge_bytes_written);
  report.Add("flushes", statistics.flushes);
  report.Add("compactions", statistics.compactions);
  report.Add("subcompactions", statistics.subcompactions);
  report.Add("background_wait_nanos", statistics.background_wait_nanos);
  report.Add("log_syncs", statistics.log_syncs);
  report.Add("commits", statistics.commits);
  report.Add("memtable_bytes", statistics.memtable_bytes);
  report.Add("memtable_charged_bytes", statistics.memtable_charged_bytes);
  report.Add("cache_bytes", statistics.cache_bytes);
  report.Add("cache_misses", statistics.cache_misses);
  report.Add("open_segments", statistics.open_segments);
  report.Add("segments_opened", statistics.segments_opened);
  report.Add("hidden_keys", statistics.hidden_keys);
  report.Add("live_snapshots", statistics.live_snapshots);
  report.Add("last_timestamp", statistics.last_timestamp);
  report.Add("history_floor", statistics.history_floor);
  report.Add("oldest_run_bytes", statistics.oldest_run_bytes);
  report.Add("pending_compaction", statistics.pending_compaction);
  report.Add("recovery_report", statistics.recovery_report);
  report.Add("background_error", statistics.background_error);
  report.Add("stall_reason", statistics.stall_reason);
  report.Add("write_amplification", WriteAmplification(statistics));
  report.Add("space_amplification_at_most", SpaceAmplificationAtMost(statistics));
  return report.Take();
}

std::unique_ptr<veralith_report_t> ReportOf(const CheckReport& check) {
  Builder report;
  report.AddTexts("damage", check.damage);
  report.AddTexts("notes", check.notes);
  report.Add("files", check.files);
  report.Add("bytes", check.bytes);
  report.Add("entries", check.entries);
  report.Add("log_records", check.log_records);
  return report.Take();
}

std::unique_ptr<veralith_report_t> ReportOf(const RepairReport& repair) {
  Builder report;
  report.AddItems("kept", repair.kept, [&](const std::string& prefix, const auto& kept) {
    report.Add(prefix + "file", kept.file);
    report.Add(prefix + "entries", kept.entries);
    report.Add(prefix + "range_tombstones", kept.range_tombstones);
    report.Add(prefix + "min_ts", kept.min_ts);
    report.Add(prefix + "max_ts", kept.max_ts);
  });
  report.AddItems("lost", repair.lost, [&](const std::string& prefix, const auto& lost) {
    report.Add(prefix + "file", lost.file);
    if (lost.offset.has_value()) {
      report.Add(prefix + "offset", *lost.offset);
    }
    report.Add(prefix + "what", lost.what);
  });
  report.AddTexts("left_out", repair.left_out);
  report.AddTexts("risks", repair.risks);
  report.AddTexts("notes", repair.notes);
  report.Add("entries", repair.entries);
  report.Add("range_tombstones", repair.range_tombstones);
  report.Add("duplicates", repair.duplicates);
  report.Add("files_written", repair.files_written);
  report.Add("bytes_written", repair.bytes_written);
  report.Add("min_ts", repair.min_ts);
  report.Add("max_ts", repair.max_ts);
  return report.Take();
}

std::unique_ptr<veralith_report_t> ReportOf(const Options& options) {
  Builder report;
  for (const OptionText& option : OptionTexts(options)) {
    report.Add(option.name, option.text);
  }
  return report.Take();
}

std::unique_ptr<veralith_report_t> ReportOf(const PublishReport& published) {
  Builder report;
  report.Add("snapshot_id", published.snapshot_id);
  report.Add("is_new", published.is_new ? 1 : 0);
  report.Add("at", published.at);
  report.Add("format_version", published.format_version);
  report.Add("metadata_file", published.metadata_file);
  report.Add("rows", published.rows);
  report.Add("hidden_rows", published.hidden_rows);
  report.Add("data_files", published.data_files);
  report.Add("linked_files", published.linked_files);
  report.Add("copied_files", published.copied_files);
  report.Add("delete_bytes", published.delete_bytes);
  report.Add("expired_snapshots", published.expired_snapshots);
  report.Add("removed_files", published.removed_files);
  return report.Take();
}

}  // namespace veralith::c

size_t veralith_report_count(const veralith_report_t* report) {
  return report == nullptr ? 0 : report->entries.size();
}

const char* veralith_report_name(const veralith_report_t* report, size_t index) {
  return index < veralith_report_count(report) ? report->entries[index].first.c_str() : nullptr;
}

const char* veralith_report_text(const veralith_report_t* report, size_t index, size_t* size) {
  return index < veralith_report_count(report)
             ? veralith::c::Bytes(report->entries[index].second, size)
             : veralith::c::NoBytes(size);
}

const char* veralith_report_find(const veralith_report_t* report, const char* name, size_t* size) {
  const auto* const entry = veralith::c::Find(report, name);
  return entry == nullptr ? veralith::c::NoBytes(size) : veralith::c::Bytes(entry->second, size);
}

veralith_status_t* veralith_report_number(const veralith_report_t* report, const char* name,
                                          uint64_t* number) {
  using namespace veralith;  // NOLINT
  return c::Return("veralith_report_number", [&]() -> absl::Status {
    VERALITH_RETURN_IF_ERROR(c::CheckNotNull(number, "number"));
    *number = 0;
    VERALITH_RETURN_IF_ERROR(c::CheckNotNull(report, "report"));
    VERALITH_RETURN_IF_ERROR(c::CheckNotNull(name, "name"));
    const auto* const entry = c::Find(report, name);
    if (entry == nullptr) {
      return NotFound(StrCat("the report has no ", name));
    }
    const std::string& text = entry->second;
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
      return FailedPrecondition(StrCat(name, " is no whole number"));
    }
    *number = value;
    return absl::OkStatus();
  });
}

void veralith_report_free(veralith_report_t* report) { delete report; }
