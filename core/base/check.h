// SPDX-License-Identifier: Apache-2.0

// Assertions. VERALITH_CHECK is always on: it guards what must hold whatever bytes are on disk; a
// failure is a bug in this program, is printed with its place, and aborts. Never use it on input:
// bad input is a Status. VERALITH_DCHECK costs nothing in release builds (NDEBUG).
#ifndef VERALITH_CORE_BASE_CHECK_H_
#define VERALITH_CORE_BASE_CHECK_H_

namespace veralith {

[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);

}  // namespace veralith

#define VERALITH_CHECK(condition)                              \
  do {                                                         \
    if (!(condition)) [[unlikely]] {                           \
      ::veralith::CheckFailed(__FILE__, __LINE__, #condition); \
    }                                                          \
  } while (false)

#ifdef NDEBUG
#define VERALITH_DCHECK(condition) \
  do {                             \
    if (false) {                   \
      (void)(condition);           \
    }                              \
  } while (false)
#else
#define VERALITH_DCHECK(condition) VERALITH_CHECK(condition)
#endif

#endif  // VERALITH_CORE_BASE_CHECK_H_
