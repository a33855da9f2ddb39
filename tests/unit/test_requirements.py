"""The pins: one list, told three times."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet


def pins(path: Path) -> list[str]:
    """Return the requirement lines of a file."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith(("#", "-c"))]


def canonical(name: str) -> str:
    """Return a distribution's name as the package index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_conda_users_get_the_same_pins(project: Path) -> None:
    """The pip section of environment.yml equals requirements.txt, line by line."""
    environment = yaml.safe_load((project / "environment.yml").read_text(encoding="utf-8"))
    sections = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    assert [pins(project / "requirements.txt")] == sections


def test_conda_users_get_python_and_graphviz(project: Path) -> None:
    """environment.yml brings a supported Python, Graphviz and pip."""
    environment = yaml.safe_load((project / "environment.yml").read_text(encoding="utf-8"))
    plain = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    metadata_ = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    assert [f"python{metadata_['project']['requires-python']}", "graphviz", "pip"] == plain


def test_every_pin_is_exact(project: Path) -> None:
    """Each line pins one version."""
    for line in pins(project / "requirements.txt"):
        (specifier,) = Requirement(line).specifier
        assert "==" == specifier.operator, line


def test_the_pins_are_complete(project: Path) -> None:
    """Whatever a pinned package asks for on this machine is pinned too, at a version that satisfies it."""
    pinned = {
        canonical(requirement.name): str(requirement.specifier).removeprefix("==")
        for requirement in map(Requirement, pins(project / "requirements.txt"))
        if requirement.marker is None or requirement.marker.evaluate()
    }
    missing = []
    for name in pinned:
        for text in metadata.requires(name) or []:
            wanted = Requirement(text)
            if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
                continue
            # PyTorch pins its CUDA packages itself, exactly; a CPU build asks for none.
            if name == "torch" and re.match(r"nvidia-|cuda-|triton", wanted.name):
                continue
            version = pinned.get(canonical(wanted.name))
            if version is None or not wanted.specifier.contains(version, prereleases=True):
                missing.append(f"{name} wants {wanted}")
    assert [] == missing


def test_the_first_release_of_each_supported_python_will_do(project: Path) -> None:
    """Every pinned package installed here accepts 3.11.0, 3.12.0 and 3.13.0: systems ship early patch releases."""
    refused = []
    for requirement in map(Requirement, pins(project / "requirements.txt")):
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        accepts = SpecifierSet(metadata.metadata(requirement.name).get("Requires-Python", ""))
        refused += [
            f"{requirement.name} refuses {version}"
            for version in ("3.11.0", "3.12.0", "3.13.0")
            if not accepts.contains(version)
        ]
    assert [] == refused


def test_the_gpu_list_names_what_the_cpu_list_asks_for(project: Path) -> None:
    """requirements-gpu.txt asks by name for the same packages and takes its versions from the pins."""
    text = (project / "requirements.txt").read_text(encoding="utf-8").split("# What these bring along")[0]
    asked = {Requirement(line.strip()).name for line in text.splitlines() if "==" in line}
    gpu = {Requirement(line).name for line in pins(project / "requirements-gpu.txt")}
    assert asked - {"tensorflow-cpu"} == gpu - {"setuptools", "wheel"}
    assert "-c requirements.txt" in (project / "requirements-gpu.txt").read_text(encoding="utf-8")


def test_the_package_asks_for_nothing_that_is_not_pinned(project: Path) -> None:
    """Every dependency in pyproject.toml is pinned, at a version it allows."""
    names = {
        canonical(Requirement(line).name): Requirement(line) for line in pins(project / "requirements.txt")
    }
    wanted = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "dependencies"
    ]
    for requirement in map(Requirement, wanted):
        version = str(names[canonical(requirement.name)].specifier).removeprefix("==")
        assert requirement.specifier.contains(version), requirement
