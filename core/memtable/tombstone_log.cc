#include "core/memtable/tombstone_log.h"

#include <algorithm>
#include <utility>

#include "core/base/epoch.h"

namespace veralith {

TombstoneLog::~TombstoneLog() { delete current_.Load(); }

void TombstoneLog::Add(const RangeTombstoneView& tombstone) {
  const Lists* const old = current_.Load();
  Retirement place;
  auto fresh = std::make_unique<Lists>();
  if (old != nullptr) {
    fresh->parts = old->parts;
  }
  std::vector<List> merging = {FragmentedRangeTombstones::Build({&tombstone, 1})};
  uint64_t tombstones = 1;
  while (!fresh->parts.empty() && fresh->parts.back().tombstones <= tombstones) {
    merging.push_back(fresh->parts.back().list);
    tombstones += fresh->parts.back().tombstones;
    fresh->parts.pop_back();
  }
  fresh->parts.push_back({FragmentedRangeTombstones::Merge(merging), tombstones});
  size_t memory = 0;
  for (const Part& part : fresh->parts) {
    memory += part.list->MemoryBytes() + sizeof(Part);
  }
  memory_.StoreRelaxed(memory);
  count_.StoreRelaxed(count_.LoadRelaxed() + 1);
  current_.Store(fresh.release());
  if (old != nullptr) {
    RetireAfterEpoch(std::move(place), [old] { delete old; });
  }
}

Timestamp TombstoneLog::SearchLists(NamespaceId ns, std::string_view key,
                                    Timestamp snapshot) const {
  EpochGuard guard;
  Timestamp newest = 0;
  for (const Part& part : current_.Load()->parts) {
    newest = std::max(newest, part.list->MaxCovering(ns, key, snapshot));
  }
  return newest;
}

void TombstoneLog::AppendTo(std::vector<List>* lists) const {
  EpochGuard guard;
  const Lists* const current = current_.Load();
  if (current == nullptr) {
    return;
  }
  for (const Part& part : current->parts) {
    lists->push_back(part.list);
  }
}

TombstoneLog::List TombstoneLog::Merged() const {
  std::vector<List> lists;
  AppendTo(&lists);
  return lists.size() == 1 ? lists[0] : FragmentedRangeTombstones::Merge(lists);
}

}  // namespace veralith
