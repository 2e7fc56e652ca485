"""The command line: the only place that prints. Exit codes: 0 done, 1 some rows refused, 2 refused as a whole."""

import gc
import sys

from directory.cli import deciding, exporting, feedback, importing, keeping, looking, month, serving, templates
from directory.cli.root import directory

__all__ = [
    "deciding", "directory", "exporting", "feedback", "importing", "keeping", "looking", "main", "month", "serving", "templates",
]  # fmt: skip


def main() -> None:
    """Run the command line; an error of ours is one sentence on standard error and exit code 2."""
    # Imports and exports make many objects that stay, and hardly any that refer to each other in circles.
    gc.set_threshold(100_000, 20, 50)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    directory(prog_name="directory")
