"""Ask the programs of this folder in a backend's process, once for all tests."""

from functools import cache
from typing import Any

import pytest

from tests.backends.worker import Workers

BACKENDS = ("tensorflow", "jax", "torch")


@pytest.fixture(scope="session")
def explained(workers: Workers) -> Any:
    """Return a function: backend, module, filtered tracebacks or not → what is said of each program."""

    @cache
    def ask(backend: str, module: str, filtered: bool) -> Any:
        return workers[backend].run(f"tests.unit.explain.{module}", "all_explained", filtered=filtered)

    return ask
