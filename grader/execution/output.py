"""How much of a kernel's output is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode

__all__ = ["OutputBudget", "clip_error", "message_size"]

# What an empty message costs once it is an output in a notebook.
_ENVELOPE = 100
_MAX_ERROR_TEXT = 4_000
_MAX_TRACEBACK_LINES = 50
_MAX_RESULT_TEXT = 64_000


def message_size(message: dict[str, Any]) -> int:
    """Estimate the bytes a message takes once stored: its text, its keys, its binary buffers."""
    total = _ENVELOPE + sum(len(buffer) for buffer in message.get("buffers") or ())
    stack: list[object] = [message["content"]]
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            total += len(value)
        elif isinstance(value, dict):
            stack.extend(value)
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
        else:
            total += 8
    return total


@dataclass
class OutputBudget:
    """The output of one cell: ``limit`` bytes are kept, and after ``flood`` bytes it is stopped."""

    limit: int
    flood: int
    kept: int = 0
    seen: int = 0
    dropped: bool = False
    oversized: bool = False
    results: int = 0
    errors: int = 0

    @property
    def flooded(self) -> bool:
        """Whether the cell has written so much that it must be stopped."""
        return self.oversized or self.seen > self.flood

    def admit(self, kind: str, content: dict[str, Any], size: int) -> bool:
        """Say whether a message is kept; cut a stream's text to what is left.

        The first result and the first error decide a plain test cell's score in nbgrader: they are
        cut, never dropped, or a flood of output would turn a failing test into a passing one.
        """
        self.seen += size
        if kind in ("execute_input", "clear_output"):
            return True
        self.results += kind == "execute_result"
        self.errors += kind == "error"
        left = self.limit - self.kept
        if size <= left:
            self.kept += size
            return True
        self.dropped = True
        if (kind == "execute_result" and self.results == 1) or (kind == "error" and self.errors == 1):
            _cut(kind, content)
            return True
        if kind == "stream" and left > _ENVELOPE:
            content["text"] = str(content.get("text", ""))[: left - _ENVELOPE]
            self.kept = self.limit
            return True
        return False

    def note(self) -> str:
        """Return the one note that stands for what was dropped, or nothing."""
        if self.oversized:
            return "\n[Output cut: this cell sent more at once than can be kept.]\n"
        if not self.dropped:
            return ""
        return f"\n[Output cut: {self.seen:,} bytes were written, {max(self.limit, 0):,} are kept.]\n"


def _cut(kind: str, content: dict[str, Any]) -> None:
    if kind == "execute_result":
        data = content.get("data")
        text = data.get("text/plain", "") if isinstance(data, dict) else ""
        content["data"] = {"text/plain": str(text)[:_MAX_RESULT_TEXT]}
        content["metadata"] = {}
    else:
        content.update(
            ename=str(content.get("ename"))[:200],
            evalue=str(content.get("evalue"))[:_MAX_ERROR_TEXT],
            traceback=[str(line)[:_MAX_ERROR_TEXT] for line in _lines(content.get("traceback"))],
        )


def _lines(traceback: object) -> list[object]:
    """Keep the end of a long traceback, where the exception is."""
    return traceback[-_MAX_TRACEBACK_LINES:] if isinstance(traceback, list) else []


def clip_error(output: NotebookNode) -> None:
    """Cut an error output to a readable length, wherever it came from."""
    if output.output_type == "error":
        _cut("error", output)
