"""JSON from a file that nobody vouches for: read within limits, or refused in one sentence."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from pydantic import JsonValue

from grader.messages import quoted

__all__ = ["DEEPEST", "JsonFaultError", "parse_json"]

DEEPEST = 200  # a nested model takes four levels of its own
_MOST_DIGITS = 40


class JsonFaultError(ValueError):
    """Why a text is no JSON that can be used; ends a sentence that begins with its name."""


def parse_json(content: bytes) -> JsonValue:
    """Read JSON as Keras writes it: UTF-8, with ``NaN`` and ``Infinity`` for numbers that are not finite.

    How long the content may be is for the caller to say, before it is read.

    Raises:
        JsonFaultError: it is not UTF-8 or not JSON, is nested deeper than ``DEEPEST``, gives a key twice in one
            object, or holds a whole number of more than 40 digits.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise JsonFaultError(f"is not UTF-8 at byte {error.start:,}") from error
    try:
        value: JsonValue = json.loads(text, object_pairs_hook=_once, parse_int=_whole)
    except RecursionError as error:
        raise JsonFaultError(_TOO_DEEP) from error
    except json.JSONDecodeError as error:
        raise JsonFaultError(
            f"is not JSON at line {error.lineno}, column {error.colno}: {error.msg}"
        ) from error
    _limit_depth(value)
    return value


_TOO_DEEP = f"is nested too deeply, expected at most {DEEPEST} levels"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        _refuse_twice([key for key, _ in pairs])
    return found


def _refuse_twice(keys: list[str]) -> NoReturn:
    seen: set[str] = set()
    twice = next(key for key in keys if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # add is None
    raise JsonFaultError(
        f"gives the key {quoted(twice)} twice in one object, and which one counts is not clear"
    )


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:  # Python takes long over thousands, and refuses more in words of its own
        raise JsonFaultError(
            f"holds a whole number of {len(digits):,} digits, expected at most {_MOST_DIGITS}"
        )
    return int(digits)


def _limit_depth(value: JsonValue) -> None:
    """Go down level by level, so that deep nesting cannot exhaust the stack of whoever walks the value next."""
    level: list[JsonValue] = [value]
    for _ in range(DEEPEST + 1):
        below: list[JsonValue] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(part for part in item.values() if isinstance(part, dict | list))
            elif isinstance(item, list):
                below.extend(part for part in item if isinstance(part, dict | list))
        if not below:
            return
        level = below
    raise JsonFaultError(_TOO_DEEP)
