// SPDX-License-Identifier: Apache-2.0

// Random edits on a Version and on a model that keeps a plain list of files and compares them key
// by key. A file's bounds come from a few keys, so that bounds meet. Every such key, and a
// neighbour of each, is probed.
#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/manifest/version.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace veralith {
namespace {

using UserKey = std::pair<NamespaceId, std::string>;

const std::vector<std::string> kKeys = {"", "a", "ab", "b", "c", "ca", "d"};

std::vector<UserKey> Probes() {
  std::vector<UserKey> probes;
  for (NamespaceId ns = 0; ns < 3; ++ns) {
    for (const std::string& key : kKeys) {
      probes.emplace_back(ns, key);
      probes.emplace_back(ns, key + std::string(1, '\0'));
    }
    probes.emplace_back(ns, "zzz");
  }
  return probes;
}

// What a bound means, spelled out.
bool Admits(const KeyBound& upper, const UserKey& key) {
  const UserKey bound{upper.ns, upper.key};
  switch (upper.kind) {
    case KeyBound::Kind::kInclusive:
      return key <= bound;
    case KeyBound::Kind::kExclusive:
      return key < bound;
    case KeyBound::Kind::kNamespaceEnd:
      return key.first <= upper.ns;
  }
  return false;
}

std::set<UserKey> KeysIn(const KeyRange& range) {
  std::set<UserKey> keys;
  for (const UserKey& key : Probes()) {
    if (UserKey{range.smallest_ns, range.smallest_key} <= key && Admits(range.largest, key)) {
      keys.insert(key);
    }
  }
  return keys;
}

bool Meet(const KeyRange& a, const KeyRange& b) {
  const std::set<UserKey> in_a = KeysIn(a);
  const std::set<UserKey> in_b = KeysIn(b);
  return std::any_of(in_a.begin(), in_a.end(),
                     [&](const UserKey& key) { return in_b.contains(key); });
}

struct ModelFile {
  int level;
  uint64_t run_id;
  FileMeta meta;
};

// The specification of Version.
struct Model {
  std::map<uint64_t, ModelFile> files;

  bool Apply(const VersionEdit& edit) {
    for (const auto& removed : edit.removed_files) {
      const auto it = files.find(removed.number);
      if (it == files.end() || it->second.level != removed.level) {
        return false;
      }
      files.erase(it);
    }
    for (const auto& added : edit.added_files) {
      if (KeysIn(RangeOf(added.file)).empty() || files.contains(added.file.number)) {
        return false;
      }
      for (const auto& [number, other] : files) {
        if (other.level == added.level && other.run_id == added.run_id &&
            Meet(RangeOf(other.meta), RangeOf(added.file))) {
          return false;
        }
      }
      files[added.file.number] = {added.level, added.run_id, added.file};
    }
    return true;
  }

  bool RunCountsAllow(int tiered_levels) const {
    std::set<std::pair<int, uint64_t>> runs;
    std::map<int, int> count;
    for (const auto& [number, file] : files) {
      if (runs.emplace(file.level, file.run_id).second && ++count[file.level] > 1 &&
          file.level >= tiered_levels) {
        return false;
      }
    }
    return true;
  }
};

rc::Gen<KeyRange> GenRange() {
  return rc::gen::map(
      rc::gen::tuple(rc::gen::inRange<NamespaceId>(0, 3), rc::gen::elementOf(kKeys),
                     rc::gen::inRange<NamespaceId>(0, 3), rc::gen::elementOf(kKeys),
                     rc::gen::inRange(0, 3)),
      [](const std::tuple<NamespaceId, std::string, NamespaceId, std::string, int>& t) {
        KeyRange range;
        range.smallest_ns = std::get<0>(t);
        range.smallest_key = std::get<1>(t);
        range.largest.ns = std::get<2>(t);
        range.largest.kind = static_cast<KeyBound::Kind>(std::get<4>(t));
        range.largest.key =
            range.largest.kind == KeyBound::Kind::kNamespaceEnd ? "" : std::get<3>(t);
        return range;
      });
}

rc::Gen<VersionEdit::AddedFile> GenAdded() {
  return rc::gen::map(
      rc::gen::tuple(GenRange(), rc::gen::inRange(0, 5), rc::gen::inRange<uint64_t>(0, 3),
                     rc::gen::inRange<uint64_t>(1, 12)),
      [](const std::tuple<KeyRange, int, uint64_t, uint64_t>& t) {
        const KeyRange& range = std::get<0>(t);
        VersionEdit::AddedFile added;
        added.level = std::get<1>(t);
        added.run_id = std::get<2>(t);
        added.file.number = std::get<3>(t);
        added.file.bytes = 10 * added.file.number;
        added.file.entries = 2;
        added.file.tombstones = added.file.number % 2;
        added.file.smallest_ns = range.smallest_ns;
        added.file.smallest_key = range.smallest_key;
        added.file.largest = range.largest;
        // Newer runs hold newer timestamps, as flushes make them (invariant 5).
        added.file.min_ts = added.file.max_ts = 1 + added.run_id;
        return added;
      });
}

// Mostly removes what is there, so that sequences get somewhere.
VersionEdit PickEdit(const Model& model) {
  VersionEdit edit;
  edit.added_files =
      *rc::gen::container<std::vector<VersionEdit::AddedFile>>(*rc::gen::inRange(0, 3), GenAdded());
  const int removals = *rc::gen::inRange(0, 3);
  for (int i = 0; i < removals && !model.files.empty(); ++i) {
    const auto it = std::next(model.files.begin(),
                              *rc::gen::inRange<long>(0, static_cast<long>(model.files.size())));
    const bool wrong = *rc::gen::inRange(0, 8) == 0;
    edit.removed_files.push_back({it->second.level + (wrong ? 1 : 0), it->first});
  }
  return edit;
}

void CheckContents(const Version& version, const Model& model) {
  RC_ASSERT(version.FileCount() == model.files.size());
  uint64_t bytes = 0;
  std::map<int, std::array<uint64_t, 3>> sums;  // by level: files, bytes, files with garbage
  for (const auto& [number, file] : model.files) {
    const Version::Place* place = version.Find(number);
    RC_ASSERT(place != nullptr);
    RC_ASSERT(place->level == file.level);
    RC_ASSERT(place->run_id == file.run_id);
    RC_ASSERT(*place->file == file.meta);
    bytes += file.meta.bytes;
    std::array<uint64_t, 3>& sum = sums[file.level];
    sum[0] += 1;
    sum[1] += file.meta.bytes;
    sum[2] += file.meta.tombstones > 0 ? 1 : 0;
  }
  RC_ASSERT(version.Bytes() == bytes);
  for (int level = 0; level < kLevels; ++level) {
    RC_ASSERT(version.FileCount(level) == sums[level][0]);
    RC_ASSERT(version.Bytes(level) == sums[level][1]);
    RC_ASSERT(version.FilesWithGarbage(level) == sums[level][2]);
  }
  for (const int tiered : {1, 2, 3}) {
    RC_ASSERT(version.CheckInvariants(tiered).ok() == model.RunCountsAllow(tiered));
  }
  const auto again = Version().Apply(version.Snapshot());
  RC_ASSERT(again.ok());
  RC_ASSERT(again->Snapshot() == version.Snapshot());
}

void CheckQueries(const Version& version, const Model& model) {
  const KeyRange range = *GenRange();
  const int level = *rc::gen::inRange(0, 5);
  std::set<uint64_t> expected;
  for (const auto& [number, file] : model.files) {
    if (file.level == level && Meet(RangeOf(file.meta), range)) {
      expected.insert(number);
    }
  }
  std::set<uint64_t> found;
  for (const FileRef& file : version.Overlapping(level, range)) {
    RC_ASSERT(found.insert(file->number).second);
  }
  RC_ASSERT(found == expected);
  for (const Run& run : version.runs(level)) {
    for (const UserKey& key : Probes()) {
      uint64_t holder = 0;
      for (const auto& [number, file] : model.files) {
        if (file.level == level && file.run_id == run.id &&
            KeysIn(RangeOf(file.meta)).contains(key)) {
          holder = number;
        }
      }
      const FileRef* file = Version::FileFor(run, key.first, key.second);
      RC_ASSERT((file == nullptr ? 0 : (*file)->number) == holder);
    }
  }
}

// The inputs are any files; a file is older unless it is an input or is newer than all of them.
void CheckOlderFiles(const Version& version, const Model& model) {
  std::vector<uint64_t> inputs;
  std::pair<int, int64_t> newest{kLevels, 0};  // (level, -run id): smaller is newer
  for (const auto& [number, file] : model.files) {
    if (*rc::gen::arbitrary<bool>()) {
      inputs.push_back(number);
      newest = std::min(newest, {file.level, -static_cast<int64_t>(file.run_id)});
    }
  }
  const bool flush = inputs.empty();
  const auto shared = std::make_shared<const Version>(version);
  const OlderFiles older = flush ? OlderFiles(shared) : OlderFiles(shared, inputs);
  const KeyRange range = *GenRange();
  bool range_held = false;
  std::set<UserKey> held;
  for (const auto& [number, file] : model.files) {
    const std::pair<int, int64_t> place{file.level, -static_cast<int64_t>(file.run_id)};
    const bool input = std::find(inputs.begin(), inputs.end(), number) != inputs.end();
    if (!input && (flush || place >= newest)) {
      held.merge(KeysIn(RangeOf(file.meta)));
      range_held |= Meet(RangeOf(file.meta), range);
    }
  }
  for (const UserKey& key : Probes()) {
    RC_ASSERT(older.MayContain(key.first, key.second) == held.contains(key));
  }
  RC_ASSERT(older.MayOverlap(range) == range_held);
}

RC_GTEST_PROP(VersionProperty, RandomEditsEqualAPlainListOfFiles, ()) {
  Version version;
  Model model;
  const int steps = *rc::gen::inRange(1, 20);
  for (int i = 0; i < steps; ++i) {
    const VersionEdit edit = PickEdit(model);
    Model next_model = model;
    const bool legal = next_model.Apply(edit);
    const auto next = version.Apply(edit);
    RC_ASSERT(next.ok() == legal);
    if (!legal) {
      RC_ASSERT(next.status().code() == absl::StatusCode::kDataLoss);
      continue;
    }
    const auto moved = Version(version).Apply(edit);
    RC_ASSERT(moved.ok());
    RC_ASSERT(moved->Snapshot() == next->Snapshot());
    version = *next;
    model = std::move(next_model);
    CheckContents(version, model);
    CheckQueries(version, model);
    CheckOlderFiles(version, model);
  }
}

RC_GTEST_PROP(VersionProperty, TheUnionOfTwoRangesHoldsTheirKeys, ()) {
  const KeyRange a = *GenRange();
  const KeyRange b = *GenRange();
  RC_PRE(!KeysIn(a).empty() && !KeysIn(b).empty());
  std::set<UserKey> both = KeysIn(a);
  both.merge(KeysIn(b));
  const std::set<UserKey> in_union = KeysIn(UnionOf(a, b));
  RC_ASSERT(std::includes(in_union.begin(), in_union.end(), both.begin(), both.end()));
  RC_ASSERT(*in_union.begin() == *both.begin());
  RC_ASSERT(*in_union.rbegin() == *both.rbegin());
}

}  // namespace
}  // namespace veralith
