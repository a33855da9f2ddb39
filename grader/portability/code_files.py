"""The files that define a saved model's own classes, as code that each backend's process runs."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from grader.errors import UsageError
from grader.parity_answers import MOST_SOURCE

__all__ = ["code_of"]


def code_of(files: Iterable[Path]) -> str:
    """Return the code of some Python files as one text, which defines what importing each of them would.

    What stands under ``if __name__ == "__main__":`` is left out. A class is found by the name of its file, and as
    one of the script that the model was saved by.

    Raises:
        UsageError: a file cannot be read, is no Python, or all are too long to travel.
    """
    parts = []
    for file in files:
        try:
            statements = ast.parse(file.read_text(encoding="utf-8"), str(file)).body
        except OSError as error:
            raise UsageError(f"{file} cannot be read: {error.strerror}.") from error
        except SyntaxError as error:
            raise UsageError(f"{file} is no Python: line {error.lineno}: {error.msg}.") from error
        except ValueError as error:  # bytes that are no text, or a null byte
            raise UsageError(f"{file} is no Python: {error}.") from error
        kept = [ast.unparse(one) for one in statements if not _is_main(one) and not _is_future(one)]
        parts += [f"import sys as _sys\n_sys.modules[{file.stem!r}] = _sys.modules['__main__']", *kept]
    text = "\n\n".join(parts)
    if len(text) > MOST_SOURCE:
        raise UsageError(f"The code has {len(text):,} characters; at most {MOST_SOURCE:,} are taken along.")
    return text


def _is_main(statement: ast.stmt) -> bool:
    """Whether a statement is ``if __name__ == "__main__":``, written either way round."""
    if not isinstance(statement, ast.If) or not isinstance(statement.test, ast.Compare):
        return False
    sides = [statement.test.left, *statement.test.comparators]
    names = {side.id for side in sides if isinstance(side, ast.Name)}
    values = {side.value for side in sides if isinstance(side, ast.Constant)}
    return names == {"__name__"} and values == {"__main__"} and not statement.orelse


def _is_future(statement: ast.stmt) -> bool:
    """Whether a statement may only stand at a file's beginning, where it no longer is."""
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
