"""The limits that a course sets, checked before a class is graded with them."""

from __future__ import annotations

from typing import Any

from traitlets import TraitError

from grader.errors import UsageError
from grader.messages import did_you_mean
from grader.nbgrader_plugin.execute import ExecuteAndJudge

__all__ = ["refuse_bad_settings"]

_CLASSES = ("ExecuteAndJudge", "RecordingClient", "LimitedClient")


def refuse_bad_settings(config: Any) -> None:
    """Refuse what ``nbgrader_config.py`` sets of ours and does not exist, or has no value of its kind.

    Raises:
        UsageError: the message names the setting.
    """
    known = sorted(ExecuteAndJudge.class_trait_names(config=True))
    for owner in _CLASSES:
        for name in config.get(owner, {}):
            if name not in known:
                raise UsageError(
                    f"nbgrader_config.py sets c.{owner}.{name}, and there is no such setting."
                    f"{did_you_mean(name, known)}"
                )
    try:
        ExecuteAndJudge(config=config)
    except TraitError as error:
        text = " ".join(str(error).split())
        raise UsageError(f"nbgrader_config.py sets a limit that cannot be used: {text[:300]}") from error
