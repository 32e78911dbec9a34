// SPDX-License-Identifier: Apache-2.0

// Upkeep, reports, and calls with wrong arguments.
#include <cstdint>
#include <cstring>
#include <string>

#include "core/base/check.h"
#include "fuzz/c_api_input.h"
#include "fuzz/c_api_run.h"
#include "fuzz/c_api_wrong_calls.h"
#include "veralith/c.h"

namespace veralith::c_api {
namespace {

bool IsRefusal(int32_t code) {
  return code == VERALITH_INVALID_ARGUMENT || code == VERALITH_UNIMPLEMENTED;
}

}  // namespace

void Run::Maintain() {
  switch (const size_t byte = input_.Byte(); byte % 10) {
    case 0:
      return ExpectAlive(veralith_flush(db_));
    case 1:
      return ExpectAlive(veralith_sync(db_));
    case 2:
      return ExpectAlive(veralith_check(db_));
    case 3:
      return ExpectAlive(veralith_resume(db_));
    case 4:
      return ExpectAlive(veralith_wait_for_background_work(db_));
    case 5:
      VERALITH_CHECK(CodeOf(veralith_set_background_rate(db_, 0)) == VERALITH_OK);
      return;
    case 6: {
      const uint64_t remote = model_.last_timestamp() + byte / 10;
      const int32_t code = CodeOf(veralith_advance_clock(db_, remote));
      VERALITH_CHECK(code == (closed_       ? VERALITH_FAILED_PRECONDITION
                              : remote == 0 ? VERALITH_INVALID_ARGUMENT
                                            : VERALITH_OK));
      return;
    }
    case 7:
      VERALITH_CHECK(CodeOf(veralith_continue_background_work(db_)) ==
                     VERALITH_FAILED_PRECONDITION);
      return;
    case 8:
      clock_.Advance(1'000'000);
      executor_.RunUntilIdle();
      return;
    default:
      ExpectAlive(veralith_pause_background_work(db_));
      if (!closed_) {
        ExpectAlive(veralith_continue_background_work(db_));
      }
  }
}

void Run::Compact() {
  const size_t byte = input_.Byte();
  const Range range(input_);
  veralith_cancel_t* cancel = nullptr;
  VERALITH_CHECK(CodeOf(veralith_cancel_create(&cancel)) == VERALITH_OK);
  const veralith_compact_options_t options = {sizeof(options), cancel};
  const bool requested = byte % 8 == 0;
  if (requested) {
    veralith_cancel_request(cancel);
  }
  const int32_t code =
      CodeOf(byte % 2 == 0 ? veralith_compact_all(db_, &options)
                           : veralith_compact(db_, &options, 0, &range.from, &range.to));
  VERALITH_CHECK(code == (closed_     ? VERALITH_FAILED_PRECONDITION
                          : requested ? VERALITH_ABORTED
                                      : VERALITH_OK));
  veralith_cancel_free(cancel);
}

// The counters, and a copy.
void Run::Report() {
  veralith_report_t* report = nullptr;
  VERALITH_CHECK(CodeOf(veralith_statistics(db_, &report)) == VERALITH_OK);
  for (size_t i = 0; i < veralith_report_count(report); ++i) {
    size_t size = 0;
    const char* const text = veralith_report_find(report, veralith_report_name(report, i), &size);
    VERALITH_CHECK(text == veralith_report_text(report, i, nullptr));
    VERALITH_CHECK(std::strlen(text) == size);
  }
  veralith_report_free(report);
  CheckCopy();
}

// A call with a wrong argument is refused, and nothing has changed.
void Run::Misuse() {
  const size_t choice = input_.Byte() % kWrongCalls;
  Iterator& iterator = iterators_[input_.Byte() % kSlots];
  const Timestamp before = veralith_last_timestamp(db_);
  WrongOutputs out;
  VERALITH_CHECK(IsRefusal(CodeOf(CallWrongly(choice, db_, batch_, iterator.c, &out))));
  VERALITH_CHECK(veralith_last_timestamp(db_) == before);
  VERALITH_CHECK(veralith_batch_count(batch_) == batch_model_.size());
  VERALITH_CHECK(out.AreNull());
  if (iterator.c != nullptr) {
    CheckIterator(iterator);
  }
}

}  // namespace veralith::c_api
