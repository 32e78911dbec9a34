# SPDX-License-Identifier: Apache-2.0

"""Repository rules over sources that Debian packages install."""

_RULES_CC = "/usr/share/bazel/rules/cc"
_GOOGLETEST = "/usr/src/googletest"

def _copy(repository_ctx, path):
    result = repository_ctx.execute(["cp", "-R", path + "/.", "."])
    if result.return_code != 0:
        fail("cannot copy %s (is its package installed? run ./dev setup): %s" % (path, result.stderr))

def _debian_rules_cc_impl(repository_ctx):
    _copy(repository_ctx, _RULES_CC)

    # Debian's rules_cc 0.0.4 loads use_cpp_toolchain, which Debian's Bazel 4.2.3 does not have.
    for name in ["compiler_flag.bzl", "cc_flags_supplier.bzl"]:
        path = "cc/private/rules_impl/" + name
        text = repository_ctx.read(path)
        text = text.replace(', "use_cpp_toolchain"', "")
        text = text.replace("use_cpp_toolchain()", '["@bazel_tools//tools/cpp:toolchain_type"]')
        repository_ctx.file(path, text)

debian_rules_cc = repository_rule(
    implementation = _debian_rules_cc_impl,
    doc = "rules_cc as Debian packages it, adapted to Debian's Bazel.",
    local = True,
)

def _debian_googletest_impl(repository_ctx):
    _copy(repository_ctx, _GOOGLETEST)
    repository_ctx.delete("BUILD.bazel")
    repository_ctx.file("BUILD", repository_ctx.read(Label("//third_party:googletest.BUILD")))

debian_googletest = repository_rule(
    implementation = _debian_googletest_impl,
    doc = "GoogleTest built from the sources that Debian's googletest package installs.",
    local = True,
)

def _debian_libraries_impl(repository_ctx):
    repository_ctx.file("BUILD", repository_ctx.read(Label("//third_party:debian_libraries.BUILD")))
    repository_ctx.file("isal.bzl", "HAS_ISAL = True\n")
    repository_ctx.file("shell.bzl", "sh_test = native.sh_test\n")

debian_libraries = repository_rule(
    implementation = _debian_libraries_impl,
    doc = "The libraries that Debian packages install, as targets (third_party/BUILD names them).",
    local = True,
)

def _coverage_tools_impl(repository_ctx):
    repository_ctx.file("BUILD", """
package(default_visibility = ["//visibility:public"])

filegroup(name = "coverage_report_generator")

filegroup(name = "lcov_merger")
""")

coverage_tools = repository_rule(
    implementation = _coverage_tools_impl,
    doc = "Bazel 4.2 wants this repository as soon as a test is analysed; nothing of it is used.",
)
