// SPDX-License-Identifier: Apache-2.0

// A cache of decoded pages that several databases share, instead of one of Options::cache_bytes
// each:
//
//   const std::shared_ptr<veralith::Cache> cache = veralith::MakeCache(size_t{256} << 20);
//   options.cache = cache;  // of each database that is to share it
//
// It can be one budget for their memtables, too:
//
//   MakeCache(size_t{256} << 20, size_t{64} << 20);  // 256 MiB, of them 64 MiB for memtables
//
// Invariants
//   1. The pages of all databases that share it together have at most its capacity. Any of them may
//      displace pages of any other: room goes to what is read.
//   2. A database that is destroyed takes its pages out. Nothing that a reader holds is lost.
//   3. It changes no answer: databases never see each other's pages.
//
// Of a budget for memtables, besides
//   4. What memtables take from the machine is charged to it, until nobody holds them any more, and
//      pages give way: they have what memtables leave of the capacity, and always an eighth of it.
//      So both together have at most the capacity if memtables keep to seven eighths. (For the
//      moment in which a memtable grows, they have what it grows by more.)
//   5. Memtables that are being filled have together at most half of the memtables' part; the other
//      half is for those that are being flushed. Beyond the half, the database whose memtable is
//      the largest is asked to freeze it, which it does at its next write or, without one, in the
//      background: an idle database gives its room back, too. Then the memtable is flushed. While
//      the whole part is taken, each database is asked from an equal share of the half on. What
//      opening replays is flushed at the half.
//   6. For a database that is asked, its memtable is full, as at Options::write_buffer_bytes: with
//      max_write_buffers of 2, the default, its writers wait for its own flush, and never for
//      another database. So one that writes keeps to the part, and several that write faster than
//      flushes follow to twice of it. (Either exceeds that by what two groups of writes of a
//      database take, in blocks of up to 2 MiB.)
//   7. While a database's background work is paused, it freezes as if nobody asked.
// A memtable takes 16 KiB at least, and is a segment in the end. So leave a MiB or more for each
// database that writes. Not counted are indexes and filters of segments, buffers of flushes and
// compactions, and blocks of flushed memtables, which are kept for the next ones for seconds.
//
// Thread rule: all calls from any thread. Shared: it lives as long as its last owner, and each
// database that was opened with it is one. A child of fork makes its own; opening a database there
// with one of its parent is FailedPrecondition.
#ifndef VERALITH_CACHE_H_
#define VERALITH_CACHE_H_

#include <cstddef>
#include <memory>

#include "veralith/export.h"

namespace veralith {

class VERALITH_EXPORT Cache {
 public:
  virtual ~Cache() = default;
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  // Most bytes of pages, whole allocations.
  virtual size_t capacity_bytes() const = 0;
  // Bytes of the pages that it holds now, of all databases. (Statistics::cache_bytes: of one.)
  virtual size_t charged_bytes() const = 0;
  // Bytes of memtables charged to it now, of all databases. (Statistics::memtable_charged_bytes: of
  // one.) 0: it is no budget for memtables, or there are none.
  virtual size_t memtable_charged_bytes() const = 0;

 private:
  friend class PageCache;  // the only kind there is
  Cache() = default;
};

// Makes a cache of at most `capacity_bytes`; 0: it holds no pages. `memtable_bytes`: the part of it
// that memtables may take; 0: they are not charged to it. Takes no memory for pages ahead. Null:
// there is no memory for the cache itself.
VERALITH_EXPORT std::shared_ptr<Cache> MakeCache(size_t capacity_bytes,
                                                 size_t memtable_bytes = 0) noexcept;

}  // namespace veralith

#endif  // VERALITH_CACHE_H_
