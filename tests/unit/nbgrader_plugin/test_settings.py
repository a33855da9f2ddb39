"""What a kept result depends on beside the submission."""

from __future__ import annotations

from grader.execution.client import RecordingClient
from grader.execution.limited import LimitedClient
from grader.nbgrader_plugin.execute import _SETTINGS

# The words of an error, which decide nothing.
WORDS = {"error_on_timeout"}


def test_every_setting_of_a_run_is_part_of_what_its_result_is_kept_under() -> None:
    """With a limit changed a submission is run again, and not given what the old limit made of it."""
    settings = {
        name for kind in (LimitedClient, RecordingClient) for name in kind.class_own_traits(config=True)
    }
    assert {"notebook_memory", "timeout"} <= settings
    assert settings - WORDS == set(_SETTINGS)
