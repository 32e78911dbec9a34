# SPDX-License-Identifier: Apache-2.0

"""Tests and programs over the engine with all its faults (engine.bzl)."""

load("//third_party:cc.bzl", "cc_binary")

def _in_the_broken_engine(ctx):
    binary = ctx.attr.binary[DefaultInfo]
    link = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = link,
        target_file = binary.files_to_run.executable,
        is_executable = True,
    )
    runfiles = ctx.runfiles(files = ctx.files.data).merge(binary.default_runfiles)
    return [DefaultInfo(executable = link, runfiles = runfiles)]

_ATTRIBUTES = {
    "binary": attr.label(mandatory = True),
    "data": attr.label_list(allow_files = True),
}

_broken_engine_test = rule(implementation = _in_the_broken_engine, attrs = _ATTRIBUTES, test = True)
_broken_engine_binary = rule(
    implementation = _in_the_broken_engine,
    attrs = _ATTRIBUTES,
    executable = True,
)

def _declare(rule, name, srcs, deps, target_compatible_with = [], **kwargs):
    if native.repository_name().endswith("veralith_broken"):
        cc_binary(
            name = name,
            testonly = True,
            srcs = srcs,
            local_defines = ["VERALITH_BROKEN_ENGINE"],
            target_compatible_with = target_compatible_with,
            deps = deps,
        )
    else:
        rule(
            name = name,
            testonly = True,
            binary = "@veralith_broken//%s:%s" % (native.package_name(), name),
            target_compatible_with = target_compatible_with,
            **kwargs
        )

def broken_engine_test(name, **kwargs):
    """A test that is built in @veralith_broken, with all of the engine under it, and run here."""
    _declare(_broken_engine_test, name, **kwargs)

def broken_engine_binary(name, **kwargs):
    """The same as a program: `bazel run` it."""
    _declare(_broken_engine_binary, name, **kwargs)
