// SPDX-License-Identifier: Apache-2.0

// Options, executors, caches and listeners.
#include <new>
#include <utility>

#include "core/c/border.h"
#include "core/c/report.h"
#include "veralith/listener.h"
#include "veralith/options_text.h"

namespace veralith::c {
namespace {

constexpr int32_t kMostThreads = 1024;

absl::Status NewCache(uint64_t capacity_bytes, uint64_t memtable_bytes, veralith_cache_t** cache) {
  VERALITH_RETURN_IF_ERROR(CheckNotNull(cache, "cache"));
  *cache = nullptr;
  auto made = std::make_unique<veralith_cache_t>();
  made->cache = MakeCache(static_cast<size_t>(capacity_bytes), static_cast<size_t>(memtable_bytes));
  if (made->cache == nullptr) {
    throw std::bad_alloc();
  }
  *cache = made.release();
  return absl::OkStatus();
}

// Tells a C function what happens.
class CListener final : public Listener {
 public:
  explicit CListener(const veralith_listener_t& listener) : listener_(listener) {}
  ~CListener() override {
    if (owns_state_ && listener_.free_state != nullptr) {
      listener_.free_state(listener_.state);
    }
  }
  // From now on the state is freed with this object.
  void OwnState() { owns_state_ = true; }

  void OnFlushBegin(const FlushEvent& event) override { Tell(VERALITH_EVENT_FLUSH_BEGIN, event); }
  void OnFlushEnd(const FlushEvent& event) override { Tell(VERALITH_EVENT_FLUSH_END, event); }
  void OnCompactionBegin(const CompactionEvent& event) override {
    Tell(VERALITH_EVENT_COMPACTION_BEGIN, event);
  }
  void OnCompactionEnd(const CompactionEvent& event) override {
    Tell(VERALITH_EVENT_COMPACTION_END, event);
  }
  void OnStallBegin(const StallEvent& event) override { Tell(VERALITH_EVENT_STALL_BEGIN, event); }
  void OnStallEnd(const StallEvent& event) override { Tell(VERALITH_EVENT_STALL_END, event); }
  void OnBackgroundError(const BackgroundErrorEvent& event) override {
    veralith_event_t told = Event(VERALITH_EVENT_ERROR);
    told.fatal = event.fatal ? 1 : 0;
    told.retry_nanos = event.retry_nanos;
    TellWith(event.status, &told);
  }
  void OnBackgroundErrorCleared(const std::string& what) override {
    veralith_event_t told = Event(VERALITH_EVENT_ERROR_CLEARED);
    told.reason = what.c_str();
    listener_.on_event(listener_.state, &told);
  }

 private:
  static veralith_event_t Event(int32_t kind) {
    veralith_event_t event = {};
    event.struct_size = sizeof(event);
    event.kind = kind;
    return event;
  }
  void Tell(int32_t kind, const FlushEvent& event) {
    veralith_event_t told = Event(kind);
    told.job_id = event.job_id;
    told.memtables = event.memtables;
    told.entries = event.entries;
    told.bytes_written = event.bytes_written;
    TellWith(event.status, &told);
  }
  void Tell(int32_t kind, const CompactionEvent& event) {
    veralith_event_t told = Event(kind);
    told.job_id = event.job_id;
    told.reason = event.reason.c_str();
    told.input_level = event.input_level;
    told.output_level = event.output_level;
    told.input_files = event.input_files;
    told.input_bytes = event.input_bytes;
    told.bytes_written = event.bytes_written;
    told.bytes_copied = event.bytes_copied;
    TellWith(event.status, &told);
  }
  void Tell(int32_t kind, const StallEvent& event) {
    veralith_event_t told = Event(kind);
    told.stall_kind =
        event.kind == StallEvent::Kind::kStop ? VERALITH_STALL_STOP : VERALITH_STALL_SLOWDOWN;
    told.reason = event.reason.c_str();
    listener_.on_event(listener_.state, &told);
  }
  void TellWith(const absl::Status& status, veralith_event_t* event) {
    veralith_status_t* const error = Give(status);
    event->status = error;
    listener_.on_event(listener_.state, event);
    veralith_status_free(error);
  }

  const veralith_listener_t listener_;
  bool owns_state_ = false;
};

}  // namespace
}  // namespace veralith::c

using veralith::c::CheckNotNull;
using veralith::c::NewCache;
using veralith::c::Return;

veralith_status_t* veralith_options_create(veralith_options_t** options) {
  return Return("veralith_options_create", [&]() -> absl::Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(options, "options"));
    *options = nullptr;
    *options = new veralith_options_t();
    return absl::OkStatus();
  });
}

veralith_status_t* veralith_options_set(veralith_options_t* options, const char* name,
                                        const char* text) {
  return Return("veralith_options_set", [&]() -> absl::Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(options, "options"));
    VERALITH_RETURN_IF_ERROR(CheckNotNull(name, "name"));
    VERALITH_RETURN_IF_ERROR(CheckNotNull(text, "text"));
    return veralith::SetOption(name, text, &options->options);
  });
}

veralith_status_t* veralith_options_describe(const veralith_options_t* options,
                                             veralith_report_t** report) {
  return Return("veralith_options_describe", [&]() -> absl::Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(report, "report"));
    *report = nullptr;
    *report = veralith::c::ReportOf(veralith::c::OptionsOf(options)).release();
    return absl::OkStatus();
  });
}

void veralith_options_free(veralith_options_t* options) { delete options; }

veralith_status_t* veralith_executor_create(int32_t threads, veralith_executor_t** executor) {
  return Return("veralith_executor_create", [&]() -> absl::Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(executor, "executor"));
    *executor = nullptr;
    if (threads < 1 || threads > veralith::c::kMostThreads) {
      return veralith::InvalidArgument("threads must be 1 to 1024");
    }
    auto made = std::make_unique<veralith_executor_t>();
    made->executor = veralith::NewThreadPoolExecutor(threads);
    *executor = made.release();
    return absl::OkStatus();
  });
}

veralith_status_t* veralith_options_set_executor(veralith_options_t* options,
                                                 const veralith_executor_t* executor) {
  return Return("veralith_options_set_executor", [&]() -> absl::Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(options, "options"));
    options->executor = executor == nullptr ? nullptr : executor->executor;
    return absl::OkStatus();
  });
}

void veralith_executor_free(veralith_executor_t* executor) { delete executor; }

veralith_status_t* veralith_cache_create(uint64_t capacity_bytes, veralith_cache_t** cache) {
  return Return("veralith_cache_create",
                [&] { return NewCache(capacity_bytes, /*memtable_bytes=*/0, cache); });
}

veralith_status_t* veralith_cache_create_budget(uint64_t capacity_bytes, uint64_t memtable_bytes,
                                                veralith_cache_t** cache) {
  return Return("veralith_cache_create_budget",
                [&] { return NewCache(capacity_bytes, memtable_bytes, cache); });
}

veralith_status_t* veralith_options_set_cache(veralith_options_t* options,
                                              const veralith_cache_t* cache) {
  return Return("veralith_options_set_cache", [&]() -> absl::Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(options, "options"));
    options->options.cache = cache == nullptr ? nullptr : cache->cache;
    return absl::OkStatus();
  });
}

uint64_t veralith_cache_capacity_bytes(const veralith_cache_t* cache) {
  return cache == nullptr ? 0 : cache->cache->capacity_bytes();
}

uint64_t veralith_cache_charged_bytes(const veralith_cache_t* cache) {
  return cache == nullptr ? 0 : cache->cache->charged_bytes();
}

uint64_t veralith_cache_memtable_charged_bytes(const veralith_cache_t* cache) {
  return cache == nullptr ? 0 : cache->cache->memtable_charged_bytes();
}

void veralith_cache_free(veralith_cache_t* cache) { delete cache; }

veralith_status_t* veralith_options_add_listener(veralith_options_t* options,
                                                 const veralith_listener_t* listener) {
  return Return("veralith_options_add_listener", [&]() -> absl::Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(options, "options"));
    VERALITH_RETURN_IF_ERROR(CheckNotNull(listener, "listener"));
    veralith_listener_t known;
    VERALITH_RETURN_IF_ERROR(veralith::c::TakeStruct(listener, &known));
    VERALITH_RETURN_IF_ERROR(
        CheckNotNull(reinterpret_cast<const void*>(known.on_event), "on_event"));
    const auto made = std::make_shared<veralith::c::CListener>(known);
    options->options.listeners.push_back(made);
    made->OwnState();
    return absl::OkStatus();
  });
}
