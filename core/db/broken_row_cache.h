// Hazard P7, in broken engines only (core/base/broken.h): a cache of rows found in segments, filled
// by readers without asking whether the key was written since they looked.
#ifndef VERALITH_CORE_DB_BROKEN_ROW_CACHE_H_
#define VERALITH_CORE_DB_BROKEN_ROW_CACHE_H_

#ifdef VERALITH_BROKEN_ENGINES

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/sync.h"
#include "veralith/types.h"

namespace veralith {

class BrokenRowCache {
 public:
  struct Row {
    bool found = false;
    std::string value;
    Timestamp timestamp = 0;
  };

  std::optional<Row> Find(NamespaceId ns, std::string_view key) {
    MutexLock lock(mutex_);
    const auto it = rows_.find({ns, std::string(key)});
    return it == rows_.end() ? std::nullopt : std::optional<Row>(it->second);
  }
  void Fill(NamespaceId ns, std::string_view key, Row row) {
    MutexLock lock(mutex_);
    rows_[{ns, std::string(key)}] = std::move(row);
  }
  void Forget(NamespaceId ns, std::string_view key) {
    MutexLock lock(mutex_);
    rows_.erase({ns, std::string(key)});
  }

 private:
  Mutex mutex_;
  std::map<std::pair<NamespaceId, std::string>, Row> rows_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace veralith

#endif  // VERALITH_BROKEN_ENGINES

#endif  // VERALITH_CORE_DB_BROKEN_ROW_CACHE_H_
