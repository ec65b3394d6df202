"""Draw the curves of risk over coverage that ``make eval`` left.

``python -m tests.measure.risk_coverage`` writes docs/risk-coverage.svg.  It needs
matplotlib: ``pip install --group docs``, in an environment of its own if you like, since
nothing of Passage is imported here.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
POINTS = ROOT / "build" / "risk-coverage.json"
PICTURE = ROOT / "docs" / "risk-coverage.svg"
COLOURS = ("#2f6f4f", "#c2703d")


def main() -> None:
    """Write the picture."""
    try:
        curves = json.loads(POINTS.read_text("utf-8"))
    except FileNotFoundError:
        sys.exit(f"There is no {POINTS.relative_to(ROOT)} yet; `make eval` writes it.")
    try:
        import matplotlib as mpl
    except ImportError:
        sys.exit("matplotlib draws this picture and is missing: pip install --group docs")
    mpl.use("svg")
    # The same points give the same file, so that a change of the picture is one of the figures.
    mpl.rcParams.update({"svg.hashsalt": "passage", "svg.fonttype": "none", "font.size": 10})
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for (name, points), colour in zip(curves.items(), COLOURS, strict=False):
        coverage = [point["coverage"] for point in points]
        risk = [point["risk"] for point in points]
        area = sum(risk) / len(risk)
        axes.plot(coverage, risk, color=colour, label=f"{name} (area {area:.3f})")
    axes.set_xlabel("coverage: share of questions answered, the surest first")
    axes.set_ylabel("risk: share of these shown a wrong sentence")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, None)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left")
    figure.savefig(PICTURE, metadata={"Date": None})


if __name__ == "__main__":
    main()
