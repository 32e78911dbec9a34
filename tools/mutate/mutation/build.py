# SPDX-License-Identifier: Apache-2.0
"""Compiles a mutated source and links its library, with Bazel's own commands and nothing else.

The source is compiled from a file of its own, whose first line says the name of the true one:
__FILE__ and line numbers are as ever, so a mutant that changes nothing gives the same object, byte
by byte. Debugging information is left out. The library takes all other objects from Bazel's build.
"""

import hashlib
import subprocess

from .workspace import SetupError


class Build:
    """Builds mutants in a folder of their own; the tree and Bazel's outputs stay as they are."""

    def __init__(self, workspace, folder, trace=None):
        self.workspace = workspace
        self.folder = folder
        self.trace = trace or (lambda command: None)
        self.originals = {}
        (folder / "lib").mkdir(parents=True, exist_ok=True)

    def compile(self, file, text):
        """Returns the object of a text in place of a source, or None if it is no C++."""
        source, out = self.folder / "mutant.cc", self.folder / "mutant.o"
        source.write_text(f'#line 1 "{file}"\n{text}')
        out.unlink(missing_ok=True)
        if self._run(self.compile_command(file, source, out)):
            return out
        return None

    def compile_command(self, file, source, out):
        """Returns Bazel's command for a source, for another file and output, without warnings."""
        command = list(self.workspace.compiles[file])
        at = command.index("-MF")
        del command[at : at + 2]
        command.remove("-MD")
        command[command.index("-c") + 1] = str(source)
        command[command.index("-o") + 1] = str(out)
        return (
            command[:1]
            + [word for word in command[1:] if word != "-fcolor-diagnostics"]
            + ["-w", "-g0"]
        )

    def original(self, file):
        """Returns the digest of the object of a source as it is; compiled once."""
        if file not in self.originals:
            compiled = self.compile(file, (self.workspace.root / file).read_text())
            if compiled is None:
                raise SetupError(f"{file} does not compile without a mutant")
            self.originals[file] = digest(compiled)
        return self.originals[file]

    def link(self, file, compiled, name):
        """Links the library of a source with one object in place of its own; returns its folder."""
        link = self.workspace.link_of(file)
        folder = self.folder / "lib"
        for old in folder.iterdir():
            old.unlink()
        # (Bazel lists the words of its file of parameters beside it.)
        command = [
            str(compiled) if word == self.workspace.objects[file] else word
            for word in link.command
            if not word.startswith("@")
        ]
        command[command.index("-o") + 1] = str(folder / name)
        if not self._run(command):
            raise SetupError(f"{link.label} does not link with a mutant of {file}")
        return folder

    def _run(self, command):
        self.trace(command)
        done = subprocess.run(
            command,
            cwd=self.workspace.execroot,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return done.returncode == 0


def digest(path):
    """Returns a digest of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
