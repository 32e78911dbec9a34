# SPDX-License-Identifier: Apache-2.0
"""From rows to figures: equal answers, medians and spreads, amounts."""
from collections import defaultdict
from statistics import median

ANSWERS = ("rows", "value_bytes", "checksum")
# By calls of the system; and what came from the disk, and pages that were made dirty: a file that is
# mapped shows up only there, and a page that is written again before it reaches the disk counts once.
IO_BYTES = {"read by calls": "read_calls_bytes", "read from disk": "read_device_bytes",
            "written by calls": "write_calls_bytes", "pages made dirty": "write_device_bytes"}
LATENCIES = ("p50_us", "p99_us", "p999_us", "max_us")


def unequal(rows):
    """Returns a sentence for each place where engines, or rounds, gave other answers."""
    said = defaultdict(lambda: defaultdict(set))
    for row in rows:
        place = (row["profile"], row["life"], row["process"], row["ordinal"], row["label"])
        if row["kind"] == "write" and "," in row["benchmark"]:
            continue  # a thread beside: how much it did is its rate
        answer = (row["operations"], *(row.get(name) for name in ANSWERS))
        said[place][answer].add(row["engine"])
    return [f"{place[0]}, {place[4]}: " + "; ".join(
        f"{', '.join(sorted(engines))}: {answer}" for answer, engines in sorted(
            answers.items(), key=str))
            for place, answers in said.items() if len(answers) > 1]


class Figures:
    """Samples by section, row and engine; in the order in which rows came."""

    def __init__(self):
        self.samples = {}

    def add(self, section, name, engine, value):
        rows = self.samples.setdefault(section, {})
        rows.setdefault(name, {}).setdefault(engine, []).append(value)

    def rows(self, section):
        return self.samples.get(section, {})


def middle(samples):
    return median(samples) if samples else None


def spread(samples):
    """Half the distance from the least to the most, as a share of the median."""
    return (max(samples) - min(samples)) / 2 / middle(samples) if middle(samples) else 0


def of_profile(rows, profile):
    """Returns the Figures of one profile: sections rate, latency, seconds, bytes."""
    figures = Figures()
    lives = defaultdict(list)
    for row in rows:
        if row["profile"] == profile:
            lives[row["life"], row["round"], row["engine"]].append(row)
    owner = {}  # of a label: the place where it comes first, which is the one that is shown
    for (life, _, engine), life_rows in lives.items():
        for row, following in zip(life_rows, life_rows[1:] + [None]):
            place = (life, row["process"], row["ordinal"])
            if owner.setdefault(row["label"], place) == place:
                _add_row(figures, row, engine)
                _add_settled(figures, row, following, engine)
    _add_totals(figures, lives)
    return figures


def _add_row(figures, row, engine):
    label = row["label"]
    if row["kind"] == "wait":
        if row["benchmark"] == "open" and row["state"] == "new":
            return
        figures.add("seconds", label, engine, row["seconds"])
        if row["benchmark"] != "open":
            figures.add("bytes", f"kept, {label}", engine, row["kept_bytes"])
        return
    if row["benchmark"] == "check":
        return
    figures.add("rate", label, engine, row["operations"] / row["seconds"])
    if row["operations"] > 0 and "p50_us" in row:
        figures.add("latency", label, engine, tuple(row[name] for name in LATENCIES))


def _add_settled(figures, row, following, engine):
    """Adds writes together with the wait that they leave: only both are the cost of a put."""
    if following is not None and following["benchmark"] == "settle":
        seconds = row["seconds"] + following["seconds"]
        figures.add("rate", row["label"] + " incl. settle", engine, row["operations"] / seconds)


def _add_totals(figures, lives):
    totals = defaultdict(lambda: defaultdict(int))
    for (_, round_number, engine), life_rows in lives.items():
        total = totals[round_number, engine]
        for row in life_rows:
            for name, field in IO_BYTES.items():
                total[name] += row.get(field, 0)
            peak = f"peak RssAnon, {'reading' if row['kind'] == 'read' else 'writing'}"
            if row["kind"] in ("read", "write") and "rss_anon_bytes" in row:
                total[peak] = max(total[peak], row["rss_anon_bytes"])
            if row["process"] > 0 and row["kind"] == "read":
                peak = "peak RssAnon, reading alone"
                total[peak] = max(total[peak], row["rss_anon_bytes"])
    for (_, engine), total in totals.items():
        for name, value in total.items():
            figures.add("bytes", name, engine, value)
