"""Bars as one SVG that needs no script and no font of its own, readable on light and dark pages."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH: Final = 760
LABEL: Final = 210
BAR: Final = 400
ROW: Final = 26
HEAD: Final = 58
STYLE: Final = """
text { font: 14px system-ui, sans-serif; fill: #1d2330 }
.title { font-weight: 600; font-size: 16px }
.note { fill: #5a6272; font-size: 13px }
.ours { fill: #2f6fdb }
.peer { fill: #a9b2c3 }
.goal { stroke: #c2410c; stroke-width: 2; stroke-dasharray: 4 3 }
.goalnote { fill: #c2410c; font-size: 12px }
@media (prefers-color-scheme: dark) {
  text { fill: #e6e9ef }
  .note { fill: #a2abbb }
  .ours { fill: #6ea0ff }
  .peer { fill: #5d6779 }
  .goal { stroke: #fb923c }
  .goalnote { fill: #fb923c }
}
"""


@dataclass(frozen=True)
class Panel:
    """One figure: a title, what is good, and a bar for each name."""

    title: str
    note: str
    bars: list[tuple[str, float]]
    unit: str = ""
    goal: float | None = None
    """Drawn as a line; a bar of ours should be on its good side."""
    digits: int = 0


def drawn(panels: list[Panel]) -> str:
    """The SVG of all panels, one under the other."""
    parts, y = [], 12.0
    for panel in panels:
        parts.append(_panel(panel, y))
        y += HEAD + ROW * len(panel.bars) + 26
    described = escape("; ".join(_words(panel) for panel in panels))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y:.0f}" role="img">\n'
        f"<title>Measured figures</title>\n<desc>{described}</desc>\n"
        f"<style>{STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _panel(panel: Panel, y: float) -> str:
    most = max([value for _, value in panel.bars] + [panel.goal or 0.0]) or 1.0
    lines = [
        f'<text class="title" x="8" y="{y + 16:.0f}">{escape(panel.title)}</text>',
        f'<text class="note" x="8" y="{y + 36:.0f}">{escape(panel.note)}</text>',
    ]
    top = y + HEAD - 10
    for number, (name, value) in enumerate(panel.bars):
        at = top + number * ROW
        length = max(2.0, value / most * BAR)
        kind = "ours" if name.startswith("duologue") else "peer"
        shown, box = f"{value:.{panel.digits}f}{escape(panel.unit)}", f'width="{length:.1f}"'
        lines += [
            f'<text x="8" y="{at + 15:.0f}">{escape(name)}</text>',
            f'<rect class="{kind}" x="{LABEL}" y="{at:.0f}" {box} height="19" rx="3"/>',
            f'<text x="{LABEL + length + 8:.0f}" y="{at + 15:.0f}">{shown}</text>',
        ]
    if panel.goal is not None:
        x, bottom = LABEL + panel.goal / most * BAR, top + ROW * len(panel.bars)
        ends, shown = f'y1="{top - 4:.0f}" y2="{bottom:.0f}"', f"{panel.goal:g}{escape(panel.unit)}"
        lines += [
            f'<line class="goal" x1="{x:.1f}" x2="{x:.1f}" {ends}/>',
            f'<text class="goalnote" x="{x + 4:.0f}" y="{bottom + 8:.0f}">goal {shown}</text>',
        ]
    return "\n".join(lines)


def _words(panel: Panel) -> str:
    bars = ", ".join(f"{name} {value:.{panel.digits}f}{panel.unit}" for name, value in panel.bars)
    return f"{panel.title}: {bars}"
