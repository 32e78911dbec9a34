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

_WARNINGS = [
    "-Wall",
    "-Wextra",
    "-Wno-unused-parameter",
]

def _copts(srcs, copts):
    in_c = type(srcs) == "list" and [source for source in srcs if source.endswith(".c")]
    return (["-std=c99"] if in_c else ["-std=c++20"]) + _WARNINGS + copts

def cc_library(name, srcs = [], copts = [], **kwargs):
    _cc_library(name = name, srcs = srcs, copts = _copts(srcs, copts), **kwargs)

def cc_binary(name, srcs = [], copts = [], **kwargs):
    _cc_binary(name = name, srcs = srcs, copts = _copts(srcs, copts), **kwargs)

def cc_test(name, srcs = [], copts = [], **kwargs):
    _cc_test(name = name, srcs = srcs, copts = _copts(srcs, copts), **kwargs)
