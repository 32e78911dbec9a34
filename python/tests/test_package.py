# SPDX-License-Identifier: Apache-2.0
"""What the package says about itself: types, documentation, version."""

import inspect
import pathlib
import re
import subprocess
import sys

import veralith

ROOT = pathlib.Path(__file__).parents[2]


def test_types_hold(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import veralith\n"
        "with veralith.open('db', cache_bytes=1) as db:\n"
        "    value: bytes = db[b'a']\n"
        "    pairs: list[tuple[bytes, bytes]] = list(db[b'a':b'b'])\n"
        "    maybe: bytes | None = db.get(b'a')\n"
        "    either: bytes | int = db.get(b'a', 7)\n"
        "    with db.snapshot() as past, db.batch() as batch:\n"
        "        batch[b'a'] = past[b'a']\n"
        "    keys: veralith.Scan[bytes] = db.keys()\n"
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache")]
    for what in (["-p", "veralith"], [str(program)]):
        done = subprocess.run([*command, *what], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    program.write_text("import veralith\nveralith.open('db')['text']\n")
    done = subprocess.run([*command, program], capture_output=True, text=True, cwd=tmp_path)
    assert "No overload variant" in done.stdout


def public_members():
    for name in veralith.__all__:
        thing = getattr(veralith, name)
        yield name, thing
        if inspect.isclass(thing):
            for member, value in vars(thing).items():
                if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                    yield f"{name}.{member}", value


def test_everything_public_is_documented():
    names = [name for name, _ in public_members()]
    assert len(names) > 60
    for name, thing in public_members():
        assert name == "__version__" or inspect.getdoc(thing), f"{name} has no docstring"


def test_the_version_is_the_engines():
    header = (ROOT / "include/veralith/version.h").read_text()
    assert re.search(r'kVersion = "(.*)"', header)[1] == veralith.__version__
