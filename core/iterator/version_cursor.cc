#include "core/iterator/version_cursor.h"

#include <string>
#include <utility>

#include "core/base/check.h"

namespace veralith {
namespace {

// Steps over versions of one key before a seek takes over.
constexpr int kMaxSteps = 8;

class VersionCursor final : public KeyCursor {
 public:
  VersionCursor(std::unique_ptr<Iterator> versions, NamespaceId ns, Timestamp snapshot)
      : versions_(std::move(versions)), ns_(ns), snapshot_(snapshot) {}

  void SeekToFirst() override { Seek({}); }
  void Seek(std::string_view key) override {
    versions_->Seek(ns_, key, kMaxTimestamp);
    FindForward();
  }
  void SeekToLast() override {
    if (ns_ < kMaxNamespace) {
      versions_->SeekForPrev(ns_ + 1, {}, kMaxTimestamp);
    } else {
      versions_->SeekToLast();
    }
    while (versions_->Valid() && versions_->entry().ns > ns_) {
      versions_->Prev();  // a version there with the largest timestamp there is
    }
    FindBackward();
  }
  void SeekForPrev(std::string_view key) override {
    versions_->SeekForPrev(ns_, key, 0);
    FindBackward();
  }
  void Next() override {
    VERALITH_DCHECK(valid_);
    LeaveForward();
    FindForward();
  }
  void Prev() override {
    VERALITH_DCHECK(valid_);
    LeaveBackward();
    FindBackward();
  }

  Timestamp max_timestamp() const override { return versions_->max_timestamp(); }

 protected:
  bool LoadEntry() override { return true; }      // versions come whole
  bool ReadTimestamp() override { return true; }  // see Show

 private:
  bool InNamespace() const { return versions_->Valid() && versions_->entry().ns == ns_; }
  bool OnKey(std::string_view key) const { return InNamespace() && versions_->entry().key == key; }

  void Show() {
    const EntryView& entry = versions_->entry();
    Stand(entry.key);
    status_ = absl::OkStatus();
    kind_ = entry.kind;
    value_ = entry.value;
    timestamp_ = entry.ts;
    is_loaded_ = true;
    is_dated_ = true;
  }

  void Finish() {
    valid_ = false;
    status_ = versions_->Valid() ? absl::OkStatus() : versions_->status();
  }

  // From the newest version of a key, or any that is not visible.
  void FindForward() {
    while (InNamespace()) {
      if (versions_->entry().ts <= snapshot_) {
        Show();
        return;
      }
      SkipNewer();
    }
    Finish();
  }

  // To the newest version at or below the snapshot, or to the next key.
  void SkipNewer() {
    left_.assign(versions_->entry().key);
    for (int step = 0; step < kMaxSteps; ++step) {
      versions_->Next();
      if (!OnKey(left_) || versions_->entry().ts <= snapshot_) {
        return;
      }
    }
    versions_->Seek(ns_, left_, snapshot_);
  }

  // To the next key.
  void LeaveForward() {
    left_.assign(versions_->entry().key);
    for (int step = 0; step < kMaxSteps; ++step) {
      versions_->Next();
      if (!OnKey(left_)) {
        return;
      }
    }
    versions_->Seek(ns_, left_, 0);
  }

  // From the oldest version of a key.
  void FindBackward() {
    while (InNamespace()) {
      if (versions_->entry().ts <= snapshot_) {
        left_.assign(versions_->entry().key);
        versions_->Seek(ns_, left_, snapshot_);
        if (OnKey(left_)) {
          Show();
        } else {
          Finish();
        }
        return;
      }
      LeaveBackward();
    }
    Finish();
  }

  // To the oldest version of the key before.
  void LeaveBackward() {
    left_.assign(versions_->entry().key);
    versions_->SeekForPrev(ns_, left_, kMaxTimestamp);
    while (OnKey(left_)) {  // a version with the largest timestamp there is
      versions_->Prev();
    }
  }

  const std::unique_ptr<Iterator> versions_;
  const NamespaceId ns_;
  const Timestamp snapshot_;
  std::string left_;  // the key being left or looked for
};

}  // namespace

std::unique_ptr<KeyCursor> NewVersionCursor(std::unique_ptr<Iterator> versions, NamespaceId ns,
                                            Timestamp snapshot) {
  return std::make_unique<VersionCursor>(std::move(versions), ns, snapshot);
}

}  // namespace veralith
