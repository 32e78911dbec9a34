# SPDX-License-Identifier: Apache-2.0
"""Figures as Markdown tables, aligned so that a terminal shows them well."""
from side_by_side import results


def number(value):
    """Writes a rate or an amount with three digits or so."""
    if value is None:
        return "-"
    for size, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def microseconds(value):
    if value >= 9950:
        return f"{value / 1000:.0f} ms"
    return f"{value / 1000:.1f} ms" if value >= 1000 else f"{value:.3g}"


def rate_cell(samples):
    if not samples:
        return "-"
    share = results.spread(samples)
    return number(results.middle(samples)) + (f" ±{100 * share:.0f}%" if len(samples) > 1 else "")


def latency_cell(samples):
    if not samples:
        return "-"
    return " / ".join(microseconds(results.middle(column)) for column in zip(*samples))


def seconds_cell(samples):
    return f"{results.middle(samples):.2f}" if samples else "-"


def ratio(ours, theirs, more_is_better, least):
    """How far ahead `ours` is: above 1 is ahead. Nothing is said of less than `least`."""
    if not ours or not theirs or (least and min(ours, theirs) < least):
        return "-"
    return f"{(ours / theirs if more_is_better else theirs / ours):.2f}"


def ratios(row, engines, more_is_better, least):
    """Returns the first engine's ratios to the second one and to the best of the others (those of
    Veralith with other options are none)."""
    ours = results.middle(row.get(engines[0]))
    others = [results.middle(row[e]) for e in engines[1:]
              if row.get(e) and not e.startswith("veralith")]
    if not others:
        return []
    best = (max if more_is_better else min)(others)
    return [ratio(ours, results.middle(row.get(engines[1])), more_is_better, least),
            ratio(ours, best, more_is_better, least)]


def markdown(header, lines):
    widths = [max(len(line[i]) for line in [header] + lines) for i in range(len(header))]
    out = []
    for number_of_line, line in enumerate([header] + lines):
        cells = [line[0].ljust(widths[0])] + [c.rjust(w) for c, w in zip(line[1:], widths[1:])]
        out.append("| " + " | ".join(cells) + " |")
        if number_of_line == 0:
            out.append("|-" + "-|-".join("-" * w for w in widths[:1]) + "-|" +
                       "|".join("-" * (w + 1) + ":" for w in widths[1:]) + "|")
    return "\n".join(out)


# Name, title, cell, whether more is better (None: no ratios), and the least that is compared.
SECTIONS = (("rate", "operations a second", rate_cell, True, 0),
            ("latency", "microseconds: p50 / p99 / p99.9 / maximum", latency_cell, None, 0),
            ("seconds", "seconds", seconds_cell, False, 0.05),
            ("bytes", "bytes", lambda samples: number(results.middle(samples)), False, 0))


def of_profile(figures, engines):
    """Returns the tables of one profile. The last two columns of a rate: the first engine's, by the
    second one's and by the best of the others'; of seconds and bytes, the reverse."""
    out = []
    for section, title, cell, more_is_better, least in SECTIONS:
        rows = figures.rows(section)
        if not rows:
            continue
        has_ratios = more_is_better is not None and len(engines) > 1
        header = [title] + engines + ([f"x {engines[1]}", "x best"] if has_ratios else [])
        lines = []
        for name, row in rows.items():
            line = [name] + [cell(row.get(engine)) for engine in engines]
            if has_ratios:
                line += ratios(row, engines, more_is_better, least)
            lines.append(line)
        out.append(markdown(header, lines))
    return "\n\n".join(out)


def report(result):
    """Returns the whole text of a result (bench/run says what is in it)."""
    engines = list(result["engines"])
    out = [heading(result)]
    out += [f"- {name}: {description}" for name, description in result["engines"].items()]
    for profile in result["profiles"]:
        figures = results.of_profile(result["rows"], profile["name"])
        rounds = max(row["round"] for row in result["rows"] if row["profile"] == profile["name"])
        out.append(f"\n## {profile['name']}\n\n{profile['what']}. Rounds: {rounds}.\n")
        out.append(of_profile(figures, engines))
    return "\n".join(out) + "\n"


def heading(result):
    machine = result["machine"]
    busy = "**busy machine**: " if machine["busy"] else ""
    quick = ". **A quick run: no figures to compare**" if result.get("quick") else ""
    flags = "".join(f", --{name}={value}" for name, value in result.get("flags", {}).items())
    return (f"{result['when']}, {machine['cores']} cores, {machine['processor']}, {busy}"
            f"{100 * machine['other_load']:.0f}% of the processors went to others{flags}{quick}")
