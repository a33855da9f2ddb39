"""Evidence + answer key + task → ``Verdict``. Runs no student code and imports no Keras."""

from grader.judge.at_hand import compare_behaviour
from grader.judge.bench import judge
from grader.judge.challenge import Answers, challenge_for, try_out, weigh
from grader.judge.confirmation import Confirmation, confirm
from grader.judge.parity import TryParity
from grader.judge.probes import ask, probes_from
from grader.judge.result import CaseParity

__all__ = [
    "Answers",
    "CaseParity",
    "Confirmation",
    "TryParity",
    "ask",
    "challenge_for",
    "compare_behaviour",
    "confirm",
    "judge",
    "probes_from",
    "try_out",
    "weigh",
]
