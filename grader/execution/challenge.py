"""Ask a kernel a challenge, right after the check that it belongs to, and read what it answers."""

from __future__ import annotations

import tempfile
from pathlib import Path
from queue import Empty
from time import monotonic
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from nbclient.exceptions import DeadKernelError
from nbclient.util import ensure_async

from grader.evidence import REPLY_MIME, Challenge

__all__ = ["Dialogue"]

# The challenge goes by file: IPython takes half a second for each megabyte of source. No name is left behind.
_ANSWER = (
    "__import__('grader.models.collect', fromlist=['answer'])"
    ".answer(__import__('pathlib').Path({path!r}).read_text('utf-8'))"
)
_REPLIES_KEPT = 4


class Dialogue:
    """One challenge, put to one kernel that is free; what it prints meanwhile is stored nowhere."""

    def __init__(self, kernel: AsyncKernelClient) -> None:
        self._kernel = kernel
        self._request = ""

    async def ask(self, challenge: Challenge, folder: Path | None, seconds: float) -> list[object]:
        """Return the messages that claim to be the answer, the last few; the challenge's file lies in ``folder``.

        Raises:
            TimeoutError: there was no end within ``seconds``; the kernel is still at it.
            DeadKernelError: the kernel died meanwhile.
        """
        with tempfile.TemporaryDirectory(prefix="grader-", dir=folder) as place:
            path = Path(place) / "challenge.json"
            path.write_text(challenge.to_json(), encoding="utf-8")
            code = _ANSWER.format(path=str(path))
            self._request = self._kernel.execute(code, silent=True, store_history=False, stop_on_error=False)
            return await self._replies(monotonic() + seconds)

    async def _replies(self, deadline: float) -> list[object]:
        replies: list[object] = []
        while monotonic() <= deadline:
            content = await self._next(1.0)
            if content is None:
                if not await ensure_async(self._kernel.is_alive()):
                    raise DeadKernelError("Kernel died")
            elif content.get("execution_state") == "idle":
                return replies
            elif isinstance(data := content.get("data"), dict) and REPLY_MIME in data:
                replies = [*replies[1 - _REPLIES_KEPT :], data[REPLY_MIME]]
        raise TimeoutError

    async def end(self) -> None:
        """Wait until the kernel is free again."""
        while (content := await self._next(0.3)) is None or content.get("execution_state") != "idle":
            pass

    async def _next(self, seconds: float) -> dict[str, Any] | None:
        """Return what the kernel published next, empty where it says nothing about this challenge."""
        try:
            message = await ensure_async(self._kernel.iopub_channel.get_msg(timeout=seconds))
        except Empty:
            return None
        if message["parent_header"].get("msg_id") != self._request:
            return {}
        content = message["content"]
        telling = message["msg_type"] in ("display_data", "status") and isinstance(content, dict)
        return content if telling else {}
