# SPDX-License-Identifier: Apache-2.0
"""A result as one HTML page with charts in it: nothing is loaded from elsewhere.

Per profile three charts. Rates: each row's engines by the second engine's rate (1x), on a scale of
logarithms; bytes and memory in the same way. Latencies: for each row and engine a line from the median to the 99.9th percentile, with
a mark at the 99th and a ring at the longest. Then the tables.
"""
import html
import math

from side_by_side import results, table

COLOURS = ("#d1495b", "#30638e", "#edae49", "#4f9d69", "#8fc7a0", "#7a6f9b", "#777777")
LEFT, WIDTH, RIGHT, ROW = 240, 620, 40, 20

STYLE = """
:root { --ink: #222; --faint: #ddd; --paper: #fff; --row: #f6f6f4; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ddd; --faint: #444; --paper: #1b1b1b; --row: #232323; }
}
body { font: 14px/1.5 sans-serif; color: var(--ink); background: var(--paper); margin: 2em auto;
  max-width: 960px; padding: 0 1em; }
svg { max-width: 100%; height: auto; } svg text { fill: var(--ink); font-size: 11px; }
.legend span { display: inline-block; margin-right: 1.2em; white-space: nowrap; }
.legend i { display: inline-block; width: .8em; height: .8em; border-radius: 50%; margin-right: .3em; }
pre { overflow-x: auto; background: var(--row); padding: .8em; font-size: 11px; }
"""


class Scale:
    """Maps a stretch of positive numbers to pixels, by logarithms."""

    def __init__(self, least, most):
        self.low, self.high = math.log10(least), math.log10(most)
        if self.high - self.low < 0.3:
            self.low, self.high = self.low - 0.15, self.high + 0.15

    def x(self, value):
        return LEFT + WIDTH * (math.log10(value) - self.low) / (self.high - self.low)

    def ticks(self):
        out = []
        for power in range(math.floor(self.low), math.ceil(self.high) + 1):
            out += [m * 10.0 ** power for m in ((1,) if self.high - self.low > 3 else (1, 2, 5))]
        return [t for t in out if self.low - 1e-9 <= math.log10(t) <= self.high + 1e-9]


def axis(scale, height, name, emphasized=None):
    out = []
    for tick in scale.ticks():
        x = scale.x(tick)
        strong = emphasized is not None and abs(tick - emphasized) < 1e-9
        out.append(f'<line x1="{x:.1f}" y1="18" x2="{x:.1f}" y2="{height - 4}" stroke="var(--'
                   f'{"ink" if strong else "faint"})" stroke-width="1"/>')
        out.append(f'<text x="{x:.1f}" y="12" text-anchor="middle">{name(tick)}</text>')
    return out


def svg(height, parts, what):
    width = LEFT + WIDTH + RIGHT
    return (f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
            f'aria-label="{html.escape(what)}">' + "".join(parts) + "</svg>")


def row_name(name, y):
    return f'<text x="{LEFT - 12}" y="{y + 4:.1f}" text-anchor="end">{html.escape(name)}</text>'


def stripe(index, top, height):
    if index % 2:
        return ""
    return (f'<rect x="0" y="{top:.1f}" width="{LEFT + WIDTH + RIGHT}" height="{height}" '
            f'fill="var(--row)"/>')


def ratios(figures, section, engines):
    """Returns the chart of a section's figures by the second engine's; plain, if there is one engine."""
    base = engines[min(1, len(engines) - 1)]
    rows = [(name, row) for name, row in figures.rows(section).items()
            if row.get(base) and results.middle(row[base]) > 0]
    if not rows:
        return ""
    alone = len(engines) == 1

    def place(row, engine):
        value = results.middle(row[engine])
        return value if alone else value / results.middle(row[base])

    values = [place(row, e) for _, row in rows for e in engines if row.get(e)]
    values = [value for value in values if value > 0]
    scale = Scale(min(values) * 0.9, max(values) * 1.1)
    height = 22 + ROW * len(rows)
    name_of = (lambda v: table.number(v)) if alone else (lambda v: f"{v:g}x")
    parts = [stripe(i, 20 + ROW * i, ROW) for i in range(len(rows))]
    parts += axis(scale, height, name_of, None if alone else 1.0)
    for i, (name, row) in enumerate(rows):
        y = 20 + ROW * i + ROW / 2
        parts.append(row_name(name, y))
        for number in reversed(range(len(engines))):  # the first one on top
            engine = engines[number]
            value = results.middle(row.get(engine))
            if not value:
                continue
            radius = 6 if number == 0 else 4.5
            title = f"{engine}: {table.number(value)}"
            parts.append(f'<circle cx="{scale.x(place(row, engine)):.1f}" cy="{y:.1f}" r="{radius}" '
                         f'fill="{COLOURS[number % len(COLOURS)]}"><title>{html.escape(title)}'
                         f'</title></circle>')
    return svg(height, parts, f"{section} by those of {base}")


def latencies(figures, engines):
    rows = list(figures.rows("latency").items())
    if not rows:
        return ""
    lane = 5
    step = lane * len(engines) + 8
    medians = {(name, e): [max(results.middle(c), 0.01) for c in zip(*row[e])]
               for name, row in rows for e in engines if row.get(e)}
    scale = Scale(min(v[0] for v in medians.values()) * 0.9,
                  max(v[3] for v in medians.values()) * 1.1)
    height = 24 + step * len(rows)
    parts = [stripe(i, 20 + step * i, step) for i in range(len(rows))]
    parts += axis(scale, height, duration)
    for i, (name, _) in enumerate(rows):
        parts.append(row_name(name, 20 + step * i + step / 2))
        for number, engine in enumerate(engines):
            if (name, engine) not in medians:
                continue
            p50, p99, p999, most = medians[name, engine]
            y = 20 + step * i + 4 + lane * number + lane / 2
            colour = COLOURS[number % len(COLOURS)]
            title = f"{engine}: {' / '.join(table.microseconds(v) for v in (p50, p99, p999, most))}"
            parts.append(
                f'<g><title>{html.escape(title)}</title><line x1="{scale.x(p50):.1f}" y1="{y:.1f}" '
                f'x2="{scale.x(p999):.1f}" y2="{y:.1f}" stroke="{colour}" stroke-width="3"/>'
                f'<circle cx="{scale.x(p99):.1f}" cy="{y:.1f}" r="2.4" fill="{colour}"/>'
                f'<circle cx="{scale.x(most):.1f}" cy="{y:.1f}" r="2" fill="none" '
                f'stroke="{colour}"/></g>')
    return svg(height, parts, "latencies")


def duration(value):
    if value >= 1e6:
        return f"{value / 1e6:g} s"
    if value >= 1e3:
        return f"{value / 1e3:g} ms"
    return f"{value:g} us" if value >= 1 else f"{value * 1e3:g} ns"


def page(result):
    """Returns the whole page."""
    engines = list(result["engines"])
    out = ['<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Veralith and its peers'
           f"</title><style>{STYLE}</style><h1>Veralith and its peers</h1>"]
    out.append(f"<p>{html.escape(table.heading(result)).replace('**', '')}</p>")
    out.append('<p class="legend">' + "".join(
        f'<span><i style="background:{COLOURS[i % len(COLOURS)]}"></i>{html.escape(name)}: '
        f"{html.escape(description)}</span>"
        for i, (name, description) in enumerate(result["engines"].items())) + "</p>")
    for profile in result["profiles"]:
        figures = results.of_profile(result["rows"], profile["name"])
        base = engines[min(1, len(engines) - 1)]
        out.append(f"<h2>{html.escape(profile['name'])}</h2><p>{html.escape(profile['what'])}.</p>")
        one = f"{html.escape(base)}'s being 1"
        for title, chart in ((f"Rates, {one} (further right is faster)",
                              ratios(figures, "rate", engines)),
                             ("Latencies: median to 99.9th percentile; dot: 99th; ring: longest "
                              "(further left is faster)", latencies(figures, engines)),
                             (f"Bytes and memory, {one} (further left is less)",
                              ratios(figures, "bytes", engines))):
            out.append(f"<h3>{title}</h3>{chart}" if chart else "")
        out.append("<details><summary>Tables</summary><pre>" +
                   html.escape(table.of_profile(figures, engines)) + "</pre></details>")
    return "\n".join(out) + "</html>\n"
