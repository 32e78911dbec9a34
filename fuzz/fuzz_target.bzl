# SPDX-License-Identifier: Apache-2.0

"""One fuzz target: a libFuzzer binary, and the replay of its corpus as an ordinary test."""

load("//third_party:cc.bzl", "cc_binary", "cc_library", "cc_test")

def fuzz_target(name, deps, size = "small", copts = []):
    """Declares the fuzz target whose entry point LLVMFuzzerTestOneInput is in <name>.cc.

    Makes <name>_replay_test, which runs every file of corpus/<name> once (in any configuration),
    and <name>_fuzzer, to be built with --config=fuzz (./dev fuzz <name> does both steps).

    Args:
      name: of the target, of its source file and of its corpus folder.
      deps: what the harness calls.
      size: of the replay test.
      copts: compiler options of the harness.
    """
    cc_library(
        name = name + "_harness",
        testonly = True,
        srcs = [name + ".cc"],
        copts = copts,
        deps = deps,
        alwayslink = True,
    )
    cc_test(
        name = name + "_replay_test",
        size = size,
        srcs = ["replay_main.cc"],
        args = ["corpus/" + name],
        data = ["//corpus:" + name],
        deps = [
            ":" + name + "_harness",
            "//core/base/testing:at_repository_root",
        ],
    )
    cc_binary(
        name = name + "_fuzzer",
        testonly = True,
        linkopts = ["-fsanitize=fuzzer"],
        tags = ["manual"],
        deps = [":" + name + "_harness"],
    )
