"""How the engine and the usual list check decide the pairs of both corpora (PyTorch).

``corpus.SET.false_rejects`` and so on count pairs; ``named_share`` is the share of the wrong models whose
first diagnosis is the right one. The list check zips ``[class, output shape, parameters]`` of two models.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["measure"]

ROOT = Path(__file__).resolve().parents[1]
SETS = ("blind", "development")


def measure() -> dict[str, float]:
    """Return the counts by name."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.corpus.score", *SETS],
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        check=True,
    )
    figures: dict[str, float] = {}
    for line in done.stdout.splitlines():
        name, _, counted = line.partition(": ")
        if name in SETS:
            what, _, count = counted.rpartition(": ")
            figures[f"corpus.{name}.{what.replace(': ', '.').replace(' ', '_')}"] = float(count)
    for name in SETS:
        named = figures.pop(f"corpus.{name}.rejected_and_rightly_named")
        figures[f"corpus.{name}.named_share"] = named / figures[f"corpus.{name}.to_be_rejected"]
    return figures
