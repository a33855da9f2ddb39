"""Why an exception was raised, in a learner's words, as plain text and as HTML that survives a sanitiser."""

from __future__ import annotations

import textwrap

from grader.causes import Cause
from grader.evidence import CodeLine, Failure
from grader.misconceptions import diagnose_failure, words_of
from grader.record import Record
from grader.report.escape import html_text, plain, prose
from grader.report.words import code_line_words

__all__ = ["Explanation", "explanation_of"]

_WIDTH = 96
_COLOUR = "#d55e00"
_SUMMARY = '<summary style="display: list-item">'


class Explanation(Record):
    """What happened, what was expected, and how to mend it; in a notebook it shows itself.

    ``cause`` holds the names and values that were found, and is ``None`` where the exception was not recognised:
    then ``happened`` says where it came from, and nothing is guessed. ``misconception`` is the id of the mistake
    it shows, where it shows one, ``hints`` its ladder from nudge to near-solution, and ``unit`` where the course
    teaches it. ``line`` is the innermost line of the author's own code. ``keras`` says that Keras, or its
    backend, raised the exception.
    """

    error: str
    happened: str
    expected: str = ""
    fix: str = ""
    cause: Cause | None = None
    misconception: str | None = None
    title: str = ""
    hints: tuple[str, ...] = ()
    unit: str = ""
    line: CodeLine | None = None
    keras: bool = False

    @property
    def recognised(self) -> bool:
        """Whether the cause is known."""
        return self.cause is not None

    def __str__(self) -> str:
        """Write the explanation as plain text."""
        return _text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return _html(self)


def explanation_of(failure: Failure) -> Explanation:
    """Put what was found out about an exception into words."""
    if failure.cause is None:
        return Explanation(
            error=failure.type, happened=_not_recognised(failure), line=failure.line, keras=failure.by_keras
        )
    words = words_of(failure.cause)
    named = next(iter(diagnose_failure(failure)), None)
    return Explanation(
        error=failure.type,
        happened=words.happened,
        expected=words.expected,
        fix=words.fix,
        cause=failure.cause,
        misconception=named.id if named is not None else None,
        title=named.title if named is not None else "",
        hints=named.hints if named is not None else (),
        unit=named.unit if named is not None else "",
        line=failure.line,
        keras=failure.by_keras,
    )


def _not_recognised(failure: Failure) -> str:
    where = ""
    if failure.call is not None:
        shapes = " and ".join(str(shape) for shape in failure.call.shapes)
        where = f" It came out of a call of {failure.call.class_name}" + (f" on {shapes}." if shapes else ".")
    return f"The cause of this {failure.type} was not recognised, so nothing is said of it.{where}"


def _text(found: Explanation) -> str:
    """Render an explanation as plain text of about 96 columns; of the hints only how many there are."""
    parts = _wrapped(f"Why {plain(found.error, 80)}? {found.happened}")
    if found.line is not None:
        parts += [code_line_words(found.line), f"    {plain(found.line.text, 200)}"]
    for label, words in (("Expected", found.expected), ("How to mend it", found.fix)):
        if words:
            parts += _wrapped(words, first=f"{label}: ", rest="  ")
    if found.misconception is not None:
        unit = f", taught in unit {plain(found.unit, 60)}" if found.unit else ""
        parts += _wrapped(f"This is the mistake “{found.title}” [{found.misconception}]{unit}.")
    return "\n".join(parts)


def _wrapped(words: str, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(plain(words, 1500), _WIDTH, initial_indent=first, subsequent_indent=rest)


def _html(found: Explanation) -> str:
    """Render an explanation as an HTML fragment: fix and hints are folded, each to be opened by itself."""
    parts = [f"<p><strong>Why {html_text(found.error, 80)}?</strong> {prose(found.happened, 1500)}</p>"]
    if found.line is not None:
        parts.append(
            f"<p>{html_text(code_line_words(found.line))}</p>\n<pre>    {html_text(found.line.text, 200)}</pre>"
        )
    if found.expected:
        parts.append(f"<p><em>Expected:</em> {prose(found.expected)}</p>")
    if found.misconception is not None:
        unit = f", unit {html_text(found.unit.replace('_', ' '), 60)}" if found.unit else ""
        name = f"<strong>{prose(found.title)}</strong> <small>({html_text(found.misconception, 60)}{unit})</small>"
        parts.append(f"<p>{name}</p>")
    parts += [
        f"<details>{_SUMMARY}Hint {number} of {len(found.hints)}</summary><p>{prose(hint)}</p></details>"
        for number, hint in enumerate(found.hints, start=1)
    ]
    if found.fix:
        parts.append(f"<details>{_SUMMARY}How to mend it</summary><p>{prose(found.fix)}</p></details>")
    body = "\n".join(parts)
    return (
        f'<div class="keras-plumbing-explanation" style="border-left: 4px solid {_COLOUR}; '
        f'padding: 2px 0 2px 14px; margin: 6px 0">\n{body}\n</div>'
    )
