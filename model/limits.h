// SPDX-License-Identifier: Apache-2.0

// Which writes the engine must refuse with InvalidArgument, before anything is written (DESIGN 1,
// promise 9), and which it must accept.
#ifndef VERALITH_MODEL_LIMITS_H_
#define VERALITH_MODEL_LIMITS_H_

#include <string_view>
#include <vector>

#include "model/kv_model.h"
#include "veralith/types.h"

namespace veralith::model {

inline bool KeyIsLegal(std::string_view key) { return key.size() <= kMaxKeyBytes; }

inline bool NamespaceIsLegal(NamespaceId ns) { return ns <= kMaxNamespace; }

inline bool WriteIsLegal(const Write& write) {
  return NamespaceIsLegal(write.ns) && KeyIsLegal(write.key) &&
         write.value.size() <= kMaxValueBytes && (!write.end || KeyIsLegal(*write.end));
}

inline bool BatchIsLegal(const std::vector<Write>& batch) {
  size_t bytes = 0;
  for (const Write& write : batch) {
    if (!WriteIsLegal(write)) {
      return false;
    }
    bytes += write.key.size() + write.value.size() + (write.end ? write.end->size() : 0);
  }
  return bytes <= kMaxBatchBytes;
}

}  // namespace veralith::model

#endif  // VERALITH_MODEL_LIMITS_H_
