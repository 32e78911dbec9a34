// SPDX-License-Identifier: Apache-2.0

#include "core/base/cpu.h"

#if defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace veralith {
namespace {

Cpu Detect() {
  Cpu cpu;
#if defined(VERALITH_PLAIN_CPU)
#elif defined(__x86_64__)
  __builtin_cpu_init();
  cpu.crc32c = __builtin_cpu_supports("sse4.2") != 0;
  cpu.carryless_product = __builtin_cpu_supports("pclmul") != 0;
#elif defined(__aarch64__) && defined(__linux__)
  cpu.crc32c = cpu.crc32 = (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0;
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
  cpu.crc32c = cpu.crc32 = true;  // all of Apple's
#endif
  return cpu;
}

}  // namespace

const Cpu kThisCpu = Detect();

}  // namespace veralith
