# SPDX-License-Identifier: Apache-2.0
"""./dev bench on two small engines: equal answers, every row, and what tables and charts make of it.

Peers are not here, since they need packages and minutes: `./dev bench --quick` holds them to it.
"""
import copy
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
import xml.dom.minidom

HERE = pathlib.Path(__file__).absolute().parent
sys.path.insert(0, str(HERE))

from side_by_side import chart, measure, profiles, results, table  # noqa: E402

BINARIES = {"veralith": str(HERE / "veralith_bench"), "map": str(HERE / "map_bench")}


def small():
    """Returns all profiles, of a few entries; one synced put takes as long as a thousand others."""
    out = []
    for profile in profiles.PROFILES:
        profile = profiles.quick(profile)
        profile.flags["num"] = 300
        out.append(profile)
    return out


def measured():
    """Returns a result of all profiles on both engines; measured once."""
    if not hasattr(measured, "result"):
        other_load = measure.OtherLoad()
        with tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR")) as directory:
            engines, rows = measure.measure(small(), BINARIES, None, {}, directory + "/db")
        measured.result = {
            "when": "now", "machine": measure.machine(other_load), "quick": True, "flags": {},
            "engines": engines, "rows": rows,
            "profiles": [{"name": p.name, "what": p.what} for p in profiles.PROFILES]}
    return measured.result


class OneRun(unittest.TestCase):
    def test_engines_answer_equally(self):
        rows = measured()["rows"]
        self.assertEqual(results.unequal(rows), [])
        checked = {row["benchmark"] for row in rows if "checksum" in row}
        for name in ("readrandom", "readmissing", "readhot", "seekrandom", "readseq", "readreverse",
                     "readwhilewriting", "check", "ycsb-a", "ycsb-b", "ycsb-c", "ycsb-d", "ycsb-e",
                     "ycsb-f"):
            self.assertIn(name, checked)

    def test_scans_see_every_entry(self):
        for row in measured()["rows"]:
            if row["benchmark"] in ("readseq", "readreverse"):
                self.assertEqual(row["rows"], 300, row)

    def test_a_wrong_answer_is_found(self):
        rows = copy.deepcopy(measured()["rows"])
        wrong = next(row for row in rows if row["benchmark"] == "readseq")
        wrong["checksum"] = "0" * 16
        found = results.unequal(rows)
        self.assertEqual(len(found), 1)
        self.assertIn(wrong["profile"] + ", readseq [before]", found[0])

    def test_every_row_has_rates_latencies_and_bytes(self):
        for profile in profiles.PROFILES:
            figures = results.of_profile(measured()["rows"], profile.name)
            for section in ("rate", "latency", "bytes"):
                for name, row in figures.rows(section).items():
                    self.assertEqual(set(row), set(BINARIES), (profile.name, section, name))
        figures = results.of_profile(measured()["rows"], "reads")
        for name in profiles.READS.split(","):
            for state in ("before", "after"):
                self.assertIn(f"{name} [{state}]", figures.rows("rate"))
                p50, p99, p999, most = figures.rows("latency")[f"{name} [{state}]"]["veralith"][0]
                self.assertTrue(0 < p50 <= p99 <= p999 <= most, (name, p50, p99, p999, most))

    def test_bytes_are_counted(self):
        figures = results.of_profile(measured()["rows"], "writes").rows("bytes")
        self.assertGreater(figures["written by calls"]["veralith"][0], 300 * 116)
        self.assertGreater(figures["kept, settle [fillseq]"]["veralith"][0], 300 * 58)
        self.assertEqual(figures["kept, settle [fillseq]"]["map"], [0])
        self.assertGreater(figures["peak RssAnon, writing"]["map"][0], 1 << 20)

    def test_the_report_and_the_page_name_everything(self):
        text, page = table.report(measured()), chart.page(measured())
        self.assertIn("no figures to compare", text)
        self.assertNotIn("http", page.replace("http://www.w3.org", ""))
        for profile in profiles.PROFILES:
            self.assertIn(f"## {profile.name}", text)
            self.assertIn(f"<h2>{profile.name}</h2>", page)
        begin = 0
        while (begin := page.find("<svg", begin)) >= 0:
            end = page.index("</svg>", begin) + len("</svg>")
            xml.dom.minidom.parseString(page[begin:end])
            begin = end


def row(engine, seconds, **other):
    base = {"engine": engine, "profile": "p", "round": 1, "life": 0, "process": 0, "ordinal": 1,
            "label": "fillseq", "benchmark": "fillseq", "kind": "write", "state": "",
            "operations": 100, "seconds": seconds, "p50_us": 1, "p99_us": 2, "p999_us": 3,
            "max_us": 4}
    return {**base, **other}


class Figures(unittest.TestCase):
    def test_medians_spreads_and_ratios(self):
        rows = [row("a", s, round=i) for i, s in enumerate((1, 2, 4))]
        rows += [row("b", s, round=i) for i, s in enumerate((5, 5, 5))]
        rows += [row("c", s, round=i) for i, s in enumerate((1, 1, 1))]
        figures = results.of_profile(rows, "p")
        self.assertEqual(figures.rows("rate")["fillseq"]["a"], [100, 50, 25])
        self.assertAlmostEqual(results.spread([100, 50, 25]), 0.75)
        line = [cell.strip() for cell in table.of_profile(figures, ["a", "b", "c"])
                .splitlines()[2].split("|")]
        self.assertEqual(line[1:-1], ["fillseq", "50 ±75%", "20 ±0%", "100 ±0%", "2.50", "0.50"])

    def test_a_put_costs_its_settling_too(self):
        settle = row("a", 3, label="settle [fillseq]", benchmark="settle", kind="wait",
                     state="fillseq", operations=0, ordinal=2, kept_bytes=7)
        figures = results.of_profile([row("a", 1), settle], "p")
        self.assertEqual(figures.rows("rate")["fillseq incl. settle"]["a"], [25])
        self.assertEqual(figures.rows("bytes")["kept, settle [fillseq]"]["a"], [7])

    def test_a_load_of_another_life_is_not_a_sample(self):
        figures = results.of_profile([row("a", 1), row("a", 9, life=1)], "p")
        self.assertEqual(figures.rows("rate")["fillseq"]["a"], [100])


class Machine(unittest.TestCase):
    def test_load_of_others_is_not_ours(self):
        load = measure.OtherLoad()
        end = time.monotonic() + 0.5
        while time.monotonic() < end:  # busy ourselves
            pass
        clock, busy, used = (now - then for now, then in zip(load._sample(), load.begin))
        self.assertGreater(used, 0.01)
        expected = max(0.0, busy - used) / clock / os.cpu_count()
        self.assertAlmostEqual(load.share(), expected, delta=0.1)
        self.assertLessEqual(load.share(), 1.05)


class Program(unittest.TestCase):
    def test_wrong_flags_are_refused(self):
        for flags in (["--num=x", "--db=d"], ["--num"], ["--db=d", "--benchmarks=none"], []):
            done = subprocess.run([BINARIES["map"], *flags], capture_output=True, check=False)
            self.assertEqual(done.returncode, 2, flags)
            self.assertIn(b"usage:", done.stderr)

    def test_run_refuses_and_explains(self):
        for flags, code in ((["--help"], 0), (["--frobnicate=1"], 2), (["--profiles=x"], 2),
                            (["--engines=x"], 2), (["--rounds=0"], 2)):
            done = subprocess.run([sys.executable, "-B", HERE / "run", *flags],
                                  capture_output=True, check=False)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(b"--profiles=A,B", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
