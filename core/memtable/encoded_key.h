// SPDX-License-Identifier: Apache-2.0

// The encoding of one user key, made on the stack for keys of ordinary length.
#ifndef VERALITH_CORE_MEMTABLE_ENCODED_KEY_H_
#define VERALITH_CORE_MEMTABLE_ENCODED_KEY_H_

#include <memory>
#include <string_view>

#include "core/format/internal_key.h"
#include "veralith/types.h"

namespace veralith {

class EncodedKey {
 public:
  EncodedKey(NamespaceId ns, std::string_view key) {
    char* out = inline_;
    if (MaxInternalKeyBytes(key.size()) > sizeof(inline_)) [[unlikely]] {
      heap_.reset(new char[MaxInternalKeyBytes(key.size())]);
      out = heap_.get();
    }
    bytes_ = {out, static_cast<size_t>(StoreUserKey(out, ns, key) - out)};
  }
  EncodedKey(const EncodedKey&) = delete;
  EncodedKey& operator=(const EncodedKey&) = delete;

  std::string_view bytes() const { return bytes_; }

 private:
  std::string_view bytes_;
  std::unique_ptr<char[]> heap_;
  char inline_[512];
};

}  // namespace veralith

#endif  // VERALITH_CORE_MEMTABLE_ENCODED_KEY_H_
