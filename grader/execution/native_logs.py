"""Keep out of a notebook what the backends' native libraries log: it is not the student's, and says nothing to them.

TensorFlow writes some lines before it looks at any variable, so both are needed: variables that quieten
it, and a filter for the rest. See ``port.cc`` and ``absl/log/initialize.h``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["QUIET", "drop_native_logs", "without_native_logs"]

# None of these changes a number that is computed.
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "GRPC_VERBOSITY": "ERROR", "GLOG_minloglevel": "2"}

# absl writes seconds since 1970 in place of the seconds until it is set up. Fatal lines (F) stay: they say why a kernel died.
_PREFIXED = re.compile(
    r"[IWE]\d{4} \d\d:\d\d:\d+\.\d+\s+\d+ [\w./+-]+\.(?:cc|h|cpp|cu|py):\d+\] "
    r"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWE] [\w./+-]+\.(?:cc|h|cpp|cu):\d+\] "
)
# What these loggers write without a prefix: absl's first line, and second lines of longer messages.
_PLAIN = re.compile(
    r"WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR$"
    r"|To enable the following instructions: .* rebuild TensorFlow with the appropriate compiler flags\.$"
    r"|Skipping registering GPU devices\.\.\.$"
)


def drop_native_logs(text: str) -> str:
    """Remove whole lines that a native logger of a backend wrote; every other character stays."""
    return "".join(line for line in text.splitlines(keepends=True) if not _is_native(line))


def _is_native(line: str) -> bool:
    return _PREFIXED.match(line) is not None or _PLAIN.match(line.rstrip("\r\n")) is not None


def without_native_logs(outputs: Iterable[NotebookNode]) -> list[NotebookNode]:
    """Return the outputs without such lines on stderr, and without a stderr that held nothing else."""
    from nbformat.v4 import new_output  # takes long to import, and who wants only to be quiet waits for it

    kept = []
    for output in outputs:
        if output.output_type != "stream" or output.name != "stderr":
            kept.append(output)
        elif text := drop_native_logs(str(output.text)):
            kept.append(new_output("stream", name="stderr", text=text))
    return kept
