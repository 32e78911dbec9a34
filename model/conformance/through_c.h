// SPDX-License-Identifier: Apache-2.0

// A Db that reaches the engine only through the functions of veralith/c.h. So every check of a
// database can check the interface for C, too.
//
// On the way it compares what C says twice: an iterator's move returns its status, a copy equals
// the pinned value, a batch gives its operations back.
// Thread rule: one thread.
#ifndef VERALITH_MODEL_CONFORMANCE_THROUGH_C_H_
#define VERALITH_MODEL_CONFORMANCE_THROUGH_C_H_

#include <memory>
#include <string>

#include "veralith/db.h"

namespace veralith::model {

// Like Db::Open. Options with a text go through veralith_options_set.
absl::StatusOr<std::unique_ptr<Db>> OpenThroughC(const std::string& directory,
                                                 const Options& options);

}  // namespace veralith::model

#endif  // VERALITH_MODEL_CONFORMANCE_THROUGH_C_H_
