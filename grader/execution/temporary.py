"""Temporary folders that tell whose they are, so that those of a process that was killed can be taken away."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

__all__ = ["own_prefix", "sweep"]

_NAMED = re.compile(r"(?:grader|kernel)-(\d+)-\w+")


def own_prefix(kind: str) -> str:
    """Return the prefix of this process's temporary folders of a kind, ``grader`` or ``kernel``."""
    return f"{kind}-{os.getpid()}-"


def sweep() -> list[Path]:
    """Remove this user's folders of processes that are no more; return which. They hold nothing that lasts."""
    if sys.platform == "win32":
        return []  # nothing tells there whether a process is alive
    gone: list[Path] = []
    for path in Path(tempfile.gettempdir()).iterdir():
        found = _NAMED.fullmatch(path.name)
        if found and not _alive(int(found[1])) and _is_ours(path):
            shutil.rmtree(path, ignore_errors=True)
            gone.append(path)
    return gone


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _is_ours(path: Path) -> bool:
    try:
        return path.is_dir() and not path.is_symlink() and path.stat().st_uid == os.getuid()
    except OSError:
        return False
