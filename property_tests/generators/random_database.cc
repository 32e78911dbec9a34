// SPDX-License-Identifier: Apache-2.0

#include "property_tests/generators/random_database.h"

#include <set>
#include <utility>

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "veralith/testing/fault_plan.h"

namespace veralith {
namespace {

constexpr uint64_t kKeys = 40;
constexpr NamespaceId kNamespaces[] = {0, 7};

void Expect(const absl::Status& status) {
  if (!status.ok()) {
    CheckFailed(__FILE__, __LINE__, ToString(status).c_str());
  }
}

}  // namespace

RandomDatabase::RandomDatabase(uint64_t seed) : simulation_(seed), random_(seed) {}

void RandomDatabase::Open() {
  if (db_ == nullptr) {
    absl::StatusOr<std::unique_ptr<Db>> db = simulation_.Open();
    Expect(db.status());
    db_ = *std::move(db);
  }
}

std::string RandomDatabase::Key() {
  const uint64_t i = random_.Below(kKeys);
  return i == 0 ? std::string() : StrCat("key", 100 + i, std::string(i % 5, '\0'));
}

std::string RandomDatabase::Value() {
  switch (random_.Below(8)) {
    case 0:
      return "";
    case 1:
      return std::string(300 + random_.Below(600), static_cast<char>('a' + random_.Below(26)));
    default:
      return StrCat("value ", random_.Below(1'000'000), " of ", versions_.size());
  }
}

RandomDatabase::Range RandomDatabase::RandomRange() {
  Range range;
  range.ns = kNamespaces[random_.Below(2)];
  range.begin = Key();
  range.end = Key();
  range.open_end = random_.OneIn(6);
  if (range.begin > range.end) {
    std::swap(range.begin, range.end);
  }
  if (range.begin == range.end) {
    range.end.push_back('\0');
  }
  if (range.open_end) {
    range.end.clear();
  }
  return range;
}

void RandomDatabase::Commit(const WriteBatch& batch, std::vector<Version> versions,
                            std::vector<Range> ranges) {
  WriteOptions options;
  options.sync = random_.OneIn(3) ? SyncMode::kCommit : SyncMode::kManual;
  const absl::StatusOr<Timestamp> ts = db_->Write(options, batch);
  Expect(ts.status());
  for (Version& version : versions) {
    version.ts = *ts;
    versions_.push_back(std::move(version));
  }
  for (Range& range : ranges) {
    range.ts = *ts;
    ranges_.push_back(std::move(range));
  }
}

void RandomDatabase::WriteBatchOfSeveral() {
  WriteBatch batch;
  std::vector<Version> versions;
  std::vector<Range> ranges;
  if (random_.OneIn(6)) {
    const Range range = RandomRange();
    batch.DeleteRange(range.ns, range.begin,
                      range.open_end ? std::nullopt : std::optional<std::string_view>(range.end));
    ranges.push_back(range);
  }
  std::set<std::pair<NamespaceId, std::string>> keys;
  for (uint64_t i = random_.Below(6) + 1; i > 0; --i) {
    Version version;
    version.ns = kNamespaces[random_.OneIn(4) ? 1 : 0];
    version.key = Key();
    if (!keys.emplace(version.ns, version.key).second) {
      continue;
    }
    version.deleted = random_.OneIn(4);
    if (version.deleted) {
      batch.Delete(version.ns, version.key);
    } else {
      version.value = Value();
      batch.Put(version.ns, version.key, version.value);
    }
    versions.push_back(std::move(version));
  }
  Commit(batch, std::move(versions), std::move(ranges));
}

void RandomDatabase::Step() {
  switch (random_.Below(40)) {
    case 0:
      Expect(db_->Flush());
      break;
    case 1:
      Expect(db_->CompactAll());
      break;
    case 2:
      Expect(db_->Sync());
      break;
    case 3:
      Close();
      Open();
      break;
    case 4: {
      const Range range = RandomRange();
      WriteBatch batch;
      batch.DeleteRange(range.ns, range.begin,
                        range.open_end ? std::nullopt : std::optional<std::string_view>(range.end));
      Commit(batch, {}, {range});
      break;
    }
    default:
      WriteBatchOfSeveral();
  }
}

void RandomDatabase::Run(int operations) {
  Open();
  for (int i = 0; i < operations; ++i) {
    Step();
  }
}

void RandomDatabase::Close() {
  if (db_ != nullptr) {
    Expect(db_->Close());
    db_ = nullptr;
  }
}

void RandomDatabase::CloseWithoutRoomForSegments() {
  Open();
  simulation_.disk().SetFaults(*ParseFaultPlan("create@.parquet#1+=enospc"));
  Close();
  simulation_.disk().SetFaults({});
}

void RandomDatabase::Kill() {
  if (db_ == nullptr) {
    return;
  }
  std::unique_ptr<SimulatedFileSystem> left = simulation_.disk().CloneWithEverything();
  db_->Close().IgnoreError();
  db_ = nullptr;
  simulation_.Replace(std::move(left));
}

absl::StatusOr<RandomDatabase::Contents> RandomDatabase::ReadAll(Db& db) {
  Contents contents;
  for (const NamespaceId ns : kNamespaces) {
    ScanOptions options;
    options.ns = ns;
    const std::unique_ptr<DbIterator> it = db.NewIterator(options);
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      contents[{ns, std::string(it->key())}] = std::string(it->value());
    }
    VERALITH_RETURN_IF_ERROR(it->status());
  }
  return contents;
}

RandomDatabase::Contents RandomDatabase::Read() {
  Open();
  absl::StatusOr<Contents> contents = ReadAll(*db_);
  Expect(contents.status());
  return *std::move(contents);
}

RandomDatabase::Contents RandomDatabase::StateOf(const std::vector<Version>& versions,
                                                 const std::vector<Range>& ranges) {
  std::map<std::pair<NamespaceId, std::string>, const Version*> newest;
  for (const Version& version : versions) {
    const Version*& held = newest[{version.ns, version.key}];
    if (held == nullptr || held->ts < version.ts) {
      held = &version;
    }
  }
  Contents contents;
  for (const auto& [key, version] : newest) {
    bool hidden = version->deleted;
    for (const Range& range : ranges) {
      hidden = hidden || (range.ts > version->ts && range.Covers(key.first, key.second));
    }
    if (!hidden) {
      contents[key] = version->value;
    }
  }
  return contents;
}

}  // namespace veralith
