"""Which zygote suits a kernel: one that started as the kernel would have started.

A forked kernel has from its zygote what a process has from its parent: what was imported under which settings,
and its standing with the system (limits, namespaces, control groups, umask). All of it goes into the name of
the zygote's socket, so that nobody gets a kernel that differs in it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from grader.errors import GraderError
from grader.execution.jax_cache import CACHE_VARIABLES
from grader.execution.keras_config import keras_config

__all__ = [
    "FOLDER_VARIABLE",
    "OFF",
    "NoZygoteError",
    "NotReadyError",
    "zygote_address",
    "zygote_environment",
    "zygote_folder",
]

# Names a folder for the zygotes' sockets, or says that kernels are started afresh.
FOLDER_VARIABLE = "GRADER_ZYGOTES"
OFF = "off"

# What Python, a backend, matplotlib or the debugger reads when it is imported.
_READ_AT_IMPORT = re.compile(
    r"ABSL|CUBLAS|CUDA|CUDNN|DEBUGPY|DNNL|GLOG|GOMP|GRPC|HIP|HOME$|HSA|JAX|KERAS|KMP|LANG|LC_|LD_|LIBTPU|MALLOC|"
    r"MATPLOTLIB|MKL|MPL|NCCL|NUMEXPR|NVIDIA|OMP|ONEDNN|OPENBLAS|PJRT|PYDEVD|PYTHON|PYTORCH|ROCR|TEMP$|TF|TMP|TORCH|"
    r"TPU|VECLIB|XDG_|XLA"
)
_PER_KERNEL = {"MPLBACKEND", *CACHE_VARIABLES}  # a kernel reads them anew
_STANDING = ("Umask", "Uid", "Gid", "Groups", "Cap", "NoNewPrivs", "Seccomp", "Cpus_allowed_list")


class NoZygoteError(GraderError):
    """No kernel could be forked; the message says why."""


class NotReadyError(NoZygoteError):
    """The zygote is only now being started, and the kernel was not to wait for it."""


def zygote_folder() -> Path:
    """Return the folder of the zygotes' sockets, made for this user alone.

    Raises:
        NoZygoteError: it cannot be made, belongs to somebody else, or others may enter it.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    folder = Path(named) if named else Path(tempfile.gettempdir()) / f"keras-zygotes-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise NoZygoteError(f"the folder {folder} cannot be made: {error.strerror}") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise NoZygoteError(f"{folder} is not this user's own folder, closed to others: remove it")
    return folder


def zygote_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the part of a kernel's environment that its zygote is started with, the backend always in it.

    The rest is left out: a kernel could read it in ``/proc/self/environ``, whoever it was meant for.
    """
    read = {
        name: value
        for name, value in environment.items()
        if _READ_AT_IMPORT.match(name) and name not in _PER_KERNEL
    }
    return read | {"KERAS_BACKEND": keras_config(environment)["backend"]}


def zygote_address(environment: Mapping[str, str], interpreter: str) -> Path:
    """Return the socket of the zygote that suits a kernel: ``SETTINGS-CODE.sock``.

    A zygote of the same settings and other code has been superseded.
    """
    package = Path(__file__).parent.parent
    # Whatever an environment calls its Python, it is one.
    python = [str(Path(interpreter).parent), os.path.realpath(interpreter)]
    settings = [python, str(package), sorted(zygote_environment(environment).items()), _standing()]
    code = [max(_changed(package)), _installed(interpreter)]
    return zygote_folder() / f"{_digest(settings, 20)}-{_digest(code, 8)}.sock"


def _digest(value: object, length: int) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:length]


def _changed(folder: str | Path) -> Iterator[int]:
    """Return when each module below a folder was changed."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                yield entry.stat().st_mtime_ns
            elif "." not in entry.name and entry.is_dir():
                yield from _changed(entry.path)


def _installed(interpreter: str) -> list[tuple[str, int]]:
    """Return the folders of an interpreter's packages with the time of the last installation."""
    folders = Path(interpreter).parent.parent.glob("lib/python3*/site-packages")
    return sorted((str(folder), folder.stat().st_mtime_ns) for folder in folders)


def _standing() -> list[object]:
    """Return what a process has from its parent beside files and environment."""
    import resource

    status = Path("/proc/self/status").read_text("utf-8", "replace").splitlines()
    limits = {
        name: resource.getrlimit(getattr(resource, name)) for name in dir(resource) if "RLIMIT_" in name
    }
    for name in ("RLIMIT_NOFILE", "RLIMIT_OFILE"):  # two names for one
        # Servers raise it up to the hard limit; it bounds nothing that a notebook does.
        if name in limits:
            limits[name] = (0, limits[name][1])
    namespaces = sorted(str(link.readlink()) for link in Path("/proc/self/ns").iterdir())
    groups = Path("/proc/self/cgroup")
    return [
        [line for line in status if line.startswith(_STANDING)],
        limits,
        namespaces,
        groups.read_text("utf-8", "replace") if groups.exists() else "",
        str(Path("/proc/self/root").readlink()),
        os.getpriority(os.PRIO_PROCESS, 0),
    ]
