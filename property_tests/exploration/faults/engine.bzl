"""The engine with all its faults, as a repository of its own: @veralith_broken.

It has the folders of this one: links, except that files which a patch changes are copies, with the
patches applied one after the other in the order of FAULTS. The BUILD files serve unchanged. Nothing
else has the faults: what ships is built from the sources themselves.

A changed source, BUILD file or patch is seen by the next build. A patch that does not fit any more
fails it, by the name of the patch.
"""

load(":patch.bzl", "apply_hunk", "hunks_of")

# One patch each: docs/HAZARDS.md has the ids, and what catches each.
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
    "W1",
    "W1_FREEZE",
    "W2",
    "W2_VISIBLE",
    "W4",
    "W5",
]

_FOLDERS = ["core", "corpus", "include", "model", "property_tests", "third_party"]

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
    folders = {"": True}
    for path in texts:
        for parent in _parents(path):
            folders[parent] = True
    for folder in folders:
        if folder and root.get_child(folder).get_child("BUILD").exists:
            repository_ctx.path(Label("//%s:BUILD" % folder))  # watched: a new file is named there
        for child in root.get_child(folder).readdir() if folder else [root.get_child(f) for f in _FOLDERS]:
            path = (folder + "/" if folder else "") + child.basename
            if path not in texts and path not in folders:
                repository_ctx.symlink(child, path)
    for path, text in texts.items():
        repository_ctx.file(path, text, executable = False)
    repository_ctx.file("WORKSPACE", 'workspace(name = "%s")\n' % repository_ctx.name)
    repository_ctx.symlink(Label("//:BUILD"), "BUILD")

broken_engine = repository_rule(
    implementation = _broken_engine_impl,
    doc = "A copy of this repository whose engine has all the faults, switched on by BreakEngine.",
    local = True,
)
