// SPDX-License-Identifier: Apache-2.0

// What the processor has beyond what the compiler may assume of every one of its kind. Code that
// uses such an instruction asks here first, and has plain code for the answer no. Both give the
// same result: nothing that a file holds or a call returns depends on the processor.
//
// Found out once, before main. What asks still earlier sees "no", and runs the plain code.
// With VERALITH_PLAIN_CPU (--config=plain, core/base/cpu.bzl) the answer is always no.
//
// Vector instructions that every x86-64 and ARM64 processor has: byte_lanes.h.
#ifndef VERALITH_CORE_BASE_CPU_H_
#define VERALITH_CORE_BASE_CPU_H_

namespace veralith {

struct Cpu {
  bool crc32c = false;             // an instruction for CRC-32C: SSE4.2, or ARM's CRC32
  bool crc32 = false;              // an instruction for zlib's CRC-32: ARM's CRC32
  bool carryless_product = false;  // x86's PCLMULQDQ
};

extern const Cpu kThisCpu;

}  // namespace veralith

#endif  // VERALITH_CORE_BASE_CPU_H_
