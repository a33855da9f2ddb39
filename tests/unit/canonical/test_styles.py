"""Styles of writing that are one computation, each held to what Keras computes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.backends.worker import Workers


def names_in(beside: str, module: str, table: str) -> list[str]:
    """Return the names in one table of a module beside a test, which only a backend's process can import."""
    tree = ast.parse(Path(beside).with_name(module).read_text(encoding="utf-8"))
    (found,) = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == table
    ]
    return [ast.literal_eval(key) for key in found.keys]


def names(table: str) -> list[str]:
    return names_in(__file__, "styles.py", table)


BACKENDS = pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
MODULE = "tests.unit.canonical.styles"


@pytest.mark.backends
@BACKENDS
@pytest.mark.parametrize("name", names("SAME"))
def test_two_styles_of_one_computation_are_the_same(workers: Workers, backend: str, name: str) -> None:
    """What the normal form calls the same computes the same numbers."""
    assert workers[backend].run(MODULE, "equivalent", kind="same", name=name)
    assert workers[backend].run(MODULE, "gap", kind="same", name=name) < 1e-5


@pytest.mark.backends
@pytest.mark.parametrize("name", names("DIFFERENT"))
def test_a_near_miss_is_another_computation(workers: Workers, name: str) -> None:
    """What looks alike and computes other numbers is not the same."""
    assert not workers["torch"].run(MODULE, "equivalent", kind="different", name=name)
    assert workers["torch"].run(MODULE, "gap", kind="different", name=name) > 1e-3
