"""Re-run every notebook of the course on each backend and compare with the outputs it stores."""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from grader.execution.kernelspecs import install_kernels, kernel_for
from grader.execution.zygotes import FOLDER_VARIABLE, OFF, NoZygoteError, start_zygote
from scripts.devices import device_environment, on_device
from scripts.environment import COURSE, PROJECT, project_environment

__all__ = [
    "BACKENDS",
    "find_notebooks",
    "main",
    "make_keys",
    "nbval_command",
    "nbval_environment",
    "reproduced",
    "warm_up",
]

BACKENDS = ("tensorflow", "jax", "torch")
# pytest's code for "nothing was collected".
NOTHING_COLLECTED = 5


def find_notebooks(course: Path = COURSE) -> list[Path]:
    """Return the index, then every lesson and assignment, in order."""
    return [*sorted(course.glob("*.ipynb")), *sorted(course.glob("units/*/*.ipynb"))]


def make_keys(course: Path = COURSE) -> None:
    """Make the answer keys that the assignments' checks judge against, on the CPU; fresh ones are kept."""
    from grader.execution.keyring import public_key
    from grader.nbgrader_plugin.release import find_unit

    with on_device("cpu"):
        for tasks in sorted(course.glob("units/*/tasks.py")):
            public_key(find_unit(tasks.parent.name, course))


def nbval_command(notebooks: list[Path], jobs: int, backend: str, report: Path | None = None) -> list[str]:
    """Return the pytest command: strict comparison in the backend's kernel, a notebook's cells kept on one worker.

    Which cells differ is written to ``report`` as well, in JUnit's XML.
    """
    return [
        sys.executable,
        "-m",
        "pytest",
        "--nbval",
        "--nbval-cell-timeout=300",
        f"--nbval-kernel-name={kernel_for(backend)}",
        "-q",
        "-p",
        "no:cacheprovider",
        "-n",
        str(min(jobs, len(notebooks))),
        "--dist",
        "loadfile",
        *([f"--junitxml={report}"] if report else []),
        *map(str, notebooks),
    ]


def nbval_environment(base: dict[str, str], backend: str, state: Path, device: str = "cpu") -> dict[str, str]:
    """Return the environment of one run: one backend, one device, and one thread a process."""
    environment = project_environment({**base, "KERAS_BACKEND": backend}, state)
    # Two workers that each take every core slow each other down five times.
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment |= {
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    }
    # A mode left over from a grading run would change what `check` displays.
    for name in ("GRADER_MODE", "GRADER_CASES", "NBGRADER_EXECUTION"):
        environment.pop(name, None)
    return device_environment(environment, device)


def warm_up(environment: dict[str, str]) -> None:
    """Put the course's kernels where this run's Jupyter looks, and have Keras imported for them once.

    Where kernels cannot or must not be forked, each imports Keras itself.
    """
    install_kernels(Path(environment["JUPYTER_DATA_DIR"]) / "kernels")
    if environment.get(FOLDER_VARIABLE) == OFF:
        return
    with contextlib.suppress(NoZygoteError):
        start_zygote(environment, owner=os.getpid())


def reproduced(
    notebooks: list[Path], backend: str, device: str = "cpu", *, jobs: int, report: Path | None = None
) -> bool:
    """Run notebooks on one backend and one device, say how that went, and return whether all outputs came again."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="notebooks-") as state:
        environment = nbval_environment(dict(os.environ), backend, Path(state), device)
        warm_up(environment)
        code = subprocess.run(
            nbval_command(notebooks, jobs, backend, report), cwd=PROJECT, env=environment, check=False
        ).returncode
    passed = code in (0, NOTHING_COLLECTED)
    print(
        f"{len(notebooks)} notebooks on {backend} ({device}): {'reproduced' if passed else 'FAILED'} in "
        f"{time.monotonic() - began:.0f} s",
        flush=True,
    )
    return passed


def main(arguments: list[str]) -> int:
    """Run the named backends, all by default; return 0 when every notebook reproduced."""
    parser = argparse.ArgumentParser(prog="python -m scripts.notebooks", description=__doc__)
    parser.add_argument("backends", nargs="*", default=list(BACKENDS), metavar="BACKEND")
    parser.add_argument("--jobs", type=int, default=2, help="notebooks at a time (default: 2)")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.backends) - set(BACKENDS))
    if unknown:
        parser.error(f"unknown backend {', '.join(unknown)}; choose from {', '.join(BACKENDS)}")
    notebooks = find_notebooks()
    if not notebooks:
        print("There are no notebooks under course/ yet.")
        return 0
    make_keys()
    failed = [
        backend for backend in options.backends if not reproduced(notebooks, backend, jobs=options.jobs)
    ]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
