# SPDX-License-Identifier: Apache-2.0

"""Patches without guessing: a place must be found, and be the only one.

A patch is a unified diff, after one or more lines that say what it is for. The lines of a hunk that
are there before (context and removed ones) must stand in the file exactly once. Line numbers are
not looked at, so a patch outlives changes elsewhere in its file, and is never put in a wrong place.
"""

def _fits_not(name, path, found, place):
    return ("%s.patch does not fit %s any more: the lines that it changes are there %s.\n" % (
                name,
                path,
                "%d times, not once" % found if found else "no longer",
            ) +
            "What to do: the code that this fault broke has changed. Put the fault into the code " +
            "as it is now, by editing property_tests/exploration/faults/%s.patch " % name +
            "(README.md there says how), and see that its broken engine is still caught.\n" +
            "The lines looked for:\n" + place)

def hunks_of(name, patch):
    """The hunks of a patch, as (path, lines before, lines after).

    Args:
      name: of the patch, for errors.
      patch: its text.

    Returns:
      (hunks, error): error is "" if all is well.
    """
    hunks = []
    path = ""
    before = None
    after = None
    lines = patch.split("\n")
    if not lines[0] or lines[0].startswith("--- "):
        return [], name + ".patch does not say what it is for: its first line is a sentence"
    for i in range(len(lines)):
        line = lines[i]
        next_line = lines[min(i + 1, len(lines) - 1)]
        starts_file = line.startswith("--- a/") and next_line.startswith("+++ b/")
        if (starts_file or line.startswith("@@ ")) and before != None:
            hunks.append((path, before, after))
            before = None
        if starts_file:
            path = line[len("--- a/"):]
        elif line.startswith("+++ b/") and before == None:
            if line[len("+++ b/"):] != path:
                return [], name + ".patch names two files where it means one: " + path
        elif line.startswith("@@ "):
            before = ""
            after = ""
        elif before != None and line[:1] == " ":
            before += line[1:] + "\n"
            after += line[1:] + "\n"
        elif before != None and line[:1] == "-":
            before += line[1:] + "\n"
        elif before != None and line[:1] == "+":
            after += line[1:] + "\n"
        elif before != None and i + 1 < len(lines):
            return [], "%s.patch, line %d: it begins with no space, + or -" % (name, i + 1)
    if before != None:
        hunks.append((path, before, after))
    if not hunks:
        return [], name + ".patch changes nothing"
    return hunks, ""

def apply_hunk(name, path, text, before, after):
    """A file's text after one hunk.

    Args:
      name: of the patch, for errors.
      path: of the file, for errors.
      text: of the file.
      before: lines that stand in it once.
      after: lines that stand there afterwards.

    Returns:
      (text, error): error is "" if all is well.
    """
    found = ("\n" + text).count("\n" + before)
    if found != 1 or not before:
        return text, _fits_not(name, path, found, before)
    return ("\n" + text).replace("\n" + before, "\n" + after)[1:], ""
