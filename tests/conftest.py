"""Shared by all tests: nothing is written to a home folder, and no backend takes every core."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.environment import PROJECT, project_environment
from tests.backends.worker import Workers

_redirected = project_environment(os.environ, PROJECT / "build" / "tests")
# A test that makes a course of its own must not find this one's nbgrader settings; the backend is each test's
# own choice.
for _name in ("JUPYTER_CONFIG_PATH", "KERAS_BACKEND"):
    _redirected.pop(_name, None)
os.environ.update(_redirected)
for _name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(_name, "1")


@pytest.fixture(scope="session")
def project() -> Path:
    """The project's root folder."""
    return PROJECT


@pytest.fixture(scope="session")
def workers() -> Iterator[Workers]:
    """One process a backend, started when a test first asks for it; what JAX compiled is kept in build/."""
    workers = Workers(PROJECT / "build" / "tests" / "jax")
    yield workers
    workers.stop()
