// SPDX-License-Identifier: Apache-2.0

// The memtable compared with absl::btree_map and std::map (string_view keys and values that lie in
// an arena of the same kind): random inserts, random gets, forward and backward scans, one thread.
//
//   ./dev bench micro memtable [--benchmark_filter=REGEX]
//
// A name says structure, keys and operation. Counters: operations a second, and bytes per entry,
// which include the memtable's index, but for the maps only keys and values. The maps' scans read
// sizes from their nodes; the memtable's visit every record.
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "bench/micro.h"
#include "core/base/random.h"
#include "core/iterator/merging_cursor.h"
#include "core/iterator/visible_iterator.h"
#include "core/memtable/arena.h"
#include "core/memtable/memtable.h"

namespace veralith {
namespace {

constexpr size_t kEntries = 1'000'000;
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

using KeyOf = std::string (*)(uint64_t i, uint64_t random);

Workload MakeWorkload(const char* name, bool shuffled, KeyOf key_of) {
  Workload workload{name, {}, std::vector<uint32_t>(kEntries)};
  Random random(42);
  for (size_t i = 0; i < kEntries; ++i) {
    workload.keys.push_back(key_of(i, random.Next()));
  }
  if (shuffled) {
    bench::ShuffleItems(random, &workload.keys);
  }
  std::iota(workload.lookups.begin(), workload.lookups.end(), 0u);
  bench::ShuffleItems(random, &workload.lookups);
  return workload;
}

struct Form {
  const char* name;
  bool shuffled;
  KeyOf key_of;
};
constexpr Form kForms[] = {{"decimal16", true, Decimal16},
                           {"random16", true, Random16},
                           {"composite60", true, Composite60},
                           {"decimal16_in_order", false, Decimal16}};

// Makes the keys of a form; they stay until another form's are asked for.
const Workload& WorkloadOf(const Form& form) {
  static Workload workload;
  if (workload.name != form.name) {
    workload = MakeWorkload(form.name, form.shuffled, form.key_of);
  }
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
  static constexpr const char* kName = "veralith_visible";
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
  static constexpr const char* kName = "btree_map";
};
class StdMap : public MapInArena<std::map<std::string_view, std::string_view>> {
 public:
  static constexpr const char* kName = "std_map";
};

template <typename Subject>
void Fill(Subject* subject, const Workload& workload) {
  for (size_t i = 0; i < kEntries; ++i) {
    subject->Insert(workload.keys[i], ValueOf(i));
  }
}

// Makes a full structure; it stays until one of another form is asked for.
template <typename Subject>
Subject& FilledWith(const Workload& workload) {
  static std::string name;
  static std::unique_ptr<Subject> subject;
  if (name != workload.name) {
    name = workload.name;
    subject = std::make_unique<Subject>();
    Fill(subject.get(), workload);
  }
  return *subject;
}

template <typename Subject>
void Insert(benchmark::State& state, const Form& form) {
  const Workload& workload = WorkloadOf(form);
  for (auto _ : state) {
    auto subject = std::make_unique<Subject>();
    Fill(subject.get(), workload);
    state.PauseTiming();
    state.counters["bytes/entry"] = static_cast<double>(subject->MemoryBytes()) / kEntries;
    subject.reset();
    state.ResumeTiming();
  }
  bench::CountItems(state, kEntries);
}

template <typename Subject>
void Get(benchmark::State& state, const Form& form) {
  const Workload& workload = WorkloadOf(form);
  const Subject& subject = FilledWith<Subject>(workload);
  size_t next = 0;
  for (auto _ : state) {
    if (!subject.Get(workload.keys[workload.lookups[next]])) {
      state.SkipWithError("a key is missing");
      break;
    }
    next = next + 1 < kEntries ? next + 1 : 0;
  }
  bench::CountItems(state);
}

template <typename Subject>
void Scan(benchmark::State& state, const Form& form, bool forward) {
  const Workload& workload = WorkloadOf(form);
  const Subject& subject = FilledWith<Subject>(workload);
  for (auto _ : state) {
    if (subject.Scan(forward) != kEntries * (workload.keys[0].size() + kValueBytes)) {
      state.SkipWithError("a scan missed something");
      break;
    }
  }
  bench::CountItems(state, kEntries);
}

template <typename Subject>
void Register(const Form& form) {
  const std::string name = std::string(form.name) + "/" + Subject::kName + "/";
  const auto add = [&](const char* what, auto run) {
    benchmark::RegisterBenchmark((name + what).c_str(), run);
  };
  add("insert", [&form](benchmark::State& state) { Insert<Subject>(state, form); });
  add("get", [&form](benchmark::State& state) { Get<Subject>(state, form); });
  add("forward", [&form](benchmark::State& state) { Scan<Subject>(state, form, true); });
  add("backward", [&form](benchmark::State& state) { Scan<Subject>(state, form, false); });
}

}  // namespace
}  // namespace veralith

int main(int argc, char** argv) {
  using namespace veralith;  // NOLINT: a tool
  for (const Form& form : kForms) {
    Register<VeralithMemtable>(form);
    if (&form == &kForms[0]) {
      Register<VeralithVisible>(form);
      Register<StdMap>(form);
    }
    Register<AbslBtreeMap>(form);
  }
  return bench::RunBenchmarks(argc, argv);
}
