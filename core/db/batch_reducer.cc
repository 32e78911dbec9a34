// SPDX-License-Identifier: Apache-2.0

#include "core/db/batch_reducer.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/status.h"
#include "core/db/write_batch_reader.h"
#include "core/format/entry.h"

namespace veralith {
namespace {

using Point = std::pair<NamespaceId, std::string_view>;  // string_view compares bytes unsigned

LogOperation ToLogOperation(const WriteBatchReader::Operation& operation) {
  LogOperation result;
  result.ns = operation.ns;
  result.key = operation.key;
  result.value = operation.value;
  result.open_end = operation.open_end;
  switch (operation.kind) {
    case WriteBatchReader::Kind::kPut:
      result.kind = LogOperation::Kind::kPut;
      break;
    case WriteBatchReader::Kind::kDelete:
      result.kind = LogOperation::Kind::kDelete;
      break;
    case WriteBatchReader::Kind::kDeleteRange:
      result.kind = LogOperation::Kind::kDeleteRange;
      break;
  }
  return result;
}

bool IsRange(const LogOperation& operation) {
  return operation.kind == LogOperation::Kind::kDeleteRange;
}

bool IsEmptyRange(const LogOperation& range) {
  return !range.open_end && CompareBytes(range.key, range.value) >= 0;
}

// A union of disjoint half-open intervals that only grows.
class Coverage {
 public:
  bool Covers(const Point& point) const {
    const auto it = intervals_.upper_bound(point);
    return it != intervals_.begin() && point < std::prev(it)->second;
  }
  bool Covers(const LogOperation& range) const {
    const auto it = intervals_.upper_bound(Begin(range));
    return it != intervals_.begin() && End(range) <= std::prev(it)->second;
  }
  void Add(const LogOperation& range) {
    Point begin = Begin(range);
    Point end = End(range);
    auto it = intervals_.upper_bound(begin);
    if (it != intervals_.begin() && begin <= std::prev(it)->second) {
      --it;
      begin = it->first;
    }
    while (it != intervals_.end() && it->first <= end) {
      end = std::max(end, it->second);
      it = intervals_.erase(it);
    }
    intervals_.emplace(begin, end);
  }

 private:
  static Point Begin(const LogOperation& range) { return {range.ns, range.key}; }
  static Point End(const LogOperation& range) {
    return range.open_end ? Point(range.ns + 1, {}) : Point(range.ns, range.value);
  }
  std::map<Point, Point> intervals_;
};

bool StrictlyAscendingPoints(const std::vector<LogOperation>& operations) {
  for (size_t i = 0; i < operations.size(); ++i) {
    if (IsRange(operations[i])) {
      return false;
    }
    if (i > 0 && CompareUserKeys(operations[i - 1].ns, operations[i - 1].key, operations[i].ns,
                                 operations[i].key) >= 0) {
      return false;
    }
  }
  return true;
}

// Walks backwards, so everything later in the batch is known when an operation is judged.
void Reduce(std::vector<LogOperation>* operations) {
  std::set<Point> seen;
  Coverage covered;
  size_t kept = operations->size();
  for (size_t i = operations->size(); i-- > 0;) {
    const LogOperation operation = (*operations)[i];
    if (IsRange(operation)) {
      if (IsEmptyRange(operation) || covered.Covers(operation)) {
        continue;
      }
      covered.Add(operation);
    } else {
      const Point point(operation.ns, operation.key);
      if (covered.Covers(point) || !seen.insert(point).second) {
        continue;
      }
    }
    (*operations)[--kept] = operation;
  }
  operations->erase(operations->begin(), operations->begin() + static_cast<ptrdiff_t>(kept));
}

absl::Status TooLarge(std::string_view what, uint64_t size, uint64_t limit) {
  return InvalidArgument(std::string(what) + " of " + std::to_string(size) +
                         " bytes is over the limit of " + std::to_string(limit) + " bytes");
}

}  // namespace

absl::Status CheckOperationLimits(const LogOperation& operation) {
  if (operation.ns > kMaxNamespace) {
    return InvalidArgument("namespace " + std::to_string(operation.ns) +
                           " is over the limit of 2^63-1");
  }
  if (operation.key.size() > kMaxKeyBytes) {
    return TooLarge("a key", operation.key.size(), kMaxKeyBytes);
  }
  if (IsRange(operation)) {
    return operation.value.size() > kMaxKeyBytes
               ? TooLarge("a range's end", operation.value.size(), kMaxKeyBytes)
               : absl::OkStatus();
  }
  if (operation.value.size() > kMaxValueBytes) {
    return TooLarge("a value", operation.value.size(), kMaxValueBytes);
  }
  return absl::OkStatus();
}

absl::Status ReduceBatch(const WriteBatch& batch, std::vector<LogOperation>* reduced) {
  reduced->clear();
  if (batch.lacks_memory()) {
    return ResourceExhausted("there was no memory for all operations of the batch");
  }
  if (batch.bytes() > kMaxBatchBytes) {
    return TooLarge("a batch", batch.bytes(), kMaxBatchBytes);
  }
  reduced->reserve(batch.count());
  for (size_t i = 0; i < batch.count(); ++i) {
    reduced->push_back(ToLogOperation(WriteBatchReader::At(batch, i)));
    VERALITH_RETURN_IF_ERROR(CheckOperationLimits(reduced->back()));
  }
  if (!StrictlyAscendingPoints(*reduced)) {
    Reduce(reduced);
  }
  return absl::OkStatus();
}

}  // namespace veralith
