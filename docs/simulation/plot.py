"""Backlog and tasks over time as SVG, without a library."""

WIDTH, HEIGHT, LEFT, GAP = 860, 150, 70, 52
COLOURS = {"the replaced system's": "#c8553d", "shipped": "#1b6ca8"}
PANELS = [
    ("100 images a day", 7, 19),
    ("10,000 images a day", 7, 19),
    ("150,000 images a day", 7, 19),
    ("30,000 at once, at most 12 tasks", 0, 3),
    ("150,000 at once", 0, 3),
    ("150,000 at once, VGG16", 0, 6),
]


def points(minutes, column, top, most, start, end):
    span = [entry for entry in minutes if start * 3600 <= entry[0] <= end * 3600]
    thinned = span[:: max(1, len(span) // 500)]
    x = [LEFT + (entry[0] / 3600 - start) / (end - start) * (WIDTH - LEFT - 20) for entry in thinned]
    y = [top + HEIGHT / 2 - entry[column] / most * (HEIGHT / 2 - 6) for entry in thinned]
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))


def text(x, y, what, anchor="start", weight="normal"):
    return f'<text x="{x}" y="{y:.0f}" text-anchor="{anchor}" font-weight="{weight}">{what}</text>'


def panel(curves, load, start, end, top):
    """Messages above, tasks below, of the first seed."""
    parts = [text(LEFT, top - 8, load, weight="bold")]
    shown = {name: curves[load, name] for name in COLOURS}
    for half, (column, what) in enumerate(((1, "messages"), (2, "tasks"))):
        floor = top + half * HEIGHT / 2
        most = max(1, max(entry[column] for minutes in shown.values() for entry in minutes if entry[0] <= end * 3600))
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{floor + HEIGHT / 2:.0f}" y2="{floor + HEIGHT / 2:.0f}" stroke="#bbb"/>'
        )
        parts.append(text(LEFT - 6, floor + 12, f"{most:,}", "end"))
        parts.append(text(LEFT - 6, floor + HEIGHT / 2 - 4, what, "end"))
        for name, minutes in shown.items():
            line = points(minutes, column, floor, most, start, end)
            parts.append(f'<polyline fill="none" stroke="{COLOURS[name]}" stroke-width="1.5" points="{line}"/>')
    for hour in range(start, end + 1, max(1, (end - start) // 8)):
        parts.append(
            text(LEFT + (hour - start) / (end - start) * (WIDTH - LEFT - 20), top + HEIGHT + 14, f"{hour} h", "middle")
        )
    return "\n".join(parts)


def panels(curves):
    height = len(PANELS) * (HEIGHT + GAP) + 40
    legend = [
        text(LEFT + 260 * index, 16, f'<tspan fill="{colour}">—</tspan> {name}')
        for index, (name, colour) in enumerate(COLOURS.items())
    ]
    drawn = [
        panel(curves, load, start, end, 50 + index * (HEIGHT + GAP)) for index, (load, start, end) in enumerate(PANELS)
    ]
    body = "\n".join(legend + drawn)
    style = 'font-family="sans-serif" font-size="11" style="background:#fff"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {style}>\n{body}\n</svg>\n'
