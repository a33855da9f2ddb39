"""A connection to a kernel that cannot drive up the memory of whoever listens."""

from __future__ import annotations

import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from traitlets import default

from grader.evidence import MAX_EVIDENCE_BYTES

__all__ = ["CappedClient"]

# ZeroMQ drops the connection at a longer message instead of holding it in memory, and holds back a
# sender that is this many messages ahead.
_MAX_MESSAGE_BYTES = 2 * MAX_EVIDENCE_BYTES
_MESSAGES_AHEAD = 8


class CappedClient(AsyncKernelClient):
    """A kernel client whose sockets refuse oversized messages."""

    @default("context")  # type: ignore[untyped-decorator] # traitlets is untyped
    def _capped_context(self) -> zmq.asyncio.Context:
        self._created_context = True
        context = zmq.asyncio.Context()
        context.setsockopt(zmq.MAXMSGSIZE, _MAX_MESSAGE_BYTES)
        context.setsockopt(zmq.RCVHWM, _MESSAGES_AHEAD)
        return context
