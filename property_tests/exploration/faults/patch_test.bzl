# SPDX-License-Identifier: Apache-2.0

"""Tests of patch.bzl, which Bazel evaluates when it loads the package."""

load(":patch.bzl", "apply_hunk", "hunks_of")

_SOURCE = "int a = 1;\nint b = 2;\nint c = 3;\nint b = 2;\nint d = 4;\n"
_PATCHED = "int a = 1;\nint b = 2;\nint c = 3;\nint added = 0;\nint b = 2;\nint d = 5;\n"
_PATCH = """\
What it is for.
--- a/x.cc
+++ b/x.cc
@@ -2,2 +2,3 @@
 int c = 3;
+int added = 0;
 int b = 2;
@@ -5,1 +6,1 @@
-int d = 4;
+int d = 5;
"""

def _apply(patch, source):
    hunks, error = hunks_of("X1", patch)
    for path, before, after in hunks:
        if not error:
            source, error = apply_hunk("X1", path, source, before, after)
    return source, error

def _expect(failures, what, holds):
    if not holds:
        failures.append(what)

def _failures():
    failures = []
    text, error = _apply(_PATCH, _SOURCE)
    _expect(failures, "a patch that fits is applied: " + error, text == _PATCHED and not error)
    moved, error = _apply(_PATCH, "// A new first line.\n" + _SOURCE)
    _expect(failures, "line numbers do not matter: " + error, moved.endswith(text))
    for what, patch, source in [
        ("lines that changed", _PATCH, _SOURCE.replace("c = 3", "c = 33")),
        ("two places", _PATCH.replace(" int c = 3;\n", ""), _SOURCE),
        ("half a line", _PATCH, _SOURCE.replace("int c", "const int c")),
        ("a hunk without a place", _PATCH.replace("-int d = 4;\n", ""), _SOURCE),
        ("lines removed twice", _PATCH, text),
    ]:
        _, error = _apply(patch, source)
        says = "X1.patch does not fit x.cc" in error and "What to do: " in error
        _expect(failures, "%s are an error that names the patch: '%s'" % (what, error), says)
    for what, patch in [
        ("without a sentence", _PATCH[len("What it is for.\n"):]),
        ("without a hunk", "What it is for.\n"),
        ("of two files at once", _PATCH.replace("+++ b/x.cc", "+++ b/y.cc")),
        ("with a line of neither side", _PATCH.replace("+int added", "int added")),
    ]:
        _, error = _apply(patch, _SOURCE)
        says = "X1.patch" in error
        _expect(failures, "a patch %s is an error that names it: '%s'" % (what, error), says)
    return failures

def _patch_test_impl(ctx):
    script = ctx.actions.declare_file(ctx.label.name)
    failures = _failures()
    lines = ["#!/bin/sh", "cat <<'END'"] + failures + ["END", "exit %d" % min(len(failures), 1)]
    ctx.actions.write(script, "\n".join(lines) + "\n", is_executable = True)
    return [DefaultInfo(executable = script)]

patch_test = rule(
    implementation = _patch_test_impl,
    doc = "Passes if patches are applied as patch.bzl says.",
    test = True,
)
