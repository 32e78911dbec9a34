// SPDX-License-Identifier: Apache-2.0

// Calls of veralith/c.h with an argument that is wrong, and can be known to be.
#ifndef VERALITH_FUZZ_C_API_WRONG_CALLS_H_
#define VERALITH_FUZZ_C_API_WRONG_CALLS_H_

#include <cstddef>
#include <cstdint>

#include "veralith/c.h"

namespace veralith {

// Where wrong calls put what they must not have.
struct WrongOutputs {
  // What the caller left there; a refused call makes it null.
  char* value = nullptr;
  size_t size = 0;
  uint64_t* numbers = nullptr;
  uint64_t number = 0;
  veralith_iterator_t* iterator = nullptr;
  veralith_snapshot_t* snapshot = nullptr;
  veralith_t* db = nullptr;
  veralith_report_t* report = nullptr;

  bool AreNull() const {
    return value == nullptr && size == 0 && numbers == nullptr && number == 0 &&
           iterator == nullptr && snapshot == nullptr && db == nullptr && report == nullptr;
  }
};

inline constexpr size_t kWrongCalls = 43;

// Makes wrong call `choice` (below kWrongCalls). `iterator` may be null: that is wrong, too.
veralith_status_t* CallWrongly(size_t choice, veralith_t* db, veralith_batch_t* batch,
                               veralith_iterator_t* iterator, WrongOutputs* out);

}  // namespace veralith

#endif  // VERALITH_FUZZ_C_API_WRONG_CALLS_H_
