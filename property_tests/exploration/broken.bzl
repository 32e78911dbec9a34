"""Tests of deliberately broken engines.

broken_engine_test runs a test binary that is built, with all of the engine under it, with
VERALITH_BROKEN_ENGINES (core/base/broken.h): a configuration of its own, so that `bazel test //...`
has both engines and nothing of the faults gets into the ordinary one.
"""

def _broken_configuration(settings, attr):
    return {"//command_line_option:copt": settings["//command_line_option:copt"] +
                                          ["-DVERALITH_BROKEN_ENGINES"]}

_broken = transition(
    implementation = _broken_configuration,
    inputs = ["//command_line_option:copt"],
    outputs = ["//command_line_option:copt"],
)

def _broken_engine(ctx):
    binary = ctx.attr.binary[0][DefaultInfo]
    link = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = link,
        target_file = binary.files_to_run.executable,
        is_executable = True,
    )
    return [DefaultInfo(executable = link, runfiles = binary.default_runfiles)]

_ATTRIBUTES = {
    "binary": attr.label(cfg = _broken, mandatory = True),
    "_allowlist_function_transition": attr.label(
        default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
    ),
}

broken_engine_test = rule(implementation = _broken_engine, attrs = _ATTRIBUTES, test = True)

# The same as a program: `bazel run` it.
broken_engine_binary = rule(
    implementation = _broken_engine,
    attrs = _ATTRIBUTES,
    executable = True,
)
