// SPDX-License-Identifier: Apache-2.0

#include "property_tests/exploration/forks.h"

#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/base/sync.h"
#include "core/base/testing/in_child.h"
#include "core/fs/testing/temporary_directory.h"
#include "veralith/db.h"

namespace veralith::model {
namespace {

constexpr uint64_t kChildsKeys = 300;

// Small, so that flushes and compactions are under way at every moment.
Options SmallOptions() {
  Options options;
  options.write_buffer_bytes = 16 << 10;
  options.target_segment_bytes = 16 << 10;
  options.level_base_bytes = 64 << 10;
  options.cache_bytes = 16 << 10;
  options.key_page_bytes = options.value_page_bytes = 256;
  options.level0_compaction_trigger = 3;
  return options;
}

std::string KeyOf(uint64_t i) { return "key " + std::to_string(1'000'000 + i); }
std::string ValueOf(uint64_t i) {
  return std::to_string(i) + std::string(i % 5 == 0 ? 400 : 20, 'v');
}

Difference ErrorOf(const absl::Status& status) { return status.ok() ? Agree() : ToString(status); }

// Checks that the database holds keys 0 to `count` - 1, and their values.
Difference CheckKeys(Db& db, uint64_t count) {
  const std::unique_ptr<DbIterator> it = db.NewIterator({});
  uint64_t i = 0;
  for (it->SeekToFirst(); it->Valid(); it->Next(), ++i) {
    if (it->key() != KeyOf(i) || it->value() != ValueOf(i)) {
      return "found " + std::string(it->key()) + " where " + KeyOf(i) + " must be";
    }
  }
  if (!it->status().ok()) {
    return ErrorOf(it->status());
  }
  return i == count ? Agree() : std::to_string(i) + " keys, not " + std::to_string(count);
}

Difference Refused(const char* call, const absl::Status& status) {
  const bool right = absl::IsFailedPrecondition(status) &&
                     Message(status).find("forked") != std::string_view::npos;
  return right ? Agree() : std::string(call) + " in a child: " + ToString(status);
}

Difference FirstOf(const std::vector<std::function<Difference()>>& checks) {
  for (const auto& check : checks) {
    VERALITH_RETURN_IF_DIFFERENT(check());
  }
  return Agree();
}

// The parent, and what its children inherit.
class Family {
 public:
  Family(uint64_t seed, unsigned seconds) : random_(seed), seconds_(seconds) {}

  Difference Live(int forks) {
    Difference difference = Open();
    std::thread writer([this] { Write(); });
    std::thread reader([this] { Read(); });
    for (int i = 0; i < forks && difference.agrees(); ++i) {
      const uint64_t from = written_.Load();
      while (written_.Load() < from + 50 && !stop_.Load()) {
        std::this_thread::yield();
      }
      Hold();
      const uint64_t seed = random_.Next();
      const std::string wrong =
          InChild([this, seed] { return LiveAsChild(seed).words(); }, seconds_);
      difference = wrong.empty() ? Agree() : wrong;
      LetGo();
    }
    stop_.Store(true);
    writer.join();
    reader.join();
    return FirstOf(
        {[&] { return difference; }, [this] { return wrong_; }, [this] { return CheckEnd(); }});
  }

 private:
  Difference Open() {
    absl::StatusOr<std::unique_ptr<Db>> db =
        Db::Open(directory_.path() + "/parent", SmallOptions());
    if (!db.ok()) {
      return "opening: " + ToString(db.status());
    }
    db_ = *std::move(db);
    return Agree();
  }

  void Write() {
    while (!stop_.Load()) {
      const uint64_t i = written_.Load();
      if (const absl::Status status = db_->Put({}, KeyOf(i), ValueOf(i)); !status.ok()) {
        wrong_ = "the parent's write: " + ToString(status);
        stop_.Store(true);
        return;
      }
      written_.Store(i + 1);
    }
  }
  void Read() {
    Random random(1);
    PinnedValue value;
    while (!stop_.Load()) {
      db_->Get({}, KeyOf(random.Below(written_.Load() + 1)), &value).IgnoreError();
      const ScopedSnapshot snapshot(*db_);
    }
  }

  // What the parent has open when it forks.
  void Hold() {
    snapshot_ = db_->GetSnapshot();
    iterator_ = db_->NewIterator({});
    iterator_->SeekToFirst();
    db_->Get({}, KeyOf(0), &pinned_).IgnoreError();
  }
  void LetGo() {
    db_->ReleaseSnapshot(snapshot_);
    iterator_.reset();
    pinned_.Reset();
  }

  // --- In a child --------------------------------------------------------------------------------
  Difference LiveAsChild(uint64_t seed) {
    Random random(seed);
    PinnedValue value;
    VERALITH_RETURN_IF_DIFFERENT(Refused("Get", db_->Get({}, KeyOf(0), &value).status()));
    std::vector<std::function<Difference()>> calls = Calls();
    for (size_t i = calls.size(); i > 1; --i) {
      std::swap(calls[i - 1], calls[random.Below(i)]);
    }
    VERALITH_RETURN_IF_DIFFERENT(FirstOf(calls));
    if (random.OneIn(2)) {
      iterator_.reset();
      pinned_.Reset();
    }
    db_.reset();
    return LiveOnItsOwn(seed);
  }

  std::vector<std::function<Difference()>> Calls() {
    const auto refused = [](const char* call, std::function<absl::Status()> make) {
      return [call, make = std::move(make)] { return Refused(call, make()); };
    };
    return {
        refused("Put", [this] { return db_->Put({}, "k", "v"); }),
        refused("Delete", [this] { return db_->Delete({}, "k"); }),
        refused("DeleteRange", [this] { return db_->DeleteRange({}, 0, "", std::nullopt); }),
        refused("Write", [this] { return db_->Write({}, WriteBatch()).status(); }),
        refused("Sync", [this] { return db_->Sync(); }),
        refused("MultiGet", [this] { return db_->MultiGet({}, 0, {}).status(); }),
        refused("NewIterator", [this] { return db_->NewIterator({})->status(); }),
        refused("ListNamespaces", [this] { return db_->ListNamespaces({}).status(); }),
        refused("an iterator",
                [this] { return iterator_->Valid() ? absl::OkStatus() : iterator_->status(); }),
        refused("GetSnapshotAt", [this] { return db_->GetSnapshotAt(1).status(); }),
        refused("Flush", [this] { return db_->Flush(); }),
        refused("CompactAll", [this] { return db_->CompactAll(); }),
        refused("WaitForBackgroundWork", [this] { return db_->WaitForBackgroundWork(); }),
        refused("Resume", [this] { return db_->Resume(); }),
        refused("PauseBackgroundWork", [this] { return db_->PauseBackgroundWork(); }),
        refused("ContinueBackgroundWork", [this] { return db_->ContinueBackgroundWork(); }),
        refused("Checkpoint", [this] { return db_->Checkpoint(directory_.path() + "/copy"); }),
        refused("Check", [this] { return db_->Check(); }),
        refused("AdvanceClock", [this] { return db_->AdvanceClock(1); }),
        refused("Close", [this] { return db_->Close(); }),
        refused("GetStatistics",
                [this] { return FailedPrecondition(db_->GetStatistics().background_error); }),
        [this]() -> Difference {
          const Snapshot* const snapshot = db_->GetSnapshot();
          db_->ReleaseSnapshot(snapshot_);
          db_->ReleaseSnapshot(snapshot);
          db_->SetBackgroundRate(1);
          return pinned_.view() == ValueOf(0) ? Agree() : "a pinned value changed in a child";
        },
    };
  }

  Difference LiveOnItsOwn(uint64_t seed) {
    const std::string directory = directory_.path() + "/child " + std::to_string(seed);
    for (int life = 0; life < 2; ++life) {
      absl::StatusOr<std::unique_ptr<Db>> own = Db::Open(directory, SmallOptions());
      absl::Status status = own.status();
      for (uint64_t i = 0; i < kChildsKeys && life == 0 && status.ok(); ++i) {
        status = (*own)->Put({}, KeyOf(i), ValueOf(i));
      }
      for (const auto& call : {&Db::Flush, &Db::CompactAll, &Db::Check}) {
        status = status.ok() ? ((**own).*call)() : status;
      }
      constexpr std::string_view kWhere = "a child's own database: ";
      VERALITH_RETURN_IF_DIFFERENT(ErrorOf(status).In(kWhere));
      VERALITH_RETURN_IF_DIFFERENT(CheckKeys(**own, kChildsKeys).In(kWhere));
      VERALITH_RETURN_IF_DIFFERENT(ErrorOf((*own)->Close()).In(kWhere));
    }
    return Agree();
  }

  // --- The parent again --------------------------------------------------------------------------
  Difference CheckEnd() {
    for (int life = 0; life < 2; ++life) {
      Difference difference = FirstOf({
          [this] { return CheckKeys(*db_, written_.Load()); },
          [this] { return ErrorOf(db_->CompactAll()); },
          [this] { return ErrorOf(db_->Check()); },
          [this] { return ErrorOf(db_->Close()); },
      });
      db_.reset();
      VERALITH_RETURN_IF_DIFFERENT(std::move(difference).In("afterwards, in the parent: "));
      VERALITH_RETURN_IF_DIFFERENT(life == 0 ? Open() : Agree());
    }
    return Agree();
  }

  Random random_;
  const unsigned seconds_;
  const TemporaryDirectory directory_;
  std::unique_ptr<Db> db_;
  Atomic<uint64_t> written_{0};
  Atomic<bool> stop_{false};
  Difference wrong_ = Agree();  // what the writer found wrong; read once it has ended
  const Snapshot* snapshot_ = nullptr;
  std::unique_ptr<DbIterator> iterator_;
  PinnedValue pinned_;
};

}  // namespace

Difference CheckForks(uint64_t seed, int forks, unsigned seconds) {
  return Family(seed, seconds).Live(forks);
}

}  // namespace veralith::model
