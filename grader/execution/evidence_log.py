"""What a kernel sent for the judge: evidence and replies, checked as they arrive."""

from __future__ import annotations

from dataclasses import dataclass, field

from grader.errors import EvidenceError
from grader.evidence import MAX_EVIDENCE_BYTES, Evidence, Reply, parse_evidence, parse_reply

__all__ = ["EvidenceLog"]


@dataclass
class EvidenceLog:
    """The last valid message per task; a message that is refused becomes a note, never an exception."""

    evidence: dict[str, Evidence] = field(default_factory=dict)
    replies: dict[str, Reply] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    _bytes: dict[str, int] = field(default_factory=dict)
    _messages: dict[str, int] = field(default_factory=dict)

    def note(self, task: str, sentence: str) -> None:
        """Note something about a task's messages, once."""
        notes = self.notes.setdefault(task, [])
        if sentence not in notes:
            notes.append(sentence)

    def record(self, task: str, text: object) -> None:
        """Record one evidence message that the check cell of ``task`` sent."""
        self._messages[task] = self._messages.get(task, 0) + 1
        self._bytes[task] = self._bytes.get(task, 0) + (len(text) if isinstance(text, str) else 0)
        if self._bytes[task] > MAX_EVIDENCE_BYTES:
            limit = f"{MAX_EVIDENCE_BYTES:,}"
            self.note(task, f"The check sent more than {limit} bytes of evidence; the rest was dropped.")
            return
        try:
            evidence = parse_evidence(text)
        except EvidenceError as error:
            self.note(task, f"A message of the check was refused: {str(error)[:300]}.")
            return
        if evidence.task != task:
            self.note(task, f"Evidence for another task ({evidence.task[:60]!r}) was ignored.")
            return
        if self._messages[task] > 1:
            self.note(task, "The check sent several messages; the last valid one was judged.")
        self.evidence[task] = evidence

    def record_reply(self, task: str, texts: list[object]) -> None:
        """Record the last of the messages with which a kernel answered a challenge."""
        if not texts:
            self.note(task, "The model did not answer when it was asked to compute an output.")
            return
        try:
            self.replies[task] = parse_reply(texts[-1])
        except EvidenceError as error:
            self.note(task, f"The answer to the challenge was refused: {str(error)[:300]}.")
