// SPDX-License-Identifier: Apache-2.0

// VERALITH_EXPORT marks what a program may use of a shared library; all else in it is hidden. A
// class or function of a public header that lacks it cannot be linked. Valid in C, too.
#ifndef VERALITH_EXPORT_H_
#define VERALITH_EXPORT_H_

#define VERALITH_EXPORT __attribute__((visibility("default")))

#endif  // VERALITH_EXPORT_H_
