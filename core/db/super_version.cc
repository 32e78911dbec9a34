// SPDX-License-Identifier: Apache-2.0

#include "core/db/super_version.h"

#include <utility>

#include "core/base/epoch.h"

namespace veralith {

SuperVersion::SuperVersion(std::vector<Memtable*> memtables,
                           std::shared_ptr<const SegmentSet> segments, Timestamp history_floor)
    : memtables_(std::move(memtables)),
      segments_(std::move(segments)),
      history_floor_(history_floor) {
  for (Memtable* memtable : memtables_) {
    memtable->Ref();
  }
}

SuperVersion::~SuperVersion() {
  for (Memtable* memtable : memtables_) {
    memtable->Unref();
  }
}

void SuperVersion::Unref() {
  if (references_.FetchSub(1) == 1) {
    delete this;
  }
}

CurrentSuperVersion::~CurrentSuperVersion() { Publish(nullptr); }

SuperVersionRef CurrentSuperVersion::Acquire() const {
  EpochGuard guard;
  SuperVersion* held = current_.Load();
  held->Ref();  // the slot's own reference is dropped only after this guard
  return SuperVersionRef(held);
}

void CurrentSuperVersion::Publish(SuperVersion* fresh) noexcept {
  SuperVersion* old = current_.Exchange(fresh);
  if (old != nullptr) {
    RetireAfterEpoch(old->TakeRetirement(), [old] { old->Unref(); });
  }
}

}  // namespace veralith
