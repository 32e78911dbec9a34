# SPDX-License-Identifier: Apache-2.0
"""Runs engines' programs by turns and collects their rows, with progress on stderr."""
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import time


class Failed(Exception):
    """An engine's program failed or answered wrongly."""


def run_process(binary, directory, process, flags, exists):
    """Runs one process of a life. Returns (description, rows)."""
    merged = {"db": directory, "benchmarks": process.benchmarks, **flags}
    if exists:
        merged["use_existing_db"] = 1
    command = [binary] + [f"--{name}={value}" for name, value in merged.items()]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"exit code {done.returncode} from {' '.join(command)}")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return lines[0]["description"], lines[1:]


def remove(directory):
    shutil.rmtree(directory, ignore_errors=True)
    pathlib.Path(directory + ".contents").unlink(missing_ok=True)


def label_of(row, process):
    name = row["benchmark"] + (f", {process.label}" if process.label else "")
    return f"{name} [{row['state']}]" if row["state"] else name


class Progress:
    """Says how far a run is, and when it will end as it has gone so far."""

    def __init__(self, expected):
        self.expected = expected
        self.planned = 0.0
        self.start = time.monotonic()

    def step(self, what, seconds):
        elapsed = time.monotonic() - self.start
        pace = elapsed / self.planned if self.planned > 30 else 1
        left = (self.expected - self.planned) * max(pace, 0.1)
        share = 100 * self.planned / self.expected
        print(f"bench: {share:3.0f}%, about {duration(left)} left: {what}", file=sys.stderr)
        self.planned += seconds


def duration(seconds):
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def rounds_of(profile, rounds):
    return rounds or profile.rounds


def expected_seconds(profiles, engines, rounds):
    return sum(p.seconds() * rounds_of(p, rounds) * len(engines) for p in profiles)


def measure(profiles, binaries, rounds, overrides, directory, save=lambda descriptions, rows: None):
    """Returns (descriptions by engine, rows). Engines take turns within a life of a round. Calls
    `save` with what there is so far, again and again: a run takes hours."""
    progress = Progress(expected_seconds(profiles, binaries, rounds))
    descriptions, rows = {}, []
    for profile in profiles:
        count = rounds_of(profile, rounds)
        for number in range(1, count + 1):
            for life_number, life in enumerate(profile.lives):
                for engine, binary in binaries.items():
                    what = f"{profile.name}, round {number} of {count}, {engine}"
                    progress.step(what, sum(process.seconds for process in life))
                    for process_number, process in enumerate(life):
                        flags = {**profile.flags, **process.flags, **overrides}
                        descriptions[engine], measured = run_process(
                            binary, directory, process, flags, process_number > 0)
                        for ordinal, row in enumerate(measured):
                            rows.append({"engine": engine, "profile": profile.name,
                                         "round": number, "life": life_number,
                                         "process": process_number, "ordinal": ordinal,
                                         "label": label_of(row, process), **row})
                    remove(directory)
                save(descriptions, rows)
    return descriptions, rows


class OtherLoad:
    """What share of the processors others took since it was made: a run says so of itself."""

    def __init__(self):
        self.begin = self._sample()

    @staticmethod
    def _sample():
        """Returns seconds: of the clock, of busy processors, and of those that this run used."""
        with open("/proc/stat", encoding="ascii") as file:
            ticks = [int(word) for word in file.readline().split()[1:9]]
        busy = (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")
        used = sum(usage.ru_utime + usage.ru_stime for usage in (
            resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)))
        return time.monotonic(), busy, used

    def share(self):
        clock, busy, used = (now - then for now, then in zip(self._sample(), self.begin))
        return max(0.0, busy - used) / max(clock, 0.01) / os.cpu_count()


def machine(other_load):
    """Returns what a reader has to know about the machine."""
    model = ""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    share = other_load.share()
    return {"cores": os.cpu_count(), "processor": model, "other_load": round(share, 3),
            "busy": share > 0.1}
