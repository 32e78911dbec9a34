# SPDX-License-Identifier: Apache-2.0
"""What `./dev bench` measures: profiles, as a table. To add a row is to name a benchmark here.

A profile has lives: each is one database, made anew, through one or more processes, which follow
each other on the same files. Flags are those of an engine's program (`--help` of one lists them).
"""
from dataclasses import dataclass, field, replace

READS = "readrandom,readmissing,readhot,seekrandom,readseq,readreverse,readwhilewriting"
# Right after the load, and with everything compacted.
BOTH_STATES = f"{READS},compact,{READS},check"

K, M, G = 1 << 10, 1 << 20, 1 << 30


@dataclass(frozen=True)
class Process:
    benchmarks: str
    flags: dict = field(default_factory=dict)
    label: str = ""  # put behind the names of its rows, where a profile has them twice
    seconds: float = 10  # of one engine on an idle machine, about


@dataclass(frozen=True)
class Profile:
    name: str
    what: str
    flags: dict
    lives: tuple  # of tuples of Process
    rounds: int = 3

    def seconds(self):
        """Returns the duration of one round of one engine on an idle machine, about."""
        return sum(process.seconds for life in self.lives for process in life)


def life(benchmarks, seconds):
    return (Process(benchmarks, seconds=seconds),)


LOAD_AND_OVERWRITE = "fillrandom,settle,overwrite,settle"

PROFILES = (
    Profile(
        "writes", "1,000,000 entries of 16 + 100 bytes, cache of 8 MiB: every way to write",
        {"num": 1_000_000, "cache_size": 8 * M},
        (life("fillseq,settle,check", 4),
         life(LOAD_AND_OVERWRITE + ",check", 9),
         life("fillbatch,settle", 2),
         life("fillbatchrandom,settle,check", 4),
         life("fillrandom,deleterandom,settle,check", 12),
         life("fillsync", 3),
         # A process that ends with a log, and one that reads it: what opening costs, and memory
         # that only reads take.
         (Process("fillrandom", seconds=4), Process("readrandom,seekrandom", seconds=7))),
    ),
    Profile(
        "reads", "the same entries, cache of 8 MiB: every way to read",
        {"num": 1_000_000, "cache_size": 8 * M},
        (life(f"fillrandom,settle,{BOTH_STATES}", 60),),
    ),
    Profile(
        "cached", "the same entries, cache of 1 GiB",
        {"num": 1_000_000, "cache_size": G},
        (life(f"fillrandom,settle,{BOTH_STATES}", 40),),
    ),
    Profile(
        "values400", "1,000,000 entries of 16 + 400 bytes, cache of 8 MiB",
        {"num": 1_000_000, "value_size": 400, "cache_size": 8 * M},
        (life(f"{LOAD_AND_OVERWRITE},{BOTH_STATES}", 90), life("fillseq,settle,check", 6)),
    ),
    Profile(
        "keys60", "1,000,000 entries of 60 + 100 bytes with long shared prefixes, cache of 8 MiB",
        {"num": 1_000_000, "key_size": 60, "cache_size": 8 * M},
        (life(f"{LOAD_AND_OVERWRITE},{BOTH_STATES}", 80), life("fillseq,settle,check", 5)),
    ),
    Profile(
        "ycsb", "YCSB A to F over 1,000,000 entries of 16 + 400 bytes, zipfian keys, cache of 8 MiB",
        {"num": 1_000_000, "value_size": 400, "cache_size": 8 * M},
        (life("fillrandom,settle,ycsb-a,ycsb-b,ycsb-c,ycsb-f,ycsb-d,ycsb-e,check", 50),),
    ),
    Profile(
        "large", "10,000,000 entries of 16 + 100 bytes, caches of 1 GiB and of 8 MiB",
        {"num": 10_000_000, "reads": 1_000_000},
        ((Process(f"{LOAD_AND_OVERWRITE},{READS}", {"cache_size": G}, "1 GiB", 160),
          Process(BOTH_STATES, {"cache_size": 8 * M}, "8 MiB", 80),
          Process(f"compact,{READS}", {"cache_size": G}, "1 GiB", 40)),),
        rounds=1,
    ),
)

QUICK_NUM = 10_000


def quick(profile):
    """Returns a profile of the same rows that takes seconds: its figures are none."""
    flags = dict(profile.flags, num=QUICK_NUM)
    flags.pop("reads", None)
    lives = tuple(tuple(replace(process, seconds=0.4) for process in life) for life in profile.lives)
    return replace(profile, flags=flags, lives=lives, rounds=1)


def custom(benchmarks, flags):
    """Returns a profile of one life: what --benchmarks names."""
    return Profile("custom", "--benchmarks=" + benchmarks, flags, (life(benchmarks, 20),))
