"""Run the measurements, print each figure, and write them to ``build/bench.json``."""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
from pathlib import Path

import benchmarks

RESULTS = Path(__file__).resolve().parent.parent / "build" / "bench.json"


def groups() -> list[str]:
    """Return the names of the groups: the modules beside this one."""
    return sorted(
        module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name[0] != "_"
    )


def main(arguments: list[str]) -> int:
    """Measure the chosen groups; figures of the others stay in the file as they were."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", action="append", choices=groups(), metavar="GROUP", help=", ".join(groups())
    )
    chosen = parser.parse_args(arguments).only or groups()
    figures = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for group in chosen:
        measured = importlib.import_module(f"benchmarks.{group}").measure()
        for name, figure in measured.items():
            print(f"{name:<50} {figure:.4g}", flush=True)
        figures |= measured
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
