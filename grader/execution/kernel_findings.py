"""What the doctor says of kernels: whether Jupyter has those of the course, how they start here, what holds them."""

from __future__ import annotations

from importlib.metadata import entry_points

from grader.doctor import Finding, Status
from grader.execution.zygotes import NoZygoteError, refusals, why_impossible

__all__ = ["check_kernel_start", "check_kernels", "check_limits"]


def check_kernels() -> Finding:
    """Tell whether Jupyter finds the kernels of the course, and what starts them."""
    from grader.execution.kernelspecs import KERNELS, PROVISIONER, kernels_folder, outdated_kernels

    name = "kernels"
    if not entry_points(group="jupyter_client.kernel_provisioners", name=PROVISIONER):
        return Finding(
            name=name,
            status=Status.WARN,
            found=f"the provisioner {PROVISIONER} is not registered with Jupyter, so the Keras kernels do not start",
            advice="Run `make setup`, or install the package again: its metadata are older than its code.",
        )
    for folder in (kernels_folder(), kernels_folder(user=True)):
        outdated = outdated_kernels(folder)
        if not outdated:
            return Finding(name=name, status=Status.OK, found=f"{', '.join(KERNELS)} in {folder}")
    outdated = outdated_kernels(kernels_folder())
    return Finding(
        name=name,
        status=Status.WARN,
        found=f"missing or out of date: {', '.join(outdated)}",
        advice="Run `grader kernels`, which installs one for each backend; `make setup` does it, too.",
    )


def check_kernel_start() -> Finding:
    """Tell whether kernels start warm, forked from a process that has imported Keras, or why not."""
    name = "kernel start"
    if reason := why_impossible():
        return Finding(name=name, status=Status.OK, found=f"fresh, some seconds each: {reason}")
    failed = _failed_lately()
    if failed:
        return Finding(
            name=name,
            status=Status.WARN,
            found=f"fresh for some kernels lately: {'; '.join(failed)}",
            advice="Kernels work all the same and take some seconds to start; it is tried again after ten minutes.",
        )
    return Finding(name=name, status=Status.OK, found="warm: forked from a process that has imported Keras")


def check_limits() -> Finding:
    """Tell which limits a submission is held to while it is graded, and which a fresh kernel does without."""
    from grader.execution.limits import LIMIT_NAMES

    watched = ", ".join(_WORDS[name] for name in LIMIT_NAMES)
    name = "limits"
    reason = why_impossible()
    if reason is None and not (failed := _failed_lately()):
        return Finding(name=name, status=Status.OK, found=f"time, output; from outside the kernel: {watched}")
    return Finding(
        name=name,
        status=Status.WARN,
        found=f"time, output; a fresh kernel is held to none of: {watched} ({reason or '; '.join(failed)})",
        advice="Grade on Linux 5.3 or later with warm kernels, or have a container limit what grading may take.",
    )


_WORDS = {
    "processes": "processes",
    "threads": "threads",
    "memory": "memory",
    "cpu": "processor time",
    "wall": "the notebook's time where the grader hangs",
}


def _failed_lately() -> list[str]:
    try:
        return refusals()
    except NoZygoteError as error:
        return [str(error)]
