"""Results as a table: printed, written as Markdown, drawn as SVG."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot

RESULTS = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True, slots=True)
class Times:
    """How long each of some questions took one contestant, in milliseconds, each the median of its rounds."""

    name: str
    milliseconds: tuple[float, ...]

    @property
    def p50(self) -> float:
        """Return the median."""
        return median(self.milliseconds)

    @property
    def p99(self) -> float:
        """Return what 99 of a hundred stay within."""
        ordered = sorted(self.milliseconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]


def table(times: Sequence[Times], base: Times) -> str:
    """Return a Markdown table: p50 and p99 of each as multiples of those of ``base``, and its milliseconds here."""
    lines = [
        f"| | p50 | p99 | p50 / {base.name} | p99 / {base.name} |",
        "|---|---|---|---|---|",
        *(
            f"| {each.name} | {each.p50:.2f} ms | {each.p99:.2f} ms | {each.p50 / base.p50:.2f} | {each.p99 / base.p99:.2f} |"
            for each in times
        ),
    ]
    return "\n".join(lines)


def machine() -> str:
    """Return what the figures were measured with, without naming the machine."""
    return f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"


def write(name: str, markdown: str, times: Sequence[Times]) -> None:
    """Write the results as ``bench/results/NAME.md`` and ``NAME.svg``."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(markdown + "\n", encoding="utf-8")
    figure, axes = pyplot.subplots(figsize=(9, 0.45 * len(times) + 1.4), layout="constrained")
    rows = range(len(times))
    axes.barh([row + 0.2 for row in rows], [each.p99 for each in times], height=0.36, label="p99", color="#b9cfe4")
    axes.barh([row - 0.2 for row in rows], [each.p50 for each in times], height=0.36, label="p50", color="#1d4f80")
    axes.set_yticks(list(rows), [each.name for each in times])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("milliseconds, logarithmic")
    axes.legend()
    figure.savefig(RESULTS / f"{name}.svg", metadata={"Date": None})
    pyplot.close(figure)
