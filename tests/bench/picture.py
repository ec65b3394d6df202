"""The table as a picture: bars, the shorter the better, of each figure against the worst."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

SHOWN = ("cold", "memory", "p50", "large p50", "large added")
_WIDTH, _LEFT, _BAR, _GAP = 860, 130, 15, 30
_OURS, _THEIRS = "#2f6f4f", "#b9c2bd"


def draw(results: Mapping[str, Mapping[str, Any]], titles: Mapping[str, str], path: Path) -> None:
    """Write an SVG with a group of bars for each figure; the first contestant stands out."""
    parts: list[str] = []
    y = 10
    for key in SHOWN:
        values = {n: f[key] for n, f in results.items() if isinstance(f.get(key), int | float)}
        if not values:
            continue
        parts.append(_text(0, y + 12, titles[key], bold=True))
        y += 22
        longest = max(values.values())
        for name, value in values.items():
            length = max(1.0, (_WIDTH - _LEFT - 80) * value / longest)
            colour = _OURS if name == next(iter(results)) else _THEIRS
            parts.append(_text(0, y + 11, name))
            parts.append(
                f'<rect x="{_LEFT}" y="{y}" width="{length:.0f}" height="{_BAR - 3}" '
                f'fill="{colour}"/>'
            )
            parts.append(_text(_LEFT + length + 6, y + 11, f"{value:,.3g}"))
            y += _BAR
        y += _GAP - _BAR
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y}" '
        'font-family="system-ui, sans-serif" font-size="12">'
        f'<rect width="{_WIDTH}" height="{y}" fill="#fff"/>'
    )
    path.write_text("\n".join([head, *parts, "</svg>"]) + "\n", "utf-8")


def _text(x: float, y: float, text: str, *, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x:.0f}" y="{y:.0f}"{weight}>{escape(text)}</text>'
