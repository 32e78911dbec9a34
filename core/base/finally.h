// SPDX-License-Identifier: Apache-2.0

// Runs something at the end of a scope, however that ends.
#ifndef VERALITH_CORE_BASE_FINALLY_H_
#define VERALITH_CORE_BASE_FINALLY_H_

#include <utility>

namespace veralith {

template <typename Action>
class Finally {
 public:
  // `action` throws nothing.
  explicit Finally(Action action) : action_(std::move(action)) {}
  ~Finally() { action_(); }
  Finally(const Finally&) = delete;
  Finally& operator=(const Finally&) = delete;

 private:
  const Action action_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_BASE_FINALLY_H_
