// SPDX-License-Identifier: Apache-2.0

// The two ways to walk over a radix tree: every version (jobs), and the newest visible version of
// every key (scans).
#include <memory>

#include "core/base/check.h"
#include "core/base/sync.h"
#include "core/iterator/key_cursor.h"
#include "core/iterator/version_stream.h"
#include "core/memtable/encoded_key.h"
#include "core/memtable/radix_nodes.h"
#include "core/memtable/radix_path.h"
#include "core/memtable/radix_tree.h"

namespace veralith {
namespace {

using radix::Leaf;
using radix::Version;

// Points to one version of one leaf.
class RadixTreeStream final : public VersionStream {
 public:
  explicit RadixTreeStream(const Atomic<uintptr_t>* root) : path_(root) {}

  absl::Status status() const override { return absl::OkStatus(); }
  void SeekToFirst() override { ShowNewest(path_.First()); }
  void Seek(NamespaceId ns, std::string_view key) override {
    const EncodedKey encoded(ns, key);
    ShowNewest(path_.Seek(encoded.bytes()));
  }
  void Next() override {
    VERALITH_DCHECK(valid_);
    if (!version_->oldest()) {
      SetEntry(leaf_, radix::LinksOf(version_).older);
    } else {
      ShowNewest(path_.Next());
    }
  }

 private:
  void SetEntry(const Leaf* leaf, const Version* version) {
    leaf_ = leaf;
    version_ = version;
    valid_ = true;
    radix::ShowVersion(leaf, version, &entry_);
  }
  void ShowNewest(const Leaf* leaf) {
    valid_ = false;
    if (leaf != nullptr) {
      SetEntry(leaf, leaf->head.LoadAcquire());
    }
  }

  RadixPath path_;
  const Leaf* leaf_ = nullptr;
  const Version* version_ = nullptr;
};

// Points to one leaf; skips leaves without a visible version.
class RadixTreeCursor final : public KeyCursor {
 public:
  RadixTreeCursor(const Atomic<uintptr_t>* root, NamespaceId ns, Timestamp snapshot,
                  const Atomic<Timestamp>* newest)
      : path_(root), ns_(ns), snapshot_(snapshot), newest_(newest) {}

  Timestamp max_timestamp() const override {
    return newest_ == nullptr ? kMaxTimestamp : newest_->LoadRelaxed();
  }

  void SeekToFirst() override { Seek({}); }
  void SeekToLast() override {
    if (ns_ == kMaxNamespace) {
      FindBackward(path_.Last());
      return;
    }
    const EncodedKey behind(ns_ + 1, {});
    const Leaf* leaf = path_.SeekForPrev(behind.bytes());
    if (leaf != nullptr && leaf->ns() > ns_) {
      leaf = path_.Previous();  // the empty key of the next namespace
    }
    FindBackward(leaf);
  }
  void Seek(std::string_view key) override {
    const EncodedKey encoded(ns_, key);
    FindForward(path_.Seek(encoded.bytes()));
  }
  void SeekForPrev(std::string_view key) override {
    const EncodedKey encoded(ns_, key);
    FindBackward(path_.SeekForPrev(encoded.bytes()));
  }
  void Next() override {
    VERALITH_DCHECK(valid_);
    FindForward(path_.Next());
  }
  void Prev() override {
    VERALITH_DCHECK(valid_);
    FindBackward(path_.Previous());
  }

 protected:
  bool LoadEntry() override { return true; }      // versions lie in memory, whole
  bool ReadTimestamp() override { return true; }  // see Shows

 private:
  // Returns false if the leaf has no visible version.
  bool Shows(const Leaf* leaf) {
    const Version* const version = radix::NewestAtOrBelow(leaf->head.LoadAcquire(), snapshot_);
    if (version == nullptr) {
      return false;
    }
    SetKey(leaf->raw_key());
    kind_ = version->kind();
    value_ = version->value();
    timestamp_ = version->ts;
    is_loaded_ = true;
    has_timestamp_ = true;
    return true;
  }
  bool IsOurs(const Leaf* leaf) const { return leaf != nullptr && leaf->ns() == ns_; }
  void FindForward(const Leaf* leaf) {
    for (; IsOurs(leaf); leaf = path_.Next()) {
      if (Shows(leaf)) {
        return;
      }
    }
    End();
  }
  void FindBackward(const Leaf* leaf) {
    for (; IsOurs(leaf); leaf = path_.Previous()) {
      if (Shows(leaf)) {
        return;
      }
    }
    End();
  }

  RadixPath path_;
  const NamespaceId ns_;
  const Timestamp snapshot_;
  const Atomic<Timestamp>* const newest_;
};

}  // namespace

std::unique_ptr<VersionStream> RadixTree::NewStream() const {
  return std::make_unique<RadixTreeStream>(&root_);
}

std::unique_ptr<KeyCursor> RadixTree::NewCursor(NamespaceId ns, Timestamp snapshot,
                                                const Atomic<Timestamp>* newest) const {
  return std::make_unique<RadixTreeCursor>(&root_, ns, snapshot, newest);
}

}  // namespace veralith
