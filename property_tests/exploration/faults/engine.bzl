# SPDX-License-Identifier: Apache-2.0

"""The engine with all its faults, as a repository of its own: @veralith_broken.

It has the folders of this one: links, except that files which a patch changes are copies, with the
patches applied one after the other in the order of FAULTS. The BUILD files serve unchanged. Nothing
else has the faults: what ships is built from the sources themselves.

A changed source, BUILD file or patch is seen by the next build. A patch that does not fit any more
fails it, by the name of the patch.
"""

load(":patch.bzl", "apply_hunk", "hunks_of")

# One patch each: docs/HAZARDS.md has the ids, and what catches them.
FAULTS = [
    "C1",
    "C2",
    "C3_LOST",
    "C3_OVERLAP",
    "C3_SPLIT",
    "C4",
    "C5",
    "C7",
    "C8",
    "C9",
    "E1",
    "E10",
    "E11",
    "E12",
    "E12_QUEUE",
    "E12_STALE",
    "E13",
    "E14",
    "E15",
    "E1_UNSYNCED",
    "E2",
    "E2Reader",
    "E3",
    "E4",
    "E5",
    "E6",
    "E6_EXECUTOR",
    "E7",
    "E8",
    "E9",
    "O1",
    "O2",
    "O3",
    "O4",
    "O6",
    "P1",
    "P2",
    "P4",
    "P5",
    "P6",
    "P7",
    "R1",
    "R2",
    "R4",
    "R5",
    "R6",
    "R8",
    "R9",
    "S1",
    "S2",
    "S4Bytes",
    "S4Manifest",
    "S4Names",
    "S4Pointer",
    "S4Removal",
    "S4Rename",
    "T1",
    "T2",
    "T3",
    "W1",
    "W1_FREEZE",
    "W2",
    "W2_VISIBLE",
    "W4",
    "W5",
]

_FOLDERS = ["core", "include", "model", "property_tests", "third_party"]

def _patched_sources(repository_ctx):
    texts = {}
    for name in ["switch"] + FAULTS:
        patch = repository_ctx.read(Label("//property_tests/exploration/faults:%s.patch" % name))
        hunks, error = hunks_of(name, patch)
        for path, before, after in hunks:
            if not error and path not in texts:
                texts[path] = repository_ctx.read(Label("//:" + path))
            if not error:
                texts[path], error = apply_hunk(name, path, texts[path], before, after)
        if error:
            fail("\n" + error)
    return texts

def _parents(path):
    parts = path.split("/")
    return ["/".join(parts[:i]) for i in range(1, len(parts))]

def _broken_engine_impl(repository_ctx):
    root = repository_ctx.path(Label("//:WORKSPACE")).dirname
    texts = _patched_sources(repository_ctx)
    folders = {}  # those that have a patched file somewhere below
    for path in texts:
        for parent in _parents(path):
            folders[parent] = True
    paths = [folder for folder in _FOLDERS]
    for folder in folders:
        here = repository_ctx.path("%s/%s" % (root, folder))
        paths += [folder + "/" + child.basename for child in here.readdir()]
        if here.get_child("BUILD").exists:
            repository_ctx.path(Label("//%s:BUILD" % folder))  # watched: it names new files
    for path in paths:
        if path in texts:
            # The text was read byte by byte, and is written so.
            repository_ctx.file(path, texts[path], executable = False, legacy_utf8 = False)
        elif path not in folders:
            repository_ctx.symlink("%s/%s" % (root, path), path)
    repository_ctx.file("WORKSPACE", 'workspace(name = "%s")\n' % repository_ctx.name)
    repository_ctx.symlink(Label("//:BUILD"), "BUILD")

broken_engine = repository_rule(
    implementation = _broken_engine_impl,
    doc = "A copy of this repository whose engine has all the faults, switched on by BreakEngine.",
    local = True,
)
