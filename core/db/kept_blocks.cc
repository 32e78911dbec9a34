// SPDX-License-Identifier: Apache-2.0

#include "core/db/kept_blocks.h"

#include <utility>

#include "core/base/no_memory.h"

namespace veralith {

void KeptBlocks::Flushed(size_t reserved_bytes) {
  if (reserved_bytes < kBlockBytes || state_.close_requested || hold_ != nullptr) {
    return;
  }
  TryWithMemory([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { hold_ = std::make_unique<BlockHold>(); });
  if (hold_ != nullptr) {
    LookLater();
  }
}

void KeptBlocks::LookLater() {
  user_bytes_ = state_.counters.user_bytes;
  const bool scheduled = TryWithMemory([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    timer_ = state_.executor->ScheduleAfter(kLookNanos, [this] { Look(); });
  });
  if (!scheduled) {
    hold_.reset();
  }
}

void KeptBlocks::Look() {
  std::unique_ptr<BlockHold> ended;  // after the mutex
  MutexLock lock(state_.mutex());
  timer_.reset();
  if (!state_.closing && state_.counters.user_bytes - user_bytes_ >= kBlockBytes) {
    LookLater();
  } else {
    ended = std::move(hold_);
  }
  state_.changed.NotifyAll();
}

}  // namespace veralith
