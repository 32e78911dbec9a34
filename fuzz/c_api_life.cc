// SPDX-License-Identifier: Apache-2.0

// The life of a database: opening, closing, reopening, a second owner, options.
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "core/base/check.h"
#include "core/c/objects.h"
#include "fuzz/c_api_run.h"
#include "veralith/c.h"

namespace veralith::c_api {
namespace {

constexpr const char* kDirectory = "db";
constexpr uint64_t kCacheBytes = 4096;  // of all databases of a run
constexpr std::pair<const char*, const char*> kSettings[] = {
    {"write_buffer_bytes", "4096"},   {"cache_bytes", "0"},  // cache_ instead
    {"key_page_bytes", "256"},        {"value_page_bytes", "256"},
    {"target_segment_bytes", "4096"}, {"level0_compaction_trigger", "3"},
    {"min_free_bytes", "0"},
};

void Hear(void* state, const veralith_event_t* event) {
  VERALITH_CHECK(event->struct_size == sizeof(*event));
  const int32_t kind = event->kind;
  VERALITH_CHECK(kind >= VERALITH_EVENT_FLUSH_BEGIN && kind <= VERALITH_EVENT_ERROR_CLEARED);
  if (kind < VERALITH_EVENT_ERROR) {  // begins are odd, ends are even
    int& begun = static_cast<Heard*>(state)->begun;
    begun += kind % 2 == 1 ? 1 : -1;
    VERALITH_CHECK(begun >= 0);
  }
}

void FreeHeard(void* state) { ++static_cast<Heard*>(state)->freed; }

}  // namespace

int32_t CodeOf(veralith_status_t* error) {
  const int32_t code = veralith_status_code(error);
  VERALITH_CHECK((error == nullptr) == (code == VERALITH_OK));
  VERALITH_CHECK(code == VERALITH_OK || veralith_status_message(error)[0] != '\0');
  VERALITH_CHECK(veralith_code_name(code)[0] != '\0');
  veralith_status_free(error);
  return code;
}

Run::Run(std::string_view bytes) : input_(bytes) {
  for (Pinned& pinned : pinned_) {
    VERALITH_CHECK(CodeOf(veralith_pinned_create(&pinned.c)) == VERALITH_OK);
  }
  VERALITH_CHECK(CodeOf(veralith_batch_create(&batch_)) == VERALITH_OK);
  VERALITH_CHECK(CodeOf(veralith_options_create(&options_)) == VERALITH_OK);
  options_->options.file_system = &disk_;
  options_->options.clock = &clock_;
  options_->options.executor = &executor_;
  options_->options.random_seed = 7;
  for (const auto& [name, text] : kSettings) {
    VERALITH_CHECK(CodeOf(veralith_options_set(options_, name, text)) == VERALITH_OK);
  }
  const bool is_budget = bytes.size() % 2 == 0;  // each write is flushed
  VERALITH_CHECK(CodeOf(is_budget ? veralith_cache_create_budget(kCacheBytes, 1, &cache_)
                                  : veralith_cache_create(kCacheBytes, &cache_)) == VERALITH_OK);
  VERALITH_CHECK(CodeOf(veralith_options_set_cache(options_, cache_)) == VERALITH_OK);
  const veralith_listener_t listener = {sizeof(listener), &heard_, &Hear, &FreeHeard};
  VERALITH_CHECK(CodeOf(veralith_options_add_listener(options_, &listener)) == VERALITH_OK);
  Open();
}

Run::~Run() {
  FreeDatabase();
  for (Iterator& iterator : iterators_) {
    veralith_iterator_free(iterator.c);
  }
  for (HeldSnapshot& snapshot : snapshots_) {
    veralith_snapshot_free(snapshot.c);
  }
  for (Pinned& pinned : pinned_) {
    CheckPinned(pinned);
    veralith_pinned_free(pinned.c);
  }
  veralith_batch_free(batch_);
  VERALITH_CHECK(heard_.begun == 0 && heard_.freed == 0);
  VERALITH_CHECK(veralith_cache_capacity_bytes(cache_) == kCacheBytes);
  VERALITH_CHECK(veralith_cache_charged_bytes(cache_) == 0);  // no database is left
  VERALITH_CHECK(veralith_cache_memtable_charged_bytes(cache_) == 0);
  veralith_cache_free(cache_);
  veralith_options_free(options_);
  VERALITH_CHECK(heard_.freed == 1);
}

void Run::Open() {
  VERALITH_CHECK(CodeOf(veralith_open(options_, kDirectory, &db_)) == VERALITH_OK);
  closed_ = false;
  ++opening_;
  VERALITH_CHECK(veralith_last_timestamp(db_) == model_.last_timestamp());
}

void Run::Close() {
  VERALITH_CHECK(CodeOf(veralith_close(db_)) == VERALITH_OK);
  closed_ = true;
  for (Iterator& iterator : iterators_) {
    iterator.is_closed = true;
  }
}

void Run::FreeDatabase() {
  VERALITH_CHECK(CodeOf(veralith_db_free(std::exchange(db_, nullptr))) == VERALITH_OK);
  for (Iterator& iterator : iterators_) {
    iterator.is_closed = true;
  }
}

void Run::Reopen() {
  FreeDatabase();
  Open();
  CompareAll(db_);
  VERALITH_CHECK(veralith_cache_charged_bytes(cache_) <= kCacheBytes);
}

// A second owner is refused; a reader, too, while the writer lives.
void Run::OpenAgain() {
  veralith_t* second = db_;
  const bool read_only = input_.Byte() % 2 == 0;
  const int32_t code = CodeOf(read_only ? veralith_open_read_only(options_, kDirectory, &second)
                                        : veralith_open(options_, kDirectory, &second));
  VERALITH_CHECK((code == VERALITH_OK) == (second != nullptr));
  VERALITH_CHECK(closed_ ? code == VERALITH_OK : code == VERALITH_FAILED_PRECONDITION);
  if (second != nullptr && read_only) {
    VERALITH_CHECK(CodeOf(veralith_put(second, nullptr, 0, "a", 1, "1", 1)) ==
                   VERALITH_FAILED_PRECONDITION);
  }
  VERALITH_CHECK(CodeOf(veralith_db_free(second)) == VERALITH_OK);
}

// Any name and text: legal ones come back, others change nothing.
void Run::Options() {
  veralith_options_t* options = nullptr;
  VERALITH_CHECK(CodeOf(veralith_options_create(&options)) == VERALITH_OK);
  veralith_report_t* before = nullptr;
  VERALITH_CHECK(CodeOf(veralith_options_describe(nullptr, &before)) == VERALITH_OK);
  const size_t choice = input_.Byte();
  const char* const known = veralith_report_name(before, choice % 64);
  const std::string name = known != nullptr ? known : input_.Text(32);
  const std::string text = input_.Text(16);
  const int32_t code = CodeOf(veralith_options_set(options, name.c_str(), text.c_str()));
  const bool exists = veralith_report_find(before, name.c_str(), nullptr) != nullptr;
  VERALITH_CHECK(exists ? code == VERALITH_OK || code == VERALITH_INVALID_ARGUMENT
                        : code == VERALITH_NOT_FOUND);
  veralith_report_t* after = nullptr;
  VERALITH_CHECK(CodeOf(veralith_options_describe(options, &after)) == VERALITH_OK);
  for (size_t i = 0; i < veralith_report_count(before); ++i) {
    const char* const option = veralith_report_name(before, i);
    const char* const value = veralith_report_text(after, i, nullptr);
    VERALITH_CHECK(std::strcmp(value, veralith_report_text(before, i, nullptr)) == 0 ||
                   (code == VERALITH_OK && name == option));
    VERALITH_CHECK(CodeOf(veralith_options_set(options, option, value)) == VERALITH_OK);
  }
  veralith_report_free(before);
  veralith_report_free(after);
  veralith_options_free(options);
}

// A pool, which its options keep, and then let go.
void Run::Executor() {
  const auto threads = static_cast<int32_t>(input_.Byte() % 4) - 1;
  veralith_options_t* options = nullptr;
  veralith_executor_t* executor = nullptr;
  VERALITH_CHECK(CodeOf(veralith_options_create(&options)) == VERALITH_OK);
  const int32_t code = CodeOf(veralith_executor_create(threads, &executor));
  VERALITH_CHECK(code == (threads < 1 ? VERALITH_INVALID_ARGUMENT : VERALITH_OK));
  VERALITH_CHECK((executor != nullptr) == (code == VERALITH_OK));
  VERALITH_CHECK(CodeOf(veralith_options_set_executor(options, executor)) == VERALITH_OK);
  veralith_executor_free(executor);
  VERALITH_CHECK(CodeOf(veralith_options_set_executor(options, nullptr)) == VERALITH_OK);
  veralith_options_free(options);
}

}  // namespace veralith::c_api
