"""Look at the installation and say what is there, what is missing, and how to mend it.

Versions are read from package metadata: nothing is imported, so a broken framework cannot break the
diagnosis, and the answer comes in a fraction of a second.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from enum import Enum, unique
from importlib import metadata
from pathlib import Path

from grader.record import Record

__all__ = [
    "BACKENDS",
    "Finding",
    "Status",
    "check_backend_choice",
    "check_backends",
    "check_data",
    "check_exchange",
    "check_isolation",
    "check_package",
    "check_python",
    "doctor",
    "find_course",
    "render",
]

SUPPORTED = ((3, 11), (3, 12), (3, 13))
# Each backend with the distributions that can provide it.
BACKENDS: Mapping[str, tuple[str, ...]] = {
    "tensorflow": ("tensorflow", "tensorflow-cpu"),
    "jax": ("jax",),
    "torch": ("torch",),
}
NEEDED = {"keras": "keras", "JupyterLab": "jupyterlab", "nbgrader": "nbgrader"}

Version = Callable[[str], str | None]


@unique
class Status(Enum):
    """How a finding bears on the work: fine, worth knowing, or in the way."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(Record):
    """One thing looked at: what was found, and what to do unless it is ``OK``."""

    name: str
    status: Status
    found: str
    advice: str = ""


def installed_version(distribution: str) -> str | None:
    """Return the installed version of a distribution, or ``None``; nothing is imported."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def check_python(version: tuple[int, int]) -> Finding:
    """Tell whether the pinned packages support this Python."""
    found = f"{version[0]}.{version[1]}"
    if version in SUPPORTED:
        return Finding(name="Python", status=Status.OK, found=found)
    return Finding(
        name="Python",
        status=Status.FAIL,
        found=found,
        advice="The course needs Python 3.11, 3.12 or 3.13: run `make setup PYTHON=python3.12`.",
    )


def check_package(name: str, distribution: str, version: Version = installed_version) -> Finding:
    """Tell which version of a needed package is installed."""
    found = version(distribution)
    if found is not None:
        return Finding(name=name, status=Status.OK, found=found)
    return Finding(
        name=name,
        status=Status.FAIL,
        found="not installed",
        advice="Run `make setup`, and start the grader from the environment it makes.",
    )


def check_backends(version: Version = installed_version) -> tuple[Finding, ...]:
    """Tell which backends are installed; a missing one matters only when it is the last."""
    versions: dict[str, str | None] = {}
    for backend, distributions in BACKENDS.items():
        versions[backend] = next(filter(None, map(version, distributions)), None)
    none_at_all = not any(versions.values())
    findings = []
    for backend, found in versions.items():
        if found is not None:
            findings.append(Finding(name=backend, status=Status.OK, found=found))
        elif none_at_all:
            findings.append(
                Finding(
                    name=backend,
                    status=Status.FAIL,
                    found="not installed",
                    advice="Keras needs one of tensorflow, jax and torch: run `make setup`.",
                )
            )
        else:
            findings.append(
                Finding(
                    name=backend,
                    status=Status.WARN,
                    found="not installed",
                    advice="Work can be checked on the other backends; `make setup` installs all three.",
                )
            )
    return tuple(findings)


def check_backend_choice(chosen: str | None, version: Version = installed_version) -> Finding:
    """Tell which backend Keras will use, ``chosen`` being the value of ``KERAS_BACKEND``."""
    name = "KERAS_BACKEND"
    if chosen is None:
        return Finding(name=name, status=Status.OK, found="not set: Keras's own default")
    if chosen not in BACKENDS:
        return Finding(
            name=name,
            status=Status.FAIL,
            found=chosen,
            advice=f"Set it to one of {', '.join(BACKENDS)}, or leave it unset.",
        )
    if not any(map(version, BACKENDS[chosen])):
        return Finding(
            name=name,
            status=Status.FAIL,
            found=f"{chosen}, which is not installed",
            advice="Run `make setup`, or choose an installed backend.",
        )
    return Finding(name=name, status=Status.OK, found=chosen)


def check_exchange(exchange: Path) -> Finding:
    """Tell whether nbgrader can release to and collect from its exchange folder."""
    name = "exchange"
    if not exchange.is_dir():
        # The lab and the release make it; until then, all that counts is whether they could.
        home = next(folder for folder in exchange.parents if folder.exists())
        if os.access(home, os.W_OK | os.X_OK):
            return Finding(name=name, status=Status.OK, found="not made yet: `make lab` makes it")
        return Finding(
            name=name,
            status=Status.FAIL,
            found=f"cannot be made: {home} is not writable",
            advice="Give yourself write access to the course folder, or move the project.",
        )
    if os.access(exchange, os.R_OK | os.W_OK | os.X_OK):
        return Finding(name=name, status=Status.OK, found=f"writable: {exchange}")
    return Finding(
        name=name,
        status=Status.FAIL,
        found=f"not writable: {exchange}",
        advice="Give yourself write access to it, or delete it: `make lab` makes it anew.",
    )


def check_data(digits: Path) -> Finding:
    """Tell whether the digits that lessons train on have been converted."""
    if digits.is_file():
        return Finding(name="digits", status=Status.OK, found=f"{digits.stat().st_size / 1e6:.1f} MB")
    return Finding(
        name="digits",
        status=Status.FAIL,
        found=f"{digits.name} is missing",
        advice="Run `make setup`, which converts them once.",
    )


def check_isolation() -> Finding:
    """Tell what keeps a submission's code away from the rest of the machine."""
    return Finding(
        name="isolation",
        status=Status.WARN,
        found="a kernel of its own per notebook, no sandbox",
        advice="A submission's code can reach what you can: grade strangers' work as a user of its own "
        "or in a container.",
    )


def find_course(start: Path) -> Path | None:
    """Return the course folder at or above ``start``, or that of an editable install, or ``None``."""
    installed = Path(__file__).resolve().parent.parent
    for folder in (start, *start.parents, installed):
        for candidate in (folder, folder / "course"):
            if (candidate / "nbgrader_config.py").is_file() and (candidate / "units").is_dir():
                return candidate
    return None


def doctor(start: Path | None = None) -> tuple[Finding, ...]:
    """Examine the installation and the course at or above ``start`` (the working folder by default)."""
    findings = [check_python((sys.version_info.major, sys.version_info.minor))]
    findings += [check_package(name, distribution) for name, distribution in NEEDED.items()]
    findings += check_backends()
    findings.append(check_backend_choice(os.environ.get("KERAS_BACKEND")))
    course = find_course((start or Path.cwd()).resolve())
    if course is None:
        findings.append(
            Finding(
                name="course",
                status=Status.WARN,
                found="none at or above this folder",
                advice="Change to the project's folder to have its exchange and data looked at.",
            )
        )
    else:
        findings.append(Finding(name="course", status=Status.OK, found=str(course)))
        findings.append(check_exchange(course / "exchange"))
        findings.append(check_data(course / "data" / "digits.npz"))
    findings.append(check_isolation())
    return tuple(findings)


def render(findings: tuple[Finding, ...]) -> str:
    """Render findings as aligned lines of text, each piece of advice below its finding."""
    width = max((len(finding.name) for finding in findings), default=0)
    lines = []
    for finding in findings:
        lines.append(f"{finding.status.value:<4}  {finding.name:<{width}}  {finding.found}")
        if finding.advice:
            lines.append(f"{'':<4}  {'':<{width}}  → {finding.advice}")
    return "\n".join(lines)
