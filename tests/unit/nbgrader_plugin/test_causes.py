"""The line of nbgrader's log that says why a step failed."""

from __future__ import annotations

import pytest

from grader.nbgrader_plugin.causes import cause

TRACEBACK = """[WARNING] Removing existing assignment
[ERROR] There was an error processing assignment: /x/submitted/student-01/01_small
\x1b[31m[ERROR] Traceback (most recent call last):
      File "base.py", line 3, in convert
        raise ValueError("planted")
    ValueError: planted.
[WARNING] Removing failed assignment: /x
[ERROR] There was an error processing assignment '01_small' for student 'student-01'
[ERROR] Please see the the above traceback for details on the specific errors on the above failures.
"""


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"log": TRACEBACK, "error": "Traceback\nNbGraderException: Please see"}, "ValueError: planted"),
        (
            {
                "log": "[INFO] x\n[ERROR] There was an error processing it\n[ERROR] No notebooks found.\n[ERROR] Please see the log."
            },
            "No notebooks found",
        ),
        ({"log": "[INFO] fine", "error": "Traceback\n  File\nKeyError: 'a'"}, "KeyError: 'a'"),
        ({"error": None}, "no message"),
    ],
)
def test_the_cause_is_the_exception_that_was_logged(result: dict[str, str], said: str) -> None:
    """The exception that was logged is the cause, not the one that points at the log."""
    assert said == cause(result)
