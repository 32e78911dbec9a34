// SPDX-License-Identifier: Apache-2.0

#include "property_tests/exploration/deletions.h"

#include <cmath>
#include <cstddef>
#include <iterator>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/db/testing/simulation.h"

namespace veralith::model {
namespace {

using Keys = std::set<std::string>;
using Range = std::pair<uint64_t, uint64_t>;

std::string Place(uint64_t place) {
  std::string key = std::to_string(place);
  return std::string(key.size() < 8 ? 8 - key.size() : 0, '0') + key;
}

void Erase(const std::string& begin, const std::string& end, Keys* keys) {
  keys->erase(keys->lower_bound(begin), keys->lower_bound(end));
}

Difference Done(const absl::Status& status) { return status.ok() ? Agree() : ToString(status); }

// Compares what the iterator shows with what is expected, forwards and backwards.
Difference CheckScan(DbIterator& iterator, const Keys& expected) {
  auto key = expected.begin();
  for (iterator.SeekToFirst(); iterator.Valid(); iterator.Next(), ++key) {
    if (key == expected.end() || iterator.key() != *key) {
      return StrCat("a scan shows ", iterator.key(), " instead of ",
                    key == expected.end() ? "its end" : *key);
    }
  }
  if (key != expected.end()) {
    return StrCat("a scan ends before ", *key, ": ", ToString(iterator.status()));
  }
  auto back = expected.rbegin();
  for (iterator.SeekToLast(); iterator.Valid(); iterator.Prev(), ++back) {
    if (back == expected.rend() || iterator.key() != *back) {
      return StrCat("a backward scan shows ", iterator.key(), " instead of ",
                    back == expected.rend() ? "its end" : *back);
    }
  }
  return back == expected.rend() ? Agree() : StrCat("a backward scan ends before ", *back);
}

// --- Range deletes inside each other -----------------------------------------------------------

struct Shape {
  const char* name;
  Range (*range)(uint64_t i, uint64_t n);
};

constexpr Shape kShapes[] = {
    {"grow", [](uint64_t i, uint64_t) { return Range(0, i + 1); }},
    {"nest", [](uint64_t i, uint64_t n) { return Range(i, 2 * n - i); }},
    {"shrink", [](uint64_t i, uint64_t n) { return Range(n - i - 1, n + i); }},
    {"overlap", [](uint64_t i, uint64_t n) { return Range(i, i + n / 4 + 1); }},
    {"mixed",
     [](uint64_t i, uint64_t n) {
       const uint64_t begin = i * 7919 % n;
       return Range(begin, begin + 1 + i * 104729 % (n / 8 + 1));
     }},
};

class RangeDeletes {
 public:
  RangeDeletes(const Shape& shape, uint64_t count) : shape_(shape), count_(count) {
    options_ = simulation_.SmallOptions();
    options_.write_buffer_bytes = size_t{64} << 20;
  }

  Difference Run() {
    const std::string where = StrCat(shape_.name, ": ");
    Difference difference = Stages();
    for (const auto& [snapshot, keys] : snapshots_) {
      db_->ReleaseSnapshot(snapshot);
    }
    snapshots_.clear();
    VERALITH_RETURN_IF_DIFFERENT(std::move(difference).In(where));
    VERALITH_RETURN_IF_DIFFERENT(Done(db_->Close()).In(where));
    VERALITH_RETURN_IF_DIFFERENT(Open().In(where));
    return Compare("opened again").In(where);
  }

 private:
  Difference Stages() {
    VERALITH_RETURN_IF_DIFFERENT(Open());
    VERALITH_RETURN_IF_DIFFERENT(Fill());
    VERALITH_RETURN_IF_DIFFERENT(Delete());
    VERALITH_RETURN_IF_DIFFERENT(Compare("in the memtable"));
    VERALITH_RETURN_IF_DIFFERENT(Done(db_->Flush()));
    VERALITH_RETURN_IF_DIFFERENT(Compare("in segments"));
    VERALITH_RETURN_IF_DIFFERENT(Done(db_->CompactAll()));
    return Compare("compacted");
  }

  Difference Open() {
    auto db = simulation_.Open(options_);
    if (!db.ok()) {
      return ToString(db.status());
    }
    db_ = *std::move(db);
    return Agree();
  }

  Difference Fill() {
    for (uint64_t place = 0; place < 2 * count_; ++place) {
      if (const absl::Status status = db_->Put({}, Place(place), "v"); !status.ok()) {
        return ToString(status);
      }
      keys_.insert(Place(place));
    }
    return Done(db_->Flush());
  }

  Difference Delete() {
    for (uint64_t i = 0; i < count_; ++i) {
      const auto [begin, end] = shape_.range(i, count_);
      const absl::Status status = db_->DeleteRange({}, kDefaultNamespace, Place(begin), Place(end));
      if (!status.ok()) {
        return ToString(status);
      }
      Erase(Place(begin), Place(end), &keys_);
      if (i % (count_ / 4 + 1) == 1) {
        snapshots_.emplace_back(db_->GetSnapshot(), keys_);
      }
    }
    const double bytes = static_cast<double>(db_->GetStatistics().memtable_bytes);
    const double count = static_cast<double>(count_);
    const double bound = 65536 + 40 * count * std::log2(count);
    return bytes <= bound ? Agree()
                          : StrCat(count_, " range deletes take ", static_cast<uint64_t>(bytes),
                                   " bytes, more than ", static_cast<uint64_t>(bound));
  }

  Difference Compare(const std::string& stage) {
    VERALITH_RETURN_IF_DIFFERENT(Check(nullptr, keys_).In(stage + ": "));
    for (const auto& [snapshot, keys] : snapshots_) {
      VERALITH_RETURN_IF_DIFFERENT(Check(snapshot, keys).In(stage + ": "));
    }
    return Agree();
  }

  Difference Check(const Snapshot* snapshot, const Keys& keys) {
    ScanOptions options;
    options.snapshot = snapshot;
    VERALITH_RETURN_IF_DIFFERENT(CheckScan(*db_->NewIterator(options), keys));
    for (uint64_t place = 0; place < 2 * count_; place += 1 + count_ / 50) {
      PinnedValue value;
      const absl::StatusOr<bool> found = db_->Get(options, Place(place), &value);
      if (!found.ok() || *found != keys.contains(Place(place))) {
        return StrCat("a lookup of ", Place(place), " is wrong");
      }
    }
    return Agree();
  }

  const Shape& shape_;
  const uint64_t count_;
  Simulation simulation_;
  Options options_;
  std::unique_ptr<Db> db_;
  Keys keys_;
  std::vector<std::pair<const Snapshot*, Keys>> snapshots_;
};

// --- Queues --------------------------------------------------------------------------------------

// Takes from one end and appends at the other; reports the keys passed per step.
class PlainQueue {
 public:
  PlainQueue(bool takes_first, bool holds_snapshot, size_t write_buffer_bytes)
      : takes_first_(takes_first), holds_snapshot_(holds_snapshot) {
    options_ = simulation_.SmallOptions();
    options_.write_buffer_bytes = write_buffer_bytes;
  }

  Difference Run(uint64_t steps) {
    auto db = simulation_.Open(options_);
    if (!db.ok()) {
      return ToString(db.status());
    }
    db_ = *std::move(db);
    uint64_t appended = kMiddle;
    for (; appended < kMiddle + kLength; ++appended) {
      db_->Put({}, KeyOf(appended), "v").IgnoreError();
    }
    const Snapshot* const snapshot = holds_snapshot_ ? db_->GetSnapshot() : nullptr;
    Difference difference = Agree();
    for (uint64_t i = 0; i < steps && difference.agrees(); ++i) {
      difference = Step(KeyOf(kMiddle + i), KeyOf(appended++));
    }
    const uint64_t passed = db_->GetStatistics().hidden_keys;
    if (difference.agrees() && passed > kMostPassed * steps) {
      difference = StrCat(steps, " steps passed ", passed, " deleted keys");
    }
    db_->ReleaseSnapshot(snapshot);
    return difference.agrees() ? Done(db_->Close()) : difference;
  }

 private:
  static constexpr uint64_t kMiddle = 10'000'000;
  static constexpr uint64_t kLength = 20;
  static constexpr uint64_t kMostPassed = 64;

  std::string KeyOf(uint64_t number) const {
    return Place(takes_first_ ? number : 2 * kMiddle - number);
  }

  Difference Step(const std::string& next, const std::string& appended) {
    const std::unique_ptr<DbIterator> iterator = db_->NewIterator({});
    takes_first_ ? iterator->SeekToFirst() : iterator->SeekToLast();
    if (!iterator->Valid() || iterator->key() != next) {
      return StrCat("the next key is not ", next);
    }
    absl::Status status = db_->Delete({}, next);
    status.Update(db_->Put({}, appended, "v"));
    return Done(status);
  }

  const bool takes_first_;
  const bool holds_snapshot_;
  Simulation simulation_;
  Options options_;
  std::unique_ptr<Db> db_;
};

// Seeks over keys of which all but the first and the last are deleted. It seeks to the middle
// first, and then in turn to the end from which the known part comes last, and to anywhere.
Difference SeekAround(Db& db, bool forward, uint64_t deleted, uint64_t seeks) {
  Random random(1);
  for (uint64_t i = 0; i < seeks; ++i) {
    const std::unique_ptr<DbIterator> iterator = db.NewIterator({});
    const uint64_t far = forward ? 1 : deleted;
    const uint64_t any = i == 0 ? deleted / 2 : 1 + random.Below(deleted);
    const std::string target = Place(i % 2 == 1 ? far : any);
    forward ? iterator->Seek(target) : iterator->SeekForPrev(target);
    if (!iterator->Valid() || iterator->key() != Place(forward ? deleted + 1 : 0)) {
      return StrCat("a seek to ", target, " does not find the key beyond the deleted ones");
    }
  }
  return Agree();
}

Difference CheckSeeksOneWay(bool forward, uint64_t deleted) {
  constexpr uint64_t kSeeks = 200;
  Simulation simulation;
  auto db = simulation.Open();
  if (!db.ok()) {
    return ToString(db.status());
  }
  absl::Status status;
  for (uint64_t place = 0; place <= deleted + 1; ++place) {
    status.Update((*db)->Put({}, Place(place), "v"));
  }
  const Snapshot* const keeps_all = (*db)->GetSnapshot();
  for (uint64_t place = 1; place <= deleted; ++place) {
    status.Update((*db)->Delete({}, Place(place)));
  }
  Difference difference =
      status.ok() ? SeekAround(**db, forward, deleted, kSeeks) : ToString(status);
  const uint64_t passed = (*db)->GetStatistics().hidden_keys;
  if (difference.agrees() && passed > 4 * deleted + 64 * kSeeks) {
    difference = StrCat(kSeeks, " seeks into ", deleted, " deleted keys passed ", passed);
  }
  (*db)->ReleaseSnapshot(keeps_all);
  status = (*db)->Close();
  return difference.agrees() ? Done(status) : difference;
}

class Queues {
 public:
  explicit Queues(uint64_t seed) : random_(seed), simulation_(seed) {}

  Difference Run(int steps) {
    Options options = simulation_.SmallOptions();
    options.write_buffer_bytes = size_t{1} << (12 + random_.Below(8));
    auto db = simulation_.Open(options);
    if (!db.ok()) {
      return ToString(db.status());
    }
    db_ = *std::move(db);
    Difference difference = Agree();
    for (int i = 0; i < steps && difference.agrees(); ++i) {
      difference = Step().In(StrCat("step ", i, ": "));
    }
    earlier_.reset();
    db_->ReleaseSnapshot(snapshot_);
    const absl::Status closed = db_->Close();
    return difference.agrees() ? Done(closed) : difference;
  }

 private:
  static constexpr uint64_t kQueues = 2;

  std::string KeyOf(uint64_t queue, uint64_t number) const {
    return StrCat(queue, "-", Place(number));
  }

  Difference Step() {
    const uint64_t queue = random_.Below(kQueues);
    switch (random_.Below(64)) {
      case 0:
        return CheckScan(*db_->NewIterator({}), keys_);
      case 1:
        return CheckEarlier();
      case 2:
        return CheckSnapshot();
      case 3:
        return Put(KeyOf(queue, random_.Below(tail_[queue] + 2)));
      case 4:
        return DeleteRange(queue);
      case 5:
        return TakeLast(queue);
      default:
        // Long times of appending and long times of taking take turns, so that stretches grow.
        return random_.Below(128) == 0 || (keys_.size() > 80) != taking_ ? Turn(queue)
               : taking_                                                 ? TakeFirst(queue)
                                                                         : Append(queue);
    }
  }

  Difference Turn(uint64_t queue) {
    taking_ = keys_.size() > 80 || (taking_ && keys_.size() > 3);
    return taking_ ? TakeFirst(queue) : Append(queue);
  }

  Difference Append(uint64_t queue) { return Put(KeyOf(queue, tail_[queue]++)); }

  Difference Put(const std::string& key) {
    keys_.insert(key);
    return Done(db_->Put({}, key, "v"));
  }

  Difference TakeFirst(uint64_t queue) {
    ScanOptions options;
    options.lower = Bound::Inclusive(KeyOf(queue, 0));
    const std::unique_ptr<DbIterator> iterator = db_->NewIterator(options);
    iterator->SeekToFirst();
    return Take(*iterator, keys_.lower_bound(options.lower.key));
  }

  Difference TakeLast(uint64_t queue) {
    ScanOptions options;
    options.upper = Bound::Exclusive(KeyOf(queue + 1, 0));
    const std::unique_ptr<DbIterator> iterator = db_->NewIterator(options);
    iterator->SeekToLast();
    const auto next = keys_.lower_bound(options.upper.key);
    return Take(*iterator, next == keys_.begin() ? keys_.end() : std::prev(next));
  }

  Difference Take(DbIterator& iterator, Keys::const_iterator expected) {
    if (expected == keys_.end()) {
      if (!iterator.Valid()) {
        return Agree();
      }
      return StrCat(iterator.key(), " is there, nothing should be");
    }
    if (!iterator.Valid() || iterator.key() != *expected) {
      return StrCat(iterator.Valid() ? iterator.key() : "nothing", " is next, not ", *expected);
    }
    const std::string key = *expected;
    keys_.erase(expected);
    return Done(db_->Delete({}, key));
  }

  Difference DeleteRange(uint64_t queue) {
    const std::string begin = KeyOf(queue, 0);
    const std::string end = KeyOf(queue, random_.Below(tail_[queue] / 2 + 1));
    Erase(begin, end, &keys_);
    return Done(db_->DeleteRange({}, kDefaultNamespace, begin, end));
  }

  // An older iterator learns about the state of its own time.
  Difference CheckEarlier() {
    Difference difference = earlier_ == nullptr ? Agree() : CheckScan(*earlier_, earlier_keys_);
    earlier_ = db_->NewIterator({});
    earlier_keys_ = keys_;
    return difference;
  }

  Difference CheckSnapshot() {
    ScanOptions options;
    options.snapshot = snapshot_;
    Difference difference =
        snapshot_ == nullptr ? Agree() : CheckScan(*db_->NewIterator(options), snapshot_keys_);
    if (snapshot_ == nullptr || random_.Below(4) == 0) {
      db_->ReleaseSnapshot(snapshot_);
      snapshot_ = db_->GetSnapshot();
      snapshot_keys_ = keys_;
    }
    return difference;
  }

  Random random_;
  Simulation simulation_;
  std::unique_ptr<Db> db_;
  Keys keys_;
  uint64_t tail_[kQueues] = {};
  bool taking_ = false;
  std::unique_ptr<DbIterator> earlier_;
  Keys earlier_keys_;
  const Snapshot* snapshot_ = nullptr;
  Keys snapshot_keys_;
};

}  // namespace

Difference CheckRangeDeletesInsideEachOther(uint64_t count) {
  for (const Shape& shape : kShapes) {
    VERALITH_RETURN_IF_DIFFERENT(RangeDeletes(shape, count).Run());
  }
  return Agree();
}

Difference CheckQueueCost(uint64_t steps) {
  for (const bool takes_first : {true, false}) {
    for (const bool holds_snapshot : {false, true}) {
      for (const size_t write_buffer : {size_t{16} << 10, size_t{64} << 20}) {
        const std::string where = StrCat(takes_first ? "from the front" : "from the back",
                                         holds_snapshot ? ", a snapshot held" : "",
                                         ", memtables of ", write_buffer, " bytes: ");
        VERALITH_RETURN_IF_DIFFERENT(
            PlainQueue(takes_first, holds_snapshot, write_buffer).Run(steps).In(where));
      }
    }
  }
  return Agree();
}

Difference CheckSeeksIntoDeletedKeys(uint64_t deleted) {
  for (const bool forward : {true, false}) {
    const char* const way = forward ? "forwards: " : "backwards: ";
    VERALITH_RETURN_IF_DIFFERENT(CheckSeeksOneWay(forward, deleted).In(way));
  }
  return Agree();
}

Difference CheckQueues(uint64_t seed, int steps) {
  return Queues(seed).Run(steps).In(StrCat("seed ", seed, ": "));
}

}  // namespace veralith::model
