# SPDX-License-Identifier: Apache-2.0

"""What MODULE.bazel needs besides modules: their libraries under our names, and the broken engine.

With a Bazel that reads WORKSPACE, repositories.bzl does the same from Debian's packages.
"""

load("//property_tests/exploration/faults:engine.bzl", "broken_engine")

# Our names, and the targets of modules in the Bazel Central Registry that stand for them.
_LIBRARIES = {
    "absl_containers": [
        "@abseil-cpp//absl/container:flat_hash_map",
        "@abseil-cpp//absl/container:flat_hash_set",
    ],
    "absl_status": [
        "@abseil-cpp//absl/base:core_headers",
        "@abseil-cpp//absl/status",
        "@abseil-cpp//absl/status:statusor",
    ],
    "absl_strings": ["@abseil-cpp//absl/strings"],
    "isal": [],  # not in the registry: checksum.h does without
    "json": ["@nlohmann_json//:json"],
    "lz4": ["@lz4//:lz4"],
    "snappy": ["@snappy//:snappy"],
    "xxhash": ["@xxhash//:xxhash"],
    "zstd": ["@zstd//:zstd"],
}

_BUILD = '''load("@rules_cc//cc:defs.bzl", "cc_library")

package(default_visibility = ["//visibility:public"])

[cc_library(name = name, deps = deps) for name, deps in {libraries}.items()]

cc_library(
    name = "rapidcheck",
    testonly = True,
    deps = ["@rapidcheck//:rapidcheck", "@rapidcheck//:rapidcheck_gtest"],
)
'''

def _registry_libraries_impl(repository_ctx):
    repository_ctx.file("BUILD.bazel", _BUILD.format(libraries = repr(_LIBRARIES)))
    repository_ctx.file("isal.bzl", "HAS_ISAL = False\n")
    repository_ctx.file("shell.bzl", """load("@rules_shell//shell:sh_test.bzl", _sh_test = "sh_test")

sh_test = _sh_test
""")

_registry_libraries = repository_rule(implementation = _registry_libraries_impl)

def _extension_impl(module_ctx):
    _registry_libraries(name = "veralith_libraries")
    broken_engine(name = "veralith_broken")

veralith = module_extension(implementation = _extension_impl)
