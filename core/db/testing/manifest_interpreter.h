// SPDX-License-Identifier: Apache-2.0

// Tells the order monitor (core/fs/testing/order_monitor.h) what Veralith's manifests and pointers
// say: the real decoders, so that the monitor watches what recovery would believe.
//
// A segment that a manifest names must have its bytes and its name durable; a log, which is named
// before its first record, its name. The pointer of a checkpoint that is still being built, under a
// name that ends with ".tmp", protects nothing: nobody opens it.
//
// Thread rule: stateless. Cost: reads the whole manifest at each call.
#ifndef VERALITH_CORE_DB_TESTING_MANIFEST_INTERPRETER_H_
#define VERALITH_CORE_DB_TESTING_MANIFEST_INTERPRETER_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/fs/testing/order_monitor.h"

namespace veralith {

class DatabaseManifestInterpreter final : public ManifestInterpreter {
 public:
  bool IsManifest(const std::string& path) const override;
  bool IsPointer(const std::string& path) const override;
  std::vector<NamedFile> FilesNamedBy(const std::string& manifest_path,
                                      std::string_view bytes) const override;
  std::optional<std::string> ManifestNamedBy(const std::string& pointer_path,
                                             std::string_view bytes) const override;
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_TESTING_MANIFEST_INTERPRETER_H_
