# SPDX-License-Identifier: Apache-2.0
"""What Bazel knows: how a source is compiled, how its library is linked, which tests depend on it.

Asks `bazel aquery` and `bazel query` once each. Needs the default build, in which every cc_library
is a shared library that tests load by name.
"""

import collections
import json
import pathlib
import subprocess
import sys
import xml.etree.ElementTree
from typing import NamedTuple


class SetupError(Exception):
    """Says why mutants cannot be judged: no build, a failing test, a bad file."""


class Rule(NamedTuple):
    """Is a rule of the build: its class, direct inputs, and a test's size, tags and arguments."""

    kind: str
    inputs: tuple
    size: str
    tags: tuple
    args: tuple


class Link(NamedTuple):
    """Is how a shared library is linked: its label, the command, and where Bazel puts it."""

    label: str
    command: tuple
    output: str


def bazel(root, *arguments, quiet=True):
    """Runs Bazel in the tree and returns its output; SetupError if it fails."""
    done = subprocess.run(
        ["bazel", *arguments],
        cwd=root,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if quiet else sys.stderr,
    )
    if done.returncode != 0:
        raise SetupError(
            f"bazel {' '.join(arguments)[:200]} failed:\n{(done.stderr or '')[-2000:]}"
        )
    return done.stdout


class Workspace:
    """Holds the commands and the graph of one tree.

    execroot: the folder in which the commands run. compiles: command by source. links: Link by
    object. rules: Rule by label.
    """

    def __init__(self, root):
        self.root = root
        self.execroot = pathlib.Path(bazel(root, "info", "execution_root").strip())
        self.bin = self.execroot / "bazel-out/k8-fastbuild/bin"
        self.compiles, self.objects, self.links = {}, {}, {}
        self._read_actions(
            json.loads(
                bazel(
                    root,
                    "aquery",
                    'mnemonic("CppCompile|CppLink", //core/...)',
                    "--output=jsonproto",
                    "--include_artifacts=false",
                    "--noshow_progress",
                )
            )
        )
        self.rules = rules_of(
            bazel(root, "query", "kind(rule, //...)", "--output=xml", "--noshow_progress")
        )

    def _read_actions(self, actions):
        for action in actions["actions"]:
            command = action["arguments"]
            if "-c" in command:
                source = command[command.index("-c") + 1]
                self.compiles[source] = tuple(command)
                self.objects[source] = command[command.index("-o") + 1]
            elif "-shared" in command:
                output = command[command.index("-o") + 1]
                folder, _, name = output.partition("/bin/")[2].rpartition("/lib")
                if not name:
                    continue  # made by hand, to be preloaded
                link = Link(f"//{folder}:{name[:-3]}", tuple(command), output)
                for word in command:
                    if word.endswith(".o"):
                        self.links[word] = link

    def link_of(self, source):
        """Returns the Link of the library that a source is part of, or None."""
        return self.links.get(self.objects.get(source))

    def binary(self, test):
        """Returns the program of a test."""
        return self.bin / test[2:].replace(":", "/")


def rules_of(text):
    """Returns the rules in what `bazel query --output=xml` printed, by label."""
    rules = {}
    for element in xml.etree.ElementTree.fromstring(text).iter("rule"):
        inputs = tuple(e.get("name") for e in element.findall("rule-input"))
        size = element.find("string[@name='size']")
        lists = {
            name: tuple(e.get("value") for e in element.findall(f"list[@name='{name}']/string"))
            for name in ("tags", "args")
        }
        rules[element.get("name")] = Rule(
            element.get("class"),
            inputs,
            "medium" if size is None else size.get("value"),
            lists["tags"],
            lists["args"],
        )
    return rules


def nearest_tests(rules, library, whole):
    """Returns (distance, label) of the tests that depend on a library, the nearest first.

    Left out are tests of explored schedules and manual ones, and large ones unless whole is set.
    (Broken engines are no cc_test: they are other builds.)
    """
    users = collections.defaultdict(list)
    for label, rule in rules.items():
        for name in rule.inputs:
            users[name].append(label)
    distance, queue, found = {library: 0}, collections.deque([library]), []
    while queue:
        label = queue.popleft()
        for user in users[label]:
            if user not in distance:
                distance[user] = distance[label] + 1
                queue.append(user)
    for label, steps in distance.items():
        rule = rules.get(label)
        if (
            rule
            and rule.kind == "cc_test"
            and not {"explore", "manual"} & set(rule.tags)
            and (whole or rule.size in ("small", "medium"))
        ):
            found.append((steps, label))
    return sorted(found)
