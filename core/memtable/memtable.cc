// SPDX-License-Identifier: Apache-2.0

#include "core/memtable/memtable.h"

namespace veralith {

void Memtable::Unref() const {
  if (references_.FetchSub(1) == 1) {
    delete this;
  }
}

Pin Memtable::MakePin() const {
  Ref();
  return Pin(const_cast<Memtable*>(this),
             [](void* memtable) { static_cast<const Memtable*>(memtable)->Unref(); });
}

void Memtable::NoteTimestamp(Timestamp ts) {
  if (ts > max_ts_.LoadRelaxed()) {
    max_ts_.StoreRelaxed(ts);
  }
  if (min_ts_.LoadRelaxed() == 0 || ts < min_ts_.LoadRelaxed()) {
    min_ts_.StoreRelaxed(ts);
  }
}

// Range tombstones grow by little and often: their bytes are charged in steps.
void Memtable::ChargeGrowth() {
  constexpr size_t kStep = size_t{16} << 10;
  charge_.RaiseTo(ReservedBytes() + (tombstones_.MemoryBytes() + kStep - 1) / kStep * kStep);
}

void Memtable::Add(const EntryView& entry) {
  NoteTimestamp(entry.ts);
  if (tree_.Add(entry)) {
    entries_.StoreRelaxed(entries_.LoadRelaxed() + 1);
  }
  if (charge_.counts()) {
    ChargeGrowth();
  }
}

void Memtable::AddRangeTombstone(const RangeTombstoneView& tombstone) {
  NoteTimestamp(tombstone.ts);
  tombstones_.Add(tombstone);
  if (charge_.counts()) {
    ChargeGrowth();
  }
}

bool Memtable::Get(NamespaceId ns, std::string_view key, Timestamp snapshot, EntryView* out) const {
  return tree_.Get(ns, key, snapshot, out);
}

std::unique_ptr<VersionStream> Memtable::NewStream() const { return tree_.NewStream(); }

std::optional<NamespaceId> Memtable::NextNamespace(NamespaceId from) const {
  const std::unique_ptr<VersionStream> stream = NewStream();
  stream->Seek(from, "");
  return stream->Valid() ? std::optional(stream->entry().ns) : std::nullopt;
}

std::unique_ptr<KeyCursor> Memtable::NewCursor(NamespaceId ns, Timestamp snapshot) const {
  return tree_.NewCursor(ns, snapshot, &max_ts_);
}

}  // namespace veralith
