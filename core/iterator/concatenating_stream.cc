// SPDX-License-Identifier: Apache-2.0

#include "core/iterator/concatenating_stream.h"

#include <utility>

#include "core/base/check.h"

namespace veralith {
namespace {

class ConcatenatingStream final : public VersionStream {
 public:
  explicit ConcatenatingStream(std::unique_ptr<StreamParts> parts) : parts_(std::move(parts)) {}

  absl::Status status() const override { return status_; }

  void SeekToFirst() override {
    if (Enter(0)) {
      part_->SeekToFirst();
      Settle();
    }
  }
  void Seek(NamespaceId ns, std::string_view key) override {
    if (Enter(PartOf(ns, key))) {
      part_->Seek(ns, key);
      Settle();
    }
  }
  void Next() override {
    VERALITH_DCHECK(valid_);
    part_->Next();
    Settle();
  }

 private:
  // The first part that does not end before the key; size() when there is none.
  size_t PartOf(NamespaceId ns, std::string_view key) const {
    size_t low = 0;
    size_t high = parts_->size();
    while (low < high) {
      const size_t middle = low + (high - low) / 2;
      if (parts_->EndsBefore(middle, ns, key)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  // Opens part i unless it is open. False, and invalid, when there is no such part or it does not
  // open.
  bool Enter(size_t i) {
    valid_ = false;
    status_ = absl::OkStatus();
    if (i >= parts_->size()) {
      return false;
    }
    if (part_ != nullptr && at_ == i) {
      return true;
    }
    part_.reset();
    absl::StatusOr<std::unique_ptr<VersionStream>> opened = parts_->Open(i);
    if (!opened.ok()) {
      status_ = std::move(opened).status();
      return false;
    }
    part_ = *std::move(opened);
    at_ = i;
    return true;
  }

  // On the part's entry, or on the first one of a later part.
  void Settle() {
    while (!part_->Valid()) {
      if (Failed() || !Enter(at_ + 1)) {
        return;
      }
      part_->SeekToFirst();
    }
    SetEntry();
  }

  bool Failed() {
    valid_ = false;
    status_ = part_->status();
    return !status_.ok();
  }
  void SetEntry() {
    valid_ = true;
    entry_ = part_->entry();
  }

  const std::unique_ptr<StreamParts> parts_;
  std::unique_ptr<VersionStream> part_;  // of part at_; null: none is open
  size_t at_ = 0;
  absl::Status status_;
};

}  // namespace

std::unique_ptr<VersionStream> NewConcatenatingStream(std::unique_ptr<StreamParts> parts) {
  return std::make_unique<ConcatenatingStream>(std::move(parts));
}

}  // namespace veralith
