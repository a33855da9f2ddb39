"""The kernels of the course: what is installed, and what is found without."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from jupyter_client.provisioning import KernelProvisionerFactory

from grader.errors import UsageError
from grader.execution import kernel_findings, zygotes
from grader.execution.kernelspecs import (
    KERNELS,
    PROVISIONER,
    WarmKernelSpecs,
    install_kernels,
    outdated_kernels,
    remove_kernels,
)
from scripts.environment import PROJECT


def test_jupyter_finds_what_is_installed(tmp_path: Path) -> None:
    """Three kernels with the backends' own names, each with its backend and the provisioner."""
    install_kernels(tmp_path)
    found = KernelSpecManager(kernel_dirs=[str(tmp_path)], ensure_native_kernel=False).get_all_specs()
    assert {
        "keras-tensorflow": ("Keras (TensorFlow)", "tensorflow"),
        "keras-jax": ("Keras (JAX)", "jax"),
        "keras-torch": ("Keras (PyTorch)", "torch"),
    } == {
        name: (one["spec"]["display_name"], one["spec"]["env"]["KERAS_BACKEND"])
        for name, one in found.items()
    }
    specs = [one["spec"] for one in found.values()]
    assert {PROVISIONER} == {spec["metadata"]["kernel_provisioner"]["provisioner_name"] for spec in specs}
    assert {sys.executable} == {spec["argv"][0] for spec in specs}


def test_every_kernel_has_a_logo_of_its_own(tmp_path: Path) -> None:
    """JupyterLab shows an SVG for each, and no two are alike."""
    logos = [(place / "logo-svg.svg").read_text() for place in install_kernels(tmp_path)]
    assert 3 == len(set(logos))
    assert [True] * 3 == [text.startswith("<svg ") and "aria-label=" in text for text in logos]


def test_a_stale_kernel_is_told_and_written_anew(tmp_path: Path) -> None:
    """A kernel of another Python, an older form, or half a file is out of date until it is installed again."""
    install_kernels(tmp_path)
    assert [] == outdated_kernels(tmp_path)
    spec = tmp_path / "keras-jax" / "kernel.json"
    elsewhere = json.loads(spec.read_text()) | {"argv": ["elsewhere/python", "-m", "ipykernel_launcher"]}
    spec.write_text(json.dumps(elsewhere))
    (tmp_path / "keras-torch" / "kernel.json").write_text("{")
    (tmp_path / "keras-tensorflow" / "logo-svg.svg").unlink()
    assert ["keras-tensorflow", "keras-jax", "keras-torch"] == outdated_kernels(tmp_path)
    install_kernels(tmp_path)
    assert [] == outdated_kernels(tmp_path)


def test_removing_takes_the_courses_kernels_alone(tmp_path: Path) -> None:
    """Other kernels stay, and removing twice is no error."""
    (tmp_path / "python3").mkdir()
    install_kernels(tmp_path)
    assert 3 == len(remove_kernels(tmp_path))
    assert ["python3"] == [place.name for place in tmp_path.iterdir()]
    assert [] == remove_kernels(tmp_path)


def test_a_folder_that_cannot_be_written_is_told_with_a_way_out(tmp_path: Path) -> None:
    """The message names the place and the option that needs no right to it."""
    (tmp_path / "kernels").touch()
    with pytest.raises(UsageError, match=r"kernels/keras-tensorflow: .*--user"):
        install_kernels(tmp_path / "kernels")


def test_the_course_finds_its_kernels_uninstalled() -> None:
    """Grading and the lab know the three kernels, and take plain Python for a warm one with its own name."""
    specs = WarmKernelSpecs()
    assert [KERNELS[name] for name in KERNELS] == [
        specs.get_kernel_spec(name).env["KERAS_BACKEND"] for name in KERNELS
    ]
    native = specs.get_kernel_spec("python3")
    assert "Python 3 (ipykernel)" == native.display_name
    assert PROVISIONER == native.metadata["kernel_provisioner"]["provisioner_name"]
    assert {} == native.env
    with pytest.raises(NoSuchKernel):
        specs.get_kernel_spec("keras-theano")


def test_the_lab_finds_the_logo_where_a_kernel_is_installed(tmp_path: Path) -> None:
    """The folder that Jupyter serves a kernel's pictures from is the installed one."""
    install_kernels(tmp_path)
    specs = WarmKernelSpecs(kernel_dirs=[str(tmp_path)])
    assert str(tmp_path / "keras-jax") == specs.get_kernel_spec("keras-jax").resource_dir


def test_the_provisioner_is_known_without_the_packages_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an older installation lacks the entry point, the course's own kernels start all the same."""
    factory = KernelProvisionerFactory.instance()
    monkeypatch.setattr(factory, "provisioners", {})
    spec = WarmKernelSpecs().get_kernel_spec("keras-jax")
    assert factory.is_provisioner_available(spec)


def test_the_packages_metadata_name_the_provisioner() -> None:
    """The entry point in pyproject.toml is the class that the course registers, and it can be loaded."""
    import tomllib

    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    WarmKernelSpecs()
    known = KernelProvisionerFactory.instance().provisioners[PROVISIONER]
    assert {PROVISIONER: known.value} == project["entry-points"][KernelProvisionerFactory.GROUP_NAME]
    assert "WarmProvisioner" == known.load().__name__


def finding(monkeypatch: pytest.MonkeyPatch, folder: Path, entry: bool = True) -> tuple[str, str, str]:
    monkeypatch.setattr("grader.execution.kernelspecs.kernels_folder", lambda user=False: folder)
    monkeypatch.setattr(kernel_findings, "entry_points", lambda **_: [entry] if entry else [])
    found = kernel_findings.check_kernels()
    return found.status.value, found.found, found.advice


def test_the_doctor_says_whether_jupyter_has_the_kernels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Missing and stale kernels and a missing provisioner are each told with the command that mends it."""
    status, found, advice = finding(monkeypatch, tmp_path)
    assert ("warn", "missing or out of date: keras-tensorflow, keras-jax, keras-torch") == (status, found)
    assert "grader kernels" in advice
    install_kernels(tmp_path)
    assert ("ok", f"keras-tensorflow, keras-jax, keras-torch in {tmp_path}", "") == finding(
        monkeypatch, tmp_path
    )
    status, found, advice = finding(monkeypatch, tmp_path, entry=False)
    assert "warn" == status
    assert PROVISIONER in found
    assert "make setup" in advice


def test_the_doctor_says_how_kernels_start(zygote_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Warm, or fresh with the reason: asked for, not possible here, or a start that failed lately."""
    started = kernel_findings.check_kernel_start()
    if sys.platform == "linux":
        assert ("ok", "warm: forked from a process that has imported Keras") == (
            started.status.value,
            started.found,
        )
    (zygote_folder / "a.refused").write_text("importing the backend has opened /dev/nvidia0")
    failed = kernel_findings.check_kernel_start()
    assert "warn" == failed.status.value
    assert "/dev/nvidia0" in failed.found
    zygote_folder.chmod(0o755)
    assert "closed to others" in kernel_findings.check_kernel_start().found
    monkeypatch.setenv(zygotes.FOLDER_VARIABLE, zygotes.OFF)
    assert "fresh, some seconds each: GRADER_ZYGOTES=off" in kernel_findings.check_kernel_start().found


def test_the_doctor_says_which_limits_are_not_in_force(
    zygote_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fresh kernel is not watched from outside: what that leaves open is named, with the reason."""
    watched = "processes, threads, memory, processor time, the notebook's time where the grader hangs"
    if sys.platform == "linux":
        held = kernel_findings.check_limits()
        assert ("ok", f"time, output; from outside the kernel: {watched}") == (held.status.value, held.found)
    (zygote_folder / "a.refused").write_text("importing the backend has opened /dev/nvidia0")
    lately = kernel_findings.check_limits()
    monkeypatch.setenv(zygotes.FOLDER_VARIABLE, zygotes.OFF)
    never = kernel_findings.check_limits()
    for finding, reason in ((lately, "has opened /dev/nvidia0"), (never, "GRADER_ZYGOTES=off")):
        assert "warn" == finding.status.value
        assert f"a fresh kernel is held to none of: {watched} (" in finding.found
        assert reason in finding.found
        assert "container" in finding.advice
