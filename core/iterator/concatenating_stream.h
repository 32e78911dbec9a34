// SPDX-License-Identifier: Apache-2.0

// One sorted run of many parts as one. Parts are sorted, and no user key is in two of them. So at
// most one is open at a time, and a seek opens only the part that can hold the key.
//
// Invariants
//   1. Parts ascend; part i's entries all lie in its bounds; bounds of different parts share no
//      user key.
//   2. An opener's error, or a part's, makes the stream invalid with that status until the next
//      seek; the part is not skipped.
#ifndef VERALITH_CORE_ITERATOR_CONCATENATING_STREAM_H_
#define VERALITH_CORE_ITERATOR_CONCATENATING_STREAM_H_

#include <cstddef>
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/iterator/version_stream.h"
#include "veralith/types.h"

namespace veralith {

// The parts, as the caller knows them. Owned by the stream; keeps alive whatever it needs.
class StreamParts {
 public:
  virtual ~StreamParts() = default;
  virtual size_t size() const = 0;
  // Whether every entry of part i lies before (ns, key): its user keys are all smaller. May answer
  // false when unsure (part bounds that are wider than its entries), never true wrongly.
  virtual bool EndsBefore(size_t i, NamespaceId ns, std::string_view key) const = 0;
  // Called when the stream enters the part.
  virtual absl::StatusOr<std::unique_ptr<VersionStream>> Open(size_t i) = 0;
};

std::unique_ptr<VersionStream> NewConcatenatingStream(std::unique_ptr<StreamParts> parts);

}  // namespace veralith

#endif  // VERALITH_CORE_ITERATOR_CONCATENATING_STREAM_H_
