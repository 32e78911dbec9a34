// SPDX-License-Identifier: Apache-2.0

// A cache of decoded pages that several databases share, instead of one of Options::cache_bytes
// each:
//
//   const std::shared_ptr<veralith::Cache> cache = veralith::MakeCache(size_t{256} << 20);
//   options.cache = cache;  // of each database that is to share it
//
// Invariants
//   1. The pages of all databases that share it together have at most its capacity. Any of them may
//      displace pages of any other: room goes to what is read.
//   2. A database that is destroyed takes its pages out. Nothing that a reader holds is lost.
//   3. It changes no answer: databases never see each other's pages.
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

 private:
  friend class PageCache;  // the only kind there is
  Cache() = default;
};

// Makes a cache of at most `capacity_bytes`; 0: it holds nothing. Takes no memory for pages ahead.
// Null: there is no memory for the cache itself.
VERALITH_EXPORT std::shared_ptr<Cache> MakeCache(size_t capacity_bytes) noexcept;

}  // namespace veralith

#endif  // VERALITH_CACHE_H_
