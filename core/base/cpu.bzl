# SPDX-License-Identifier: Apache-2.0

"""Plain code in place of the processor's vector and checksum instructions: --config=plain.

The targets that choose between them have these local_defines. Nothing else sees the define, so the
two configurations share all other objects.
"""

CPU_DEFINES = select({
    "//core/base:plain_cpu": ["VERALITH_PLAIN_CPU"],
    "//conditions:default": [],
})
