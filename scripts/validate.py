"""Run every lesson and every solved assignment on one backend and one device, and compare with the stored outputs.

``make validate BACKEND=jax DEVICE=gpu`` starts this. Exit code 0: all reproduced; 1: one did not; 2: nothing was run.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys

from scripts.devices import DEVICES
from scripts.environment import PROJECT
from scripts.notebooks import BACKENDS, find_notebooks, make_keys, reproduced

__all__ = ["REPORTS", "main", "refusal"]

REPORTS = PROJECT / "build" / "validate"


def refusal(backend: str, device: str) -> str | None:
    """Say in one line which word is none of those there are, or nothing."""
    for name, given, known in (("BACKEND", backend, BACKENDS), ("DEVICE", device, DEVICES)):
        if given not in known:
            return f"{name}={given}: choose one of {', '.join(known)}."
    return None


def main(arguments: list[str]) -> int:
    """Run the notebooks, or say why not."""
    parser = argparse.ArgumentParser(prog="python -m scripts.validate", description=__doc__)
    parser.add_argument("backend")
    parser.add_argument("device")
    parser.add_argument("--jobs", type=int, default=2, help="notebooks at a time (default: 2)")
    options = parser.parse_args(arguments)
    problem = refusal(options.backend, options.device)
    if problem is not None:
        print(problem, file=sys.stderr)
        return 2
    if options.device == "gpu":
        # In a process of its own, whose GPU is free again when it ends.
        look = [sys.executable, "-m", "scripts.gpu", options.backend]
        if subprocess.run(look, cwd=PROJECT, check=False).returncode != 0:
            return 2
    notebooks = find_notebooks()
    if not notebooks:
        print("There are no notebooks under course/ to run.", file=sys.stderr)
        return 2
    report = REPORTS / f"{options.backend}-{options.device}" / "nbval.xml"
    shutil.rmtree(report.parent, ignore_errors=True)
    report.parent.mkdir(parents=True)
    make_keys()
    if reproduced(notebooks, options.backend, options.device, jobs=options.jobs, report=report):
        return 0
    print(f"What differs is in {report.relative_to(PROJECT)}.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
