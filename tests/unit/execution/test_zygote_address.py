"""Who shares a zygote: those whose kernels would have started alike."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from grader.execution.zygote_address import (
    FOLDER_VARIABLE,
    NoZygoteError,
    zygote_address,
    zygote_environment,
)
from grader.execution.zygote_address import (
    zygote_folder as folder_of_zygotes,
)
from scripts.environment import PROJECT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")


def test_what_is_read_at_import_is_told_from_the_rest() -> None:
    """A zygote is started with what libraries read when they are imported, and with no token of anybody's."""
    kept = {
        "KERAS_BACKEND": "jax",
        "XLA_FLAGS": "",
        "PYTHONPATH": "/x",
        "HOME": "/h",
        "LC_ALL": "C",
        "OMP_NUM_THREADS": "1",
    }
    left = {
        "NBGRADER_TOKEN": "t",
        "AWS_SECRET": "s",
        "PATH": "/bin",
        "MPLBACKEND": "agg",
        "HOMEPAGE": "h",
        "TEMPLATE": "t",
    }
    assert kept == zygote_environment({**kept, **left})


def test_settings_and_code_make_the_address(zygote_folder: Path) -> None:
    """The same settings give the same socket, and another value of any of them another one."""
    base = {"KERAS_BACKEND": "jax", "HOME": "/h"}
    address = zygote_address(base, sys.executable)
    assert address == zygote_address({**base, "NBGRADER_EXECUTION": "autograde"}, sys.executable)
    others = [
        zygote_address({**base, "KERAS_BACKEND": "torch"}, sys.executable),
        zygote_address({**base, "OMP_NUM_THREADS": "1"}, sys.executable),
        zygote_address(base, "/usr/bin/elsewhere"),
    ]
    assert 4 == len({address, *others})
    assert {zygote_folder} == {one.parent for one in (address, *others)}


def test_an_environments_python_has_several_names(zygote_folder: Path, tmp_path: Path) -> None:
    """``python`` and ``python3`` of one environment are one."""
    for name in ("python", "python3"):
        (tmp_path / name).symlink_to(sys.executable)
    assert zygote_address({}, str(tmp_path / "python")) == zygote_address({}, str(tmp_path / "python3"))


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ("pass", True),
        ("import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (64, r.getrlimit(r.RLIMIT_NOFILE)[1]))", True),
        ("import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (10**9, 10**9))", False),
        ("os.umask(0o27)", False),
        ("os.nice(3)", False),
        ("os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])", os.cpu_count() == 1),
    ],
)
def test_a_process_under_other_limits_has_another_zygote(
    zygote_folder: Path, change: str, same: bool
) -> None:
    """A limit, umask, priority or set of processors that a kernel would have kept is not lost by forking."""
    code = f"import os, sys\n{change}\nfrom grader.execution.zygote_address import zygote_address\nprint(zygote_address({{}}, sys.executable))"
    found = [
        subprocess.run(
            [sys.executable, "-c", source], cwd=PROJECT, capture_output=True, text=True, check=True
        ).stdout
        for source in (code, code.replace(change, "pass"))
    ]
    assert same == (found[0] == found[1])


def test_a_folder_that_others_may_enter_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever can put a socket there would run the user's notebooks, so neither others' nor open folders do."""
    folder = tmp_path / "zygotes"
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    assert folder == folder_of_zygotes()
    assert 0o700 == folder.stat().st_mode & 0o777
    folder.chmod(0o770)
    with pytest.raises(NoZygoteError, match="closed to others"):
        folder_of_zygotes()
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(NoZygoteError, match="closed to others"):
        folder_of_zygotes()
