"""The runner of the measurements."""

from __future__ import annotations

import json
import types
from pathlib import Path

import pytest

from benchmarks import __main__ as runner


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Measure made-up groups into a file of the test's own."""
    figures = {"one": {"one.seconds": 1.0}, "two": {"two.seconds": 2.0}}
    monkeypatch.setattr(runner, "RESULTS", tmp_path / "build" / "bench.json")
    monkeypatch.setattr(runner, "groups", lambda: list(figures))
    fake = types.SimpleNamespace(
        import_module=lambda name: types.SimpleNamespace(measure=lambda: figures[name.split(".")[1]])
    )
    monkeypatch.setattr(runner, "importlib", fake)
    return tmp_path / "build" / "bench.json"


def test_every_group_is_measured_into_one_flat_file(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a choice all groups run; each figure is printed and lands in one flat JSON object."""
    assert 0 == runner.main([])
    assert {"one.seconds": 1.0, "two.seconds": 2.0} == json.loads(results.read_text())
    assert ["one.seconds", "1", "two.seconds", "2"] == capsys.readouterr().out.split()


def test_one_group_leaves_the_figures_of_the_others(results: Path) -> None:
    """Measuring one group again keeps what the others gave before."""
    results.parent.mkdir()
    results.write_text('{"one.seconds": 9.0}')
    runner.main(["--only", "two"])
    assert {"one.seconds": 9.0, "two.seconds": 2.0} == json.loads(results.read_text())


def test_an_unknown_group_is_refused(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A group that does not exist ends with the names of those that do."""
    with pytest.raises(SystemExit) as caught:
        runner.main(["--only", "three"])
    assert 2 == caught.value.code
    assert "one" in capsys.readouterr().err
