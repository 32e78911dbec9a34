// SPDX-License-Identifier: Apache-2.0

// Simpler neighbours of an operation, for shrinking: the same whichever producer found a failure.
#ifndef VERALITH_MODEL_SIMPLIFY_H_
#define VERALITH_MODEL_SIMPLIFY_H_

#include <set>
#include <vector>

#include "model/operation.h"

namespace veralith::model {

// Returns every operation one step simpler than this one: one field smaller, one element less, or a
// simpler kind that means the same. Empty for the simplest. Following any chain of them ends.
std::vector<Operation> Simplifications(const Operation& operation);

// Names that several operations share, and the same operation with one name exchanged for another:
// a key of the table by its index, or a namespace. Changing a name everywhere at once finds simpler
// traces that changing one operation does not.
struct Names {
  std::set<uint32_t> keys;
  std::set<NamespaceId> namespaces;
};
Names NamesOf(const Operation& operation);
Operation WithKeyRenamed(const Operation& operation, uint32_t from, uint32_t to);
Operation WithNamespaceRenamed(const Operation& operation, NamespaceId from, NamespaceId to);

}  // namespace veralith::model

#endif  // VERALITH_MODEL_SIMPLIFY_H_
