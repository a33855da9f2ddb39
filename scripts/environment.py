"""The environment variables that keep Jupyter, Keras and friends inside the project folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["COURSE", "PROJECT", "STATE", "project_environment"]

PROJECT = Path(__file__).resolve().parent.parent
COURSE = PROJECT / "course"
# Preferences, history and notebook signatures of whoever learns here; git ignores the folder.
STATE = PROJECT / ".jupyter"


def project_environment(base: Mapping[str, str], state: Path = STATE) -> dict[str, str]:
    """Return ``base`` with everything that would be read from or written to a home folder redirected."""
    environment = dict(base)
    # A kernel or an extension somebody installed for themselves must not change the course.
    environment.pop("JUPYTER_PATH", None)
    environment |= {
        "JUPYTER_CONFIG_DIR": str(state / "config"),
        "JUPYTER_DATA_DIR": str(state / "data"),
        "JUPYTER_RUNTIME_DIR": str(state / "runtime"),
        # course/ is on the path for nbgrader_config.py: the assignment list looks for it from course/work.
        "JUPYTER_CONFIG_PATH": os.pathsep.join([str(PROJECT / "jupyter"), str(COURSE)]),
        "IPYTHONDIR": str(state / "ipython"),
        "KERAS_HOME": str(state / "keras"),
        "MPLCONFIGDIR": str(state / "matplotlib"),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), base.get("PATH", os.defpath)]),
    }
    environment.setdefault("KERAS_BACKEND", "tensorflow")
    # TensorFlow's greeting would stand above a lesson's first output.
    environment.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # The course's models are small: TensorFlow's threads wait for one another longer than they compute
    # (residual lesson on two cores: 11 s with one thread, 13 to 16 s with two).
    for threads in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        environment.setdefault(threads, "1")
    # JAX's partitionable random numbers are for many devices, and compile anew for every shape of weight
    # drawn: without them the residual lesson takes a quarter less time.
    environment.setdefault("JAX_THREEFRY_PARTITIONABLE", "0")
    return environment
