# SPDX-License-Identifier: Apache-2.0
"""What ./dev mutate finds and leaves alone, and how results and reasons are read."""

import pathlib
import sys
import tempfile
import unittest
from types import SimpleNamespace

sys.path.insert(0, str(pathlib.Path(__file__).absolute().parent))

from mutation import (  # noqa: E402
    candidates,
    explained,
    operators,
    report,
    store,
    suite,
    tokens,
    workspace,
)

SOURCE = """#include <a>
#define TWICE(x) \\
  ((x) < 2 && x)
// a < b
absl::Status Check(int a, std::vector<int> b) {
  VERALITH_CHECK(a < 7);
  if (!Ready() && a < 3) {
    return Bad("a == b");
  }
  VERALITH_RETURN_IF_ERROR(Open(a, b.size()));
  for (int c = 0; c < a; ++c) {
    if (c == a) {
      break;
    }
    total_ += std::min(c, a);
  }
  switch (a) {
    case 1:
      Note(a);
      break;
  }
  return absl::OkStatus();
}
"""


def made(operator):
    found = [m for m in candidates.mutants_of("core/x.cc", SOURCE) if m.operator == operator]
    return [mutant.after for mutant in found]


class Tokens(unittest.TestCase):
    def test_comments_texts_and_directives_are_left_out(self):
        words = [
            t.text for t in tokens.tokens('#if a\n/* b */ c "d" \'e\' // f\nR"(g\n)" 1\'000 >>= h')
        ]
        self.assertEqual(words, ["c", '"d"', "'e'", 'R"(g\n)"', "1'000", ">>=", "h"])


class Operators(unittest.TestCase):
    def test_each_operator_finds_its_places_and_no_others(self):
        self.assertEqual(
            made("boundary"), ["if (!Ready() && a <= 3) {", "for (int c = 0; c <= a; ++c) {"]
        )
        self.assertEqual(made("equality"), ["if (c != a) {"])
        self.assertEqual(made("logic"), ["if (!Ready() || a < 3) {"])
        self.assertIn("if (Ready() && a < 3) {", made("negation"))
        self.assertEqual(made("swallowed errors"), ["(void)(Open(a, b.size()));"])
        self.assertEqual(made("returned OK"), ["return absl::OkStatus();"])
        self.assertEqual(
            made("swapped arguments"), ["VERALITH_RETURN_IF_ERROR(Open(b.size(), a));"]
        )
        self.assertEqual(made("min and max"), ["total_ += std::max(c, a);"])
        self.assertEqual(made("jumps"), ["continue;", ";"])
        self.assertEqual(
            set(made("removed statements")),
            {"if (false && (!Ready() && a < 3)) {", "if (false && (c == a)) {", ";"},
        )

    def test_lines_stay_where_they_are_and_ids_differ(self):
        found = candidates.mutants_of("core/x.cc", SOURCE)
        self.assertEqual({m.operator for m in found}, set(operators.OPERATORS))
        self.assertEqual(len({m.id for m in found}), len(found))
        for mutant in found:
            self.assertEqual(mutant.apply(SOURCE).count("\n"), SOURCE.count("\n"))
        moved = candidates.mutants_of("core/x.cc", "\n\n" + SOURCE)
        self.assertEqual([m.id for m in moved], [m.id for m in found])


class Explained(unittest.TestCase):
    def test_entries_match_by_content(self):
        text = (
            "core/x.cc: equality\n- if (c == a) {\n+ if (c != a) {\n"
            "equivalent: it is the same here.\n"
        )
        entries = explained.parse("# words\n\n" + text)
        self.assertEqual(explained.stale(entries, lambda f: candidates.mutants_of(f, SOURCE)), [])
        self.assertEqual(explained.stale(entries, lambda f: []), entries)
        with self.assertRaises(workspace.SetupError):
            explained.parse(text.replace("equivalent", "whatever"))


class Results(unittest.TestCase):
    def test_results_outlive_the_program_and_are_counted(self):
        first, second = candidates.mutants_of("core/x.cc", SOURCE)[:2]
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "results"
            results = store.Store(file)
            results.put(first, "1", store.KILLED, False, by="//t", tests=1)
            results.put(second, "1", store.SURVIVED, False, tests=9)
            again = store.Store(file)
        self.assertEqual(again.find(first, "1", True)["by"], "//t")
        self.assertIsNone(again.find(first, "2", False))
        self.assertIsNone(again.find(second, "1", True))
        total = report.tally(again.rows.values(), {})
        self.assertEqual((total.killed, total.survived, total.score()), (1, 1, 50.0))


class Tests(unittest.TestCase):
    """A test is a shell's script here. Its runs are counted by lines in a file."""

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        rule = workspace.Rule("cc_test", (), "small", (), ())
        self.tree = SimpleNamespace(binary=lambda test: self.folder / test, rules={"t": rule})

    def write(self, script):
        (self.folder / "t.runfiles/veralith").mkdir(parents=True, exist_ok=True)
        (self.folder / "t").write_text(f"#!/bin/sh\necho >> {self.folder}/runs\n{script}\n")
        (self.folder / "t").chmod(0o755)
        (self.folder / "runs").write_text("")

    def runs(self):
        return len((self.folder / "runs").read_text().splitlines())

    def suite(self):
        return suite.Suite(self.tree, self.folder / "tests.jsonl")

    def test_one_that_passes_runs_once(self):
        self.write("exit 0")
        self.assertTrue(self.suite().require_pass("t", self.folder, 20))
        self.assertTrue(self.suite().require_pass("t", self.folder, 20))
        self.assertEqual(self.runs(), 1)

    def test_one_that_fails_judges_nobody(self):
        self.write("exit 1")
        with self.assertRaises(workspace.SetupError):
            self.suite().require_pass("t", self.folder, 20)

    def test_one_that_takes_too_long_is_cut_and_remembered(self):
        self.write("sleep 2")
        self.assertFalse(self.suite().require_pass("t", self.folder, 0.1))
        self.assertFalse(self.suite().require_pass("t", self.folder, 0.1))
        self.assertEqual(self.runs(), 1)
        self.assertTrue(self.suite().require_pass("t", self.folder, 20))


if __name__ == "__main__":
    unittest.main()
