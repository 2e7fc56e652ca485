"""``python -m directory`` is the command ``directory``."""

from directory.cli import main

main()
