"""Build the models of a family's tables in a worker process, and hand back what a check would see of them."""

import importlib
from pathlib import Path

import keras

from grader.evidence import Case
from grader.models.collect import collect


def evidence(family):
    """What was collected of a family's ``TRIGGERS`` and ``NEAR_MISSES``, as JSON, by mistake.

    A row of triggers is a student's model and the reference; a row of near-misses has a third entry, the id of
    what the student is told first, ``""`` where no mistake is named, or ``None`` where nothing is wrong.
    """
    module = importlib.import_module(f"tests.unit.misconceptions.{family}")
    return {
        table: {
            mistake: [[*map(_seen, row[:2]), *row[2:]] for row in rows]
            for mistake, rows in getattr(module, table).items()
        }
        for table in ("TRIGGERS", "NEAR_MISSES")
    }


def _seen(build):
    keras.utils.clear_session(free_memory=False)
    return collect("pair", build, (Case(),)).to_json()


def table_sizes():
    """How many rows each mistake has in the two tables, over all modules of models beside this one."""
    sizes = {"TRIGGERS": {}, "NEAR_MISSES": {}}
    for path in sorted(Path(__file__).parent.glob("*_models.py")):
        module = importlib.import_module(f"tests.unit.misconceptions.{path.stem}")
        for table, counted in sizes.items():
            rows = getattr(module, table, {})
            for mistake, listed in rows.items() if isinstance(rows, dict) else ():
                counted[mistake] = counted.get(mistake, 0) + len(listed)
    return sizes
