// SPDX-License-Identifier: Apache-2.0

#include "model/conformance/database_under_test.h"

namespace veralith::model {

absl::StatusOr<std::unique_ptr<Db>> OpenDatabaseUnderTest(const std::string& directory,
                                                          const Options& options) {
  return Db::Open(directory, options);
}

}  // namespace veralith::model
