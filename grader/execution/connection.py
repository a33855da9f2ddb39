"""A connection to a kernel that cannot drive up the memory of whoever listens."""

from __future__ import annotations

from math import inf
from queue import Empty
from time import monotonic

import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from nbclient.util import ensure_async
from traitlets import default

from grader.evidence import MAX_EVIDENCE_BYTES

__all__ = ["MAX_MESSAGE_BYTES", "CappedClient"]

# ZeroMQ drops the connection at a longer message instead of holding it in memory, and holds back a
# sender that is this many messages ahead.
MAX_MESSAGE_BYTES = 2 * MAX_EVIDENCE_BYTES
_MESSAGES_AHEAD = 2


class CappedClient(AsyncKernelClient):
    """A kernel client whose sockets refuse oversized messages."""

    @default("context")  # type: ignore[untyped-decorator] # traitlets is untyped
    def _capped_context(self) -> zmq.asyncio.Context:
        self._created_context = True
        context = zmq.asyncio.Context()
        context.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE_BYTES)
        context.setsockopt(zmq.RCVHWM, _MESSAGES_AHEAD)
        # A forked kernel listens within hundredths of a second, so that is how often to knock.
        context.setsockopt(zmq.RECONNECT_IVL, 5)
        return context

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel answers on both channels; the inherited method then listens 0.2 s for nothing."""
        deadline = monotonic() + (inf if timeout is None else timeout)
        while True:
            request = self.kernel_info()
            try:
                reply = await ensure_async(self.shell_channel.get_msg(timeout=1))
                while reply["parent_header"].get("msg_id") == request and not await self._is_idle(request):
                    request = self.kernel_info()  # the answer came before this client was listening
                    reply = await ensure_async(self.shell_channel.get_msg(timeout=1))
                self._handle_kernel_info_reply(reply)
                return
            except Empty:
                pass
            if not await self._async_is_alive():
                raise RuntimeError("The kernel died before it was ready.")
            if monotonic() > deadline:
                raise RuntimeError(f"The kernel was not ready within {timeout:g} seconds.")

    async def _is_idle(self, request: str) -> bool:
        """Read what the kernel publishes up to the end of a request; say whether that end was seen."""
        while True:
            try:
                message = await ensure_async(self.iopub_channel.get_msg(timeout=0.05))
            except Empty:
                return False
            if (
                message["parent_header"].get("msg_id") == request
                and message["content"].get("execution_state") == "idle"
            ):
                return True
