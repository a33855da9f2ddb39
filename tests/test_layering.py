"""The import rule of the grader, executable."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from scripts.environment import PROJECT

GRADER = PROJECT / "grader"

# A module may import from stages left of its own (lower numbers) and from its own package.
STAGES = {
    "errors": 0,
    "messages": 0,
    "json_text": 0,
    "layer_settings": 0,
    "layer_names": 0,
    "lessons": 0,
    "keras_names": 0,
    "model_archive": 0,
    "options": 0,
    "parity_answers": 0,
    "saved_config": 0,
    "saved_file": 0,
    "watched": 0,
    "record": 0,
    "causes": 0,
    "compiled_text": 0,
    "graph": 0,
    "graph_text": 0,
    "evidence": 0,
    "tasks": 0,
    "keys": 0,
    "canonical": 1,
    "course": 1,
    "doctor": 1,
    "models": 1,
    "comparison": 2,
    "behaviour": 3,
    "misconceptions": 3,
    "verdict": 4,
    "judge": 5,
    "execution": 6,
    "report": 6,
    "api": 7,
    "portability": 7,
    "samples": 7,
    "saved_models": 7,
    "course_unit": 8,
    "nbgrader_plugin": 8,
    "console": 9,
    "demo": 9,
    "notebook_errors": 9,
    "results_table": 9,
    "": 10,  # grader/__init__.py
    "cli": 10,
}
FRAMEWORKS = {"keras", "tensorflow", "jax", "torch"}
# These run in a student's kernel or a worker, and must reach the models there. They do so inside
# functions, so that importing them stays free of Keras.
MAY_REACH_MODELS = {"api", "course_unit", "portability", "saved_models"}


class Import(NamedTuple):
    """One import statement: where it stands, what it names, and whether it runs at import time."""

    file: str
    line: int
    target: str
    lazy: bool


def stage_of(module: str) -> str:
    """Return the stage of a dotted module name below ``grader``."""
    return module.split(".")[1] if "." in module else ""


def imports_in(source: str, file: str) -> list[Import]:
    """Return every import in a source text; one under a function or ``TYPE_CHECKING`` is lazy."""
    found: list[Import] = []

    def visit(node: ast.AST, lazy: bool) -> None:
        lazy = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            lazy = True
        if isinstance(node, ast.Import):
            found.extend(Import(file, node.lineno, alias.name, lazy) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno} imports relatively"
            for alias in node.names:
                # `from grader import models` names a module; `from grader.graph import Call` does not.
                whole = f"{node.module}.{alias.name}" if node.module == "grader" else str(node.module)
                found.append(Import(file, node.lineno, whole, lazy))
        for child in ast.iter_child_nodes(node):
            visit(child, lazy)

    visit(ast.parse(source), lazy=False)
    return found


def offences(source: str, module: str) -> list[str]:
    """Return how a module breaks the import rule, one sentence each."""
    stage = stage_of(module)
    wrong = []
    for statement in imports_in(source, module):
        root = statement.target.split(".")[0]
        place = f"{statement.file}:{statement.line}"
        if root in FRAMEWORKS and stage != "models":
            wrong.append(f"{place} imports {root}; only grader/models may")
        if root != "grader":
            continue
        target = stage_of(statement.target)
        if target not in STAGES:
            # `from grader import describe` takes a public name out of the package itself.
            target = ""
        if target == stage:
            continue
        if target == "models":
            if not (stage in MAY_REACH_MODELS and statement.lazy):
                wrong.append(f"{place} imports grader.models")
        elif stage == "models":
            if STAGES[target] > 0:
                wrong.append(f"{place} imports {statement.target}, which is no leaf")
        elif STAGES[target] > STAGES[stage] or (STAGES[target] == STAGES[stage] and STAGES[stage] > 0):
            wrong.append(f"{place} imports {statement.target}, a stage that does not come before {stage}")
    return wrong


def module_name(path: Path) -> str:
    """Return the dotted name of a file of the package."""
    return ".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__")


MODULES = sorted(GRADER.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=[module_name(path) for path in MODULES])
def test_every_module_imports_from_earlier_stages_only(path: Path) -> None:
    """A stage imports records and functions of earlier stages only."""
    module = module_name(path)
    assert stage_of(module) in STAGES, f"{module} has no place in the order of stages: give it one"
    assert [] == offences(path.read_text(encoding="utf-8"), module)


@pytest.mark.parametrize(
    ("source", "module", "part"),
    [
        ("import keras", "grader.judge.bench", "only grader/models"),
        ("def f():\n    import torch.nn", "grader.report", "only grader/models"),
        ("from grader.report import html", "grader.judge", "does not come before judge"),
        ("from grader.judge import judge", "grader.graph", "does not come before graph"),
        ("from grader import models", "grader.execution.client", "imports grader.models"),
        ("from grader import models", "grader.api", "imports grader.models"),
        ("from grader.canonical import normalize", "grader.models.describe", "no leaf"),
        ("from grader import describe", "grader.judge", "does not come before judge"),
        ("from grader.execution import run", "grader.report.html", "does not come before report"),
    ],
)
def test_the_rule_notices_each_kind_of_offence(source: str, module: str, part: str) -> None:
    """The rule finds each kind of forbidden import in a planted example."""
    (sentence,) = offences(source, module)
    assert part in sentence


def test_a_lazy_import_of_the_models_is_allowed_where_students_work() -> None:
    """The public functions may reach the models inside a function."""
    assert [] == offences("def f():\n    from grader import models", "grader.api")


@pytest.mark.parametrize(
    "module", ["grader", "grader.judge", "grader.report", "grader.cli", "grader.doctor", "grader.execution"]
)
def test_importing_the_trusted_side_leaves_frameworks_out(module: str) -> None:
    """Importing what runs outside the student's process loads neither Keras nor a backend."""
    probe = (
        f"import sys, {module}; "
        f"print(sorted({FRAMEWORKS!r} & {{name.split('.')[0] for name in sys.modules}}))"
    )
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, cwd=PROJECT)
    assert ("[]\n", 0) == (run.stdout, run.returncode), run.stderr
