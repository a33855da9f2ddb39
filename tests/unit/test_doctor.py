"""The doctor: what it says of each thing it looks at."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grader.doctor import (
    Finding,
    Status,
    check_backend_choice,
    check_backends,
    check_data,
    check_exchange,
    check_isolation,
    check_package,
    check_python,
    doctor,
    find_course,
    render,
)


def nothing(distribution: str) -> str | None:
    return None


def only(*installed: str):
    return lambda distribution: "1.0" if distribution in installed else None


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_supported_pythons_are_fine(version: tuple[int, int]) -> None:
    """Python 3.11 to 3.13 need no advice."""
    assert Finding(name="Python", status=Status.OK, found=f"3.{version[1]}") == check_python(version)


@pytest.mark.parametrize("version", [(3, 10), (3, 14), (2, 7)])
def test_other_pythons_are_in_the_way(version: tuple[int, int]) -> None:
    """Any other Python fails, with the versions that would do."""
    finding = check_python(version)
    assert Status.FAIL is finding.status
    assert "3.11, 3.12 or 3.13" in finding.advice


def test_a_missing_package_is_in_the_way() -> None:
    """A needed package that is not installed fails, with the command that installs it."""
    finding = check_package("nbgrader", "nbgrader", nothing)
    assert (Status.FAIL, "not installed") == (finding.status, finding.found)
    assert "make setup" in finding.advice


def test_one_backend_is_enough() -> None:
    """With one backend installed the others are only worth knowing."""
    assert {"jax": Status.OK, "tensorflow": Status.WARN, "torch": Status.WARN} == {
        finding.name: finding.status for finding in check_backends(only("jax"))
    }


def test_no_backend_is_in_the_way() -> None:
    """Without any backend all three fail."""
    assert {Status.FAIL} == {finding.status for finding in check_backends(nothing)}


def test_the_cpu_build_of_tensorflow_counts() -> None:
    """tensorflow-cpu provides the TensorFlow backend."""
    tensorflow = check_backends(only("tensorflow-cpu"))[0]
    assert ("tensorflow", Status.OK) == (tensorflow.name, tensorflow.status)


@pytest.mark.parametrize(
    ("chosen", "status", "part"),
    [
        (None, Status.OK, "not set"),
        ("jax", Status.OK, "jax"),
        ("theano", Status.FAIL, "theano"),
        ("torch", Status.FAIL, "not installed"),
    ],
)
def test_the_chosen_backend_must_exist(chosen: str | None, status: Status, part: str) -> None:
    """KERAS_BACKEND must be unset, or name an installed backend."""
    finding = check_backend_choice(chosen, only("jax"))
    assert status is finding.status
    assert part in finding.found


def test_a_writable_exchange_is_fine(tmp_path: Path) -> None:
    """An exchange folder one can write to is fine, and so is one that can still be made."""
    assert Status.OK is check_exchange(tmp_path).status
    assert Status.OK is check_exchange(tmp_path / "course" / "exchange").status


def test_an_exchange_nobody_may_write_is_in_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exchange without write access fails, whether it is there or not."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert Status.FAIL is check_exchange(tmp_path).status
    assert "cannot be made" in check_exchange(tmp_path / "exchange").found


def test_missing_digits_are_in_the_way(tmp_path: Path) -> None:
    """Without the converted digits lessons cannot run."""
    assert Status.FAIL is check_data(tmp_path / "digits.npz").status
    (tmp_path / "digits.npz").write_bytes(b"x" * 800_000)
    assert Finding(name="digits", status=Status.OK, found="0.8 MB") == check_data(tmp_path / "digits.npz")


def test_the_isolation_in_force_is_told() -> None:
    """The doctor never passes over how submissions are kept apart."""
    assert check_isolation() in doctor()


def test_the_course_is_found_from_inside_it(tmp_path: Path) -> None:
    """The course folder is found from the project's root and from any folder below it."""
    course = tmp_path / "course"
    (course / "units" / "04").mkdir(parents=True)
    (course / "nbgrader_config.py").touch()
    assert [course] * 3 == [find_course(start) for start in (tmp_path, course, course / "units" / "04")]


def test_every_problem_has_advice() -> None:
    """A finding that is not fine says what to do."""
    findings = [*check_backends(nothing), check_python((3, 9)), check_isolation(), *doctor()]
    assert [] == [finding for finding in findings if finding.status is not Status.OK and not finding.advice]


def test_findings_are_rendered_in_columns() -> None:
    """Text output aligns names and puts advice below its finding."""
    text = render(
        (
            Finding(name="a", status=Status.OK, found="1"),
            Finding(name="long", status=Status.FAIL, found="none", advice="Mend it."),
        )
    )
    assert "ok    a     1\nfail  long  none\n            → Mend it." == text
