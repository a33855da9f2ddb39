"""The graph belongs to the model, not to the backend."""

import ast
from pathlib import Path

import pytest

pytestmark = pytest.mark.backends

SOURCE = ast.parse((Path(__file__).parent / "student_work.py").read_text())
NAMES = [
    entry.id
    for node in ast.walk(SOURCE)
    if isinstance(node, ast.DictComp)
    for entry in node.generators[0].iter.elts
]


@pytest.mark.parametrize("model", NAMES)
def test_a_model_has_the_same_graph_on_every_backend(backends, model):
    """The JSON of a model's graph is the same on TensorFlow, JAX and PyTorch."""
    expected = backends["tensorflow"].run("graph", model=model)
    assert expected == backends["jax"].run("graph", model=model)
    assert expected == backends["torch"].run("graph", model=model)
