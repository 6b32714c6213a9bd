"""Bars of medians, with a tick at each minimum, as an SVG."""

from xml.sax.saxutils import escape

WIDTH, LABEL, BAR, GAP, TITLE = 760, 130, 20, 8, 34
COLOURS = {"floor": "#9a9a9a", "ocirt": "#1f77b4", "crun": "#ff7f0e", "runc": "#2ca02c"}


def draw(groups):
    """groups: {title: {contender: {"median_ms": float, "minimum_ms": float}}}. Returns the SVG's text."""
    parts, y = [], 10
    for title, results in groups.items():
        longest = max(result["median_ms"] for result in results.values())
        scale = (WIDTH - LABEL - 190) / longest
        parts.append(f'<text x="8" y="{y + 18}" font-weight="bold">{escape(title)}</text>')
        y += TITLE
        for name, result in results.items():
            median, minimum = result["median_ms"], result["minimum_ms"]
            tick = LABEL + minimum * scale
            parts += [
                f'<text x="{LABEL - 8}" y="{y + 15}" text-anchor="end">{escape(name)}</text>',
                f'<rect x="{LABEL}" y="{y}" width="{median * scale:.1f}" height="{BAR}"'
                f' fill="{COLOURS.get(name, "#777")}"/>',
                f'<line x1="{tick:.1f}" x2="{tick:.1f}" y1="{y - 2}" y2="{y + BAR + 2}" stroke="black"/>',
                f'<text x="{LABEL + median * scale + 8:.1f}" y="{y + 15}">'
                f"{median:.2f} ms (minimum {minimum:.2f})</text>",
            ]
            y += BAR + GAP
        y += GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" font-family="sans-serif"'
        f' font-size="13"><rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )
