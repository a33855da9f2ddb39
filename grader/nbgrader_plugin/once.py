"""Have done once in a process what nbgrader does again for each notebook of a class.

nbgrader makes a new database engine for every step of a notebook, about ten times, so that each statement is
compiled anew; and it holds the schema of its metadata against the rules for schemas once for every cell. Together
that was half of what writing a notebook's grades took. What is done, and in which order, stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from types import SimpleNamespace
from typing import Any

import jsonschema
from jsonschema.exceptions import best_match
from nbgrader import api
from nbgrader.nbgraderformat import common
from sqlalchemy import Engine, create_engine

__all__ = ["done_once"]


@contextmanager
def done_once() -> Iterator[None]:
    """Let nbgrader, while this lasts, keep the engine of a database and the validator of a schema.

    An engine is kept for the next time, without a connection: each ``Gradebook`` closes its own.
    """
    before = api.create_engine, common.jsonschema
    api.create_engine, common.jsonschema = _engine, SimpleNamespace(validate=_validate)
    try:
        yield
    finally:
        api.create_engine, common.jsonschema = before


@cache
def _engine(url: str, **settings: Any) -> Engine:
    return create_engine(url, **settings)


def _validate(instance: object, schema: Mapping[str, Any]) -> None:
    """Do as ``jsonschema.validate``, which looks at the schema each time as well."""
    error = best_match(_validator(json.dumps(schema)).iter_errors(instance))
    if error is not None:
        raise error


@cache
def _validator(schema: str) -> Any:
    read = json.loads(schema)
    validator = jsonschema.validators.validator_for(read)
    validator.check_schema(read)
    return validator(read)
