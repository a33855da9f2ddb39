"""Run the programs of the table, and return what is said of each. Runs in a worker."""

import json
from typing import Any

import keras

import grader
from tests.unit.explain.programs import (  # noqa: F401  # each enters its programs
    arguments,
    backends,
    building,
    classes,
    fitting,
    hostile,
    labels,
    names,
    near_misses,
    saving,
    training,
    values,
)
from tests.unit.explain.programs.table import BROKEN, NEAR_MISSES


def explained(run: Any) -> dict[str, Any] | None:
    """Run a program, and return what is said of its exception; nothing where it raises none."""
    try:
        run()
    except Exception as error:
        found = grader.explain(error)
        return {**json.loads(found.to_json()), "text": str(found), "html": found._repr_html_()}
    return None


def _filter(filtered: bool) -> None:
    (keras.config.enable_traceback_filtering if filtered else keras.config.disable_traceback_filtering)()


def broken(filtered: bool) -> dict[str, Any]:
    """Explain every broken program, beside its row of the table."""
    _filter(filtered)
    return {
        name: {
            "kind": row.kind,
            "says": row.says,
            "raises": keras.backend.backend() in row.backends,
            "said": explained(row.run),
        }
        for name, row in BROKEN.items()
    }


def near_misses_explained(filtered: bool) -> dict[str, Any]:
    """Explain every near-miss."""
    _filter(filtered)
    return {name: explained(run) for name, run in NEAR_MISSES.items()}


def hostile_explained() -> dict[str, list[Any]]:
    """Explain the exceptions that resist: text, HTML and whether a cause was named."""
    return hostile.hostile_explained()
