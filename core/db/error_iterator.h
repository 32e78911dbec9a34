// SPDX-License-Identifier: Apache-2.0

// The iterator of a scan that could not begin: Valid() is false for ever, and status() says why.
// Moving it does nothing.
//
// Thread rule: any threads at once; it never changes.
#ifndef VERALITH_CORE_DB_ERROR_ITERATOR_H_
#define VERALITH_CORE_DB_ERROR_ITERATOR_H_

#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "veralith/db_iterator.h"
#include "veralith/types.h"

namespace veralith {

class ErrorIterator : public DbIterator {
 public:
  // `status` is an error.
  explicit ErrorIterator(absl::Status status) : status_(std::move(status)) {}
  bool Valid() const override { return false; }
  absl::Status status() const override { return status_; }
  void SeekToFirst() override {}
  void SeekToLast() override {}
  void Seek(std::string_view) override {}
  void SeekForPrev(std::string_view) override {}
  void Next() override {}
  void Prev() override {}
  std::string_view key() const override { return {}; }
  std::string_view value() const override { return {}; }
  Timestamp timestamp() const override { return 0; }

 private:
  const absl::Status status_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_ERROR_ITERATOR_H_
