"""Evidence + answer key + task → ``Verdict``. Runs no student code and imports no Keras."""

from grader.judge.bench import judge
from grader.judge.challenge import ask, challenge_for, probes_from

__all__ = ["ask", "challenge_for", "judge", "probes_from"]
