// SPDX-License-Identifier: Apache-2.0

// The memtable compared with absl::btree_map and std::map (string_view keys and values that lie in
// an arena of the same kind): random inserts, random gets, forward and backward scans, one thread.
//
//   memtable_bench [entries = 1000000 [rounds = 3]]
//
// Structures alternate within a round; results are medians, in millions of operations per second.
// Bytes per entry include the memtable's index, but for the maps only keys and values. The maps'
// scans read sizes from their nodes; the memtable's visit every record.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "core/base/random.h"
#include "core/iterator/merging_cursor.h"
#include "core/iterator/visible_iterator.h"
#include "core/memtable/arena.h"
#include "core/memtable/memtable.h"
#include "veralith/clock.h"

namespace veralith {
namespace {

constexpr size_t kValueBytes = 100;

struct Workload {
  std::string name;
  std::vector<std::string> keys;  // distinct, in the order of insertion
  std::vector<uint32_t> lookups;  // indices into keys
};

std::string Decimal16(uint64_t i, uint64_t) {
  char text[32];
  std::snprintf(text, sizeof(text), "%016llu", static_cast<unsigned long long>(i));
  return text;
}
std::string Random16(uint64_t, uint64_t random) {
  Random bytes(random);
  const uint64_t words[2] = {bytes.Next(), bytes.Next()};
  return std::string(reinterpret_cast<const char*>(words), 16);
}
std::string Composite60(uint64_t i, uint64_t random) {
  char text[96];
  std::snprintf(text, sizeof(text), "tenant/%08llu/collection/orders/document/%019llu",
                static_cast<unsigned long long>(random % 100), static_cast<unsigned long long>(i));
  return text;
}

template <typename MakeKey>
Workload MakeWorkload(const char* name, size_t entries, bool shuffled, MakeKey make_key) {
  Workload workload{name, {}, std::vector<uint32_t>(entries)};
  Random random(42);
  for (size_t i = 0; i < entries; ++i) {
    workload.keys.push_back(make_key(i, random.Next()));
  }
  const auto shuffle = [&](auto& items) {
    for (size_t i = items.size(); i > 1; --i) {
      std::swap(items[i - 1], items[random.Below(i)]);
    }
  };
  if (shuffled) {
    shuffle(workload.keys);
  }
  std::iota(workload.lookups.begin(), workload.lookups.end(), 0u);
  shuffle(workload.lookups);
  return workload;
}

std::string_view ValueOf(uint64_t i) {
  static char bytes[kValueBytes];
  std::memcpy(bytes, &i, sizeof(i));
  return {bytes, kValueBytes};
}

// --- What is measured: Insert, Get and a scan each way that touch every key and value ----------

class VeralithMemtable {
 public:
  static constexpr const char* kName = "veralith";
  void Insert(std::string_view key, std::string_view value) {
    memtable_->Add({0, key, ++ts_, EntryKind::kPut, value});
  }
  bool Get(std::string_view key) const {
    EntryView entry;
    return memtable_->Get(0, key, ts_, &entry) && !entry.value.empty();
  }
  size_t Scan(bool forward) const {
    const auto cursor = memtable_->NewCursor(0, kMaxTimestamp);
    size_t bytes = 0;
    forward ? cursor->SeekToFirst() : cursor->SeekToLast();
    while (cursor->Valid() && cursor->Load()) {
      bytes += cursor->key().size() + cursor->value().size();
      forward ? cursor->Next() : cursor->Prev();
    }
    return bytes;
  }
  size_t MemoryBytes() const { return memtable_->MemoryBytes(); }

 protected:
  MemtableRef memtable_ = MemtableRef::Make(1);
  Timestamp ts_ = 0;
};

// Does the same through a visible iterator over two memtables, the other one empty.
class VeralithVisible : public VeralithMemtable {
 public:
  static constexpr const char* kName = "veralith, visible";
  size_t Scan(bool forward) const {
    VisibleIterator::Source source;
    const MemtableRef other = MemtableRef::Make(0);
    std::vector<std::unique_ptr<KeyCursor>> children;
    children.push_back(memtable_->NewCursor(kDefaultNamespace, kMaxTimestamp));
    children.push_back(other->NewCursor(kDefaultNamespace, kMaxTimestamp));
    source.merged = NewMergingCursor(std::move(children));
    VisibleIterator iterator(std::move(source));
    size_t bytes = 0;
    if (forward) {
      for (iterator.SeekToFirst(); iterator.Valid(); iterator.Next()) {
        bytes += iterator.key().size() + iterator.value().size();
      }
    } else {
      for (iterator.SeekToLast(); iterator.Valid(); iterator.Prev()) {
        bytes += iterator.key().size() + iterator.value().size();
      }
    }
    return bytes;
  }
};

template <typename Map>
class MapInArena {
 public:
  void Insert(std::string_view key, std::string_view value) {
    map_.emplace(Keep(key), Keep(value));
  }
  bool Get(std::string_view key) const {
    const auto found = map_.find(key);
    return found != map_.end() && !found->second.empty();
  }
  size_t Scan(bool forward) const {
    size_t bytes = 0;
    if (forward) {
      for (auto at = map_.begin(); at != map_.end(); ++at) {
        bytes += at->first.size() + at->second.size();
      }
    } else {
      for (auto at = map_.rbegin(); at != map_.rend(); ++at) {
        bytes += at->first.size() + at->second.size();
      }
    }
    return bytes;
  }
  size_t MemoryBytes() const { return arena_.used_bytes(); }

 private:
  std::string_view Keep(std::string_view bytes) {
    char* const place = arena_.Allocate(bytes.size(), 1);
    std::memcpy(place, bytes.data(), bytes.size());
    return {place, bytes.size()};
  }

  Arena arena_;
  Map map_;
};

class AbslBtreeMap : public MapInArena<absl::btree_map<std::string_view, std::string_view>> {
 public:
  static constexpr const char* kName = "absl::btree_map";
};
class StdMap : public MapInArena<std::map<std::string_view, std::string_view>> {
 public:
  static constexpr const char* kName = "std::map";
};

struct Figures {
  double insert = 0, get = 0, forward = 0, backward = 0, bytes = 0;
};

double Rate(size_t operations, int64_t begin) {
  return static_cast<double>(operations) * 1e3 /
         static_cast<double>(SystemClock()->MonotonicNanos() - begin);
}

template <typename Subject>
Figures Measure(const Workload& workload) {
  Figures figures;
  Subject subject;
  const size_t entries = workload.keys.size();
  int64_t begin = SystemClock()->MonotonicNanos();
  for (size_t i = 0; i < entries; ++i) {
    subject.Insert(workload.keys[i], ValueOf(i));
  }
  figures.insert = Rate(entries, begin);
  size_t found = 0;
  begin = SystemClock()->MonotonicNanos();
  for (const uint32_t i : workload.lookups) {
    found += subject.Get(workload.keys[i]) ? 1 : 0;
  }
  figures.get = Rate(entries, begin);
  const size_t expected = entries * (workload.keys[0].size() + kValueBytes);
  begin = SystemClock()->MonotonicNanos();
  bool right = found == entries && subject.Scan(true) == expected;
  figures.forward = Rate(entries, begin);
  begin = SystemClock()->MonotonicNanos();
  right = right && subject.Scan(false) == expected;
  figures.backward = Rate(entries, begin);
  figures.bytes = static_cast<double>(subject.MemoryBytes()) / static_cast<double>(entries);
  if (!right) {
    std::printf("%s answers wrongly\n", Subject::kName);
    std::exit(1);
  }
  return figures;
}

double Median(const std::vector<Figures>& rounds, double Figures::* figure) {
  std::vector<double> values;
  for (const Figures& round : rounds) {
    values.push_back(round.*figure);
  }
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void Print(const char* workload, const char* subject, const std::vector<Figures>& rounds) {
  std::printf("%-18s %-18s %8.2f %8.2f %8.1f %8.1f %10.0f\n", workload, subject,
              Median(rounds, &Figures::insert), Median(rounds, &Figures::get),
              Median(rounds, &Figures::forward), Median(rounds, &Figures::backward),
              Median(rounds, &Figures::bytes));
  std::fflush(stdout);
}

template <typename... Subjects>
void Run(const Workload& workload, int rounds) {
  std::vector<std::vector<Figures>> figures(sizeof...(Subjects));
  for (int round = 0; round < rounds; ++round) {
    size_t subject = 0;
    (figures[subject++].push_back(Measure<Subjects>(workload)), ...);
  }
  size_t subject = 0;
  (Print(workload.name.c_str(), Subjects::kName, figures[subject++]), ...);
}

int Main(size_t entries, int rounds) {
  std::printf("%zu entries, values of %zu bytes, medians of %d; M operations/s; bytes per entry\n",
              entries, kValueBytes, rounds);
  std::printf("%-18s %-18s %8s %8s %8s %8s %10s\n", "keys", "structure", "insert", "get", "forward",
              "backward", "bytes");
  Run<VeralithMemtable, VeralithVisible, AbslBtreeMap, StdMap>(
      MakeWorkload("decimal 16", entries, true, Decimal16), rounds);
  Run<VeralithMemtable, AbslBtreeMap>(MakeWorkload("random 16", entries, true, Random16), rounds);
  Run<VeralithMemtable, AbslBtreeMap>(MakeWorkload("composite 60", entries, true, Composite60),
                                      rounds);
  Run<VeralithMemtable, AbslBtreeMap>(MakeWorkload("decimal 16 sorted", entries, false, Decimal16),
                                      rounds);
  return 0;
}

}  // namespace
}  // namespace veralith

int main(int argc, char** argv) {
  const size_t entries = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  return veralith::Main(std::max<size_t>(entries, 1), argc > 2 ? std::atoi(argv[2]) : 3);
}
