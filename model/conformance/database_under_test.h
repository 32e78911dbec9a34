// SPDX-License-Identifier: Apache-2.0

// The database that the conformance checks, property tests and the operations fuzzer run against.
#ifndef VERALITH_MODEL_CONFORMANCE_DATABASE_UNDER_TEST_H_
#define VERALITH_MODEL_CONFORMANCE_DATABASE_UNDER_TEST_H_

#include <memory>
#include <string>

#include "veralith/db.h"

namespace veralith::model {

absl::StatusOr<std::unique_ptr<Db>> OpenDatabaseUnderTest(const std::string& directory,
                                                          const Options& options);

}  // namespace veralith::model

#endif  // VERALITH_MODEL_CONFORMANCE_DATABASE_UNDER_TEST_H_
