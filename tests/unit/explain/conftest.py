"""Ask the programs of this folder in a backend's process, once for all tests."""

from functools import cache
from typing import Any

import pytest

from tests.backends.worker import Workers


@pytest.fixture(scope="session")
def explained(workers: Workers) -> Any:
    """Return a function: backend, function of ``explained``, filtered tracebacks or not → what it returns."""

    @cache
    def ask(backend: str, function: str, filtered: bool) -> Any:
        return workers[backend].run("tests.unit.explain.explained", function, filtered=filtered)

    return ask
