// SPDX-License-Identifier: Apache-2.0

// Tells the owner of a set of segments that a segment's last pin is gone, so that its file may go
// too.
//
// Whoever held the pin tells it, on any thread, under any lock, perhaps after the owner is gone: so
// it is shared by all segments, and the owner detaches itself.
//
// Thread rule: every call from any thread.
#ifndef VERALITH_CORE_VERSION_SET_SEGMENT_RELEASES_H_
#define VERALITH_CORE_VERSION_SET_SEGMENT_RELEASES_H_

#include <functional>
#include <utility>

#include "core/base/sync.h"

namespace veralith {

class SegmentReleases {
 public:
  // `notice` must be short and take no lock that a holder of pins may have, but an executor's.
  void Attach(std::function<void()> notice) {
    MutexLock lock(mutex_);
    notice_ = std::move(notice);
  }
  // Afterwards `notice` does not run and never will.
  void Detach() { Attach(nullptr); }
  void Notify() {
    MutexLock lock(mutex_);
    if (notice_ != nullptr) {
      notice_();
    }
  }

 private:
  Mutex mutex_;
  std::function<void()> notice_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace veralith

#endif  // VERALITH_CORE_VERSION_SET_SEGMENT_RELEASES_H_
