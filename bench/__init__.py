"""Benchmarks anybody can repeat: ``./run bench smoke``, ``search`` and ``growth`` (docs/performance.md)."""
