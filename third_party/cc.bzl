# SPDX-License-Identifier: Apache-2.0

"""The C++ rules of this repository: those of @rules_cc, with the options that its sources need.

So a workspace that embeds Veralith needs no options for it. Options that are a matter of taste
(optimization, sanitizers, warnings of one compiler) are in .bazelrc.
"""

load(
    "@rules_cc//cc:defs.bzl",
    _cc_binary = "cc_binary",
    _cc_library = "cc_library",
    _cc_test = "cc_test",
)

_COPTS = [
    "-std=c++20",
    "-Wall",
    "-Wextra",
    "-Wno-unused-parameter",
]

def cc_library(name, copts = [], **kwargs):
    _cc_library(name = name, copts = _COPTS + copts, **kwargs)

def cc_binary(name, copts = [], **kwargs):
    _cc_binary(name = name, copts = _COPTS + copts, **kwargs)

def cc_test(name, copts = [], **kwargs):
    _cc_test(name = name, copts = _COPTS + copts, **kwargs)
