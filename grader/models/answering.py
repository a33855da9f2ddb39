"""Answer requests that come a line of JSON at a time, and let nothing else onto the line of answers."""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

__all__ = ["answer_lines"]


def answer_lines(answer: Callable[[dict[str, Any]], str]) -> None:
    """Answer each line of the input with one, until it ends; what else is printed meanwhile goes nowhere."""
    answers = sys.stdout
    with (
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        redirect_stdout(nowhere),
        redirect_stderr(nowhere),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        for line in sys.stdin:
            answers.write(answer(json.loads(line)) + "\n")
            answers.flush()
