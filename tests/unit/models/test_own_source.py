"""The code of a model's own classes, out of the cells that were run."""

from __future__ import annotations

import ast

from grader.models.own_source import closure

CELLS = [
    "import keras\nfrom keras import layers, ops\nimport matplotlib.pyplot as plt",
    "%matplotlib inline\n!ls",
    "SCALE = 2.0\nOTHER = load_everything()",
    "def helper(x):\n    return ops.tanh(x) * SCALE",
    "class Good(layers.Layer):\n    def call(self, x):\n        return x",
    "model = keras.Sequential([Good()])\nmodel.fit(data)",
    "class Good(layers.Layer):\n    def call(self, x):\n        return helper(x)",
    "plt.plot([1, 2])",
]


def names(source: str) -> list[str]:
    """What a text defines, in order."""
    found = []
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            found += [alias.asname or alias.name for alias in statement.names]
        else:
            found.append(getattr(statement, "name", None) or ast.unparse(statement).partition(" ")[0])
    return found


def test_a_class_comes_with_what_it_needs_and_nothing_else() -> None:
    """The last definition counts, what it needs comes before it, and nothing is trained, drawn or loaded."""
    source = closure(CELLS, ["Good"])
    assert ["layers", "ops", "SCALE", "helper", "Good"] == names(source)
    assert 1 == source.count("class Good")
    assert "helper(x)" in source


def test_a_class_that_builds_on_its_earlier_self_comes_with_both() -> None:
    """`class A(A)` needs the one before."""
    cells = ["class A:\n    one = 1", "class A(A):\n    two = 2"]
    assert 2 == closure(cells, ["A"]).count("class A")


def test_what_is_changed_after_its_definition_is_changed_there_too() -> None:
    """An attribute that was set later, and a name that was added to."""
    cells = ["class A:\n    pass", "A.rate = 3", "TABLE = [1]", "TABLE += [2]", "class B(A):\n    t = TABLE"]
    source = closure(cells, ["B"])
    assert "A.rate = 3" in source
    assert "TABLE += [2]" in source


def test_imports_under_a_condition_come_whole() -> None:
    """`try: import … except ImportError:` is one statement."""
    cells = [
        "try:\n    import fast as lib\nexcept ImportError:\n    import slow as lib",
        "class A:\n    x = lib.f",
    ]
    assert "import slow as lib" in closure(cells, ["A"])


def test_names_that_nobody_defined_give_nothing() -> None:
    """Half-written cells are passed over."""
    assert "" == closure(["class A(:", "x = 1"], ["A"])
