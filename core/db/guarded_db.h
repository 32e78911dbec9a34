// SPDX-License-Identifier: Apache-2.0

// The border that no exception crosses: a Db that makes the calls of another, and an error of the
// memory that one lacks (core/base/no_memory.h).
#ifndef VERALITH_CORE_DB_GUARDED_DB_H_
#define VERALITH_CORE_DB_GUARDED_DB_H_

#include <memory>

#include "core/db/db_impl.h"
#include "veralith/db.h"

namespace veralith {

std::unique_ptr<Db> NewGuardedDb(std::unique_ptr<DbImpl> db);

}  // namespace veralith

#endif  // VERALITH_CORE_DB_GUARDED_DB_H_
