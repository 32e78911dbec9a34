// SPDX-License-Identifier: Apache-2.0

#include "core/memtable/tombstone_log.h"

#include <utility>

#include "core/base/epoch.h"

namespace veralith {

TombstoneLog::~TombstoneLog() { delete current_.Load(); }

void TombstoneLog::Add(const RangeTombstoneView& tombstone) {
  const List* const old = current_.Load();
  Retirement place;
  const List* const fresh = new List(
      old == nullptr ? FragmentedRangeTombstones::Build({&tombstone, 1}) : (*old)->With(tombstone));
  memory_.StoreRelaxed((*fresh)->MemoryBytes());
  count_.StoreRelaxed(count_.LoadRelaxed() + 1);
  current_.Store(fresh);
  if (old != nullptr) {
    RetireAfterEpoch(std::move(place), [old] { delete old; });
  }
}

Timestamp TombstoneLog::Search(NamespaceId ns, std::string_view key, Timestamp snapshot) const {
  EpochGuard guard;
  return (*current_.Load())->MaxCovering(ns, key, snapshot);
}

TombstoneLog::List TombstoneLog::Current() const {
  EpochGuard guard;
  const List* const current = current_.Load();
  return current == nullptr ? FragmentedRangeTombstones::Build({}) : *current;
}

}  // namespace veralith
