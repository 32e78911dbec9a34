// SPDX-License-Identifier: Apache-2.0

// The three structs of Arrow's C data interface and C stream interface, as Arrow's specification
// lays them out. Every library that speaks Arrow has the same ones; whoever is included first
// defines them.
//
// Rules that they all share. `release` gives everything back and sets itself to null; a struct
// whose `release` is null holds nothing. A struct may be moved by copying its bytes and setting the
// source's `release` to null. What `children` point to is released by its parent.
#ifndef VERALITH_CORE_ARROW_ABI_H_
#define VERALITH_CORE_ARROW_ABI_H_

#include <cstdint>

extern "C" {

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  ArrowSchema** children;
  ArrowSchema* dictionary;
  void (*release)(ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  ArrowArray** children;
  ArrowArray* dictionary;
  void (*release)(ArrowArray*);
  void* private_data;
};

#endif  // ARROW_C_DATA_INTERFACE

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
  int (*get_schema)(ArrowArrayStream*, ArrowSchema* out);
  int (*get_next)(ArrowArrayStream*, ArrowArray* out);
  const char* (*get_last_error)(ArrowArrayStream*);
  void (*release)(ArrowArrayStream*);
  void* private_data;
};

#endif  // ARROW_C_STREAM_INTERFACE

}  // extern "C"

#endif  // VERALITH_CORE_ARROW_ABI_H_
