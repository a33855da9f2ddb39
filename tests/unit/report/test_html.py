import re
from html.parser import HTMLParser

import nh3
import pytest

from grader.evidence import CodeLine
from grader.report.html import render
from grader.report.words import OUTCOMES
from grader.verdict import Outcome
from tests.unit.report.plans import diagnosis, mistake, verdict, without_a_model

HOSTILE = "</td></table><script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


class Outline(HTMLParser):
    """Collects the tags and the text of a fragment, and minds that tags close in order."""

    VOID = frozenset({"br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert [] == self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert tag == self.open.pop()

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("feedback", [False, True])
def test_every_outcome_renders_as_balanced_html(outcome, feedback):
    """Every outcome gives well-nested HTML that begins with its headline."""
    outline = Outline(render(verdict(outcome), feedback=feedback))
    assert f"{OUTCOMES[outcome].mark} {OUTCOMES[outcome].headline}" in outline.text


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_renders_without_details(outcome):
    """A verdict that holds nothing but its message renders too."""
    bare = verdict(
        outcome,
        rows=(),
        diagnoses=(),
        comparison=None,
        case=None,
        hints=(),
        remarks=(),
        max_score=0.0,
        score=0.0,
    )
    assert "The block lacks an" in Outline(render(bare)).text


def test_the_fragment_needs_no_style_sheet_script_or_picture():
    """Nothing is in the HTML that JupyterLab strips from an untrusted notebook."""
    tags = set(Outline(render(verdict(), feedback=True)).tags)
    assert set() == tags & {"style", "script", "svg", "img", "iframe", "link"}


def test_a_sanitiser_takes_nothing_a_reader_needs():
    """Cleaned by nh3 with its default list, the fragment keeps every word."""
    html = render(verdict(), feedback=True)
    assert Outline(html).text == Outline(nh3.clean(html)).text


@pytest.mark.parametrize("feedback", [False, True])
def test_hostile_text_stays_text(feedback):
    """Markup in any text of a verdict is shown, not obeyed."""
    comparison = mistake("missing-skip")
    difference = comparison.differences[0].model_copy(update={"message": HOSTILE})
    evil = verdict(
        title=HOSTILE,
        message=HOSTILE,
        task=HOSTILE,
        remarks=(HOSTILE,),
        rows=tuple(
            row.model_copy(update={"name": HOSTILE, "found": HOSTILE, "expected": HOSTILE, "detail": HOSTILE})
            for row in verdict().rows
        ),
        diagnoses=(
            diagnosis(**dict.fromkeys(("id", "title", "explanation", "symptom", "fix", "unit"), HOSTILE)),
            diagnosis(hints=(HOSTILE, HOSTILE)),
        ),
        comparison=comparison.model_copy(update={"differences": (difference,)}),
    )
    outline = Outline(render(evil, feedback=feedback))
    assert set() == set(outline.tags) & {"script", "img"}
    assert set() == {name for name, _ in outline.attributes if name.startswith("on")}
    assert "<script>alert(1)</script>" in outline.text


def test_an_error_shows_the_students_own_line():
    """Cell, line, function and source stand below the message, and then what to do."""
    html = render(without_a_model())
    assert (
        "<p>Cell In[4], line 2, in block:</p>\n<pre>    y = conv(filtres, &quot;&lt;3&gt;&quot;)(x)</pre>"
        in html
    )
    assert html.index("filtres&#x27; is not") < html.index("<pre>") < html.index("Call it yourself")


def test_a_hostile_line_stays_text():
    """The line comes out of the student's process, and is shown, not obeyed."""
    line = CodeLine(number=1, text=HOSTILE, function=HOSTILE, place=HOSTILE)
    outline = Outline(render(without_a_model(line=line, next_step=HOSTILE)))
    assert set() == set(outline.tags) & {"script", "img", "table"}


@pytest.mark.parametrize("feedback", [False, True])
def test_what_gave_no_model_has_no_table(feedback):
    """One sentence says that nothing could be compared."""
    html = render(without_a_model(), feedback=feedback)
    assert "<p>There is no model, so nothing could be compared.</p>" in html
    assert "<table" not in html


def test_hints_on_the_task_do_not_pose_as_hints_on_an_error():
    """Below an error the task's own hints are only pointed to; feedback says what they are about."""
    shown = render(without_a_model())
    assert "Start from the task." not in shown
    assert "For hints on the task, run" in shown
    assert "Hint 1 of 3 on the task</summary>" in render(without_a_model(), feedback=True)


@pytest.mark.parametrize(
    "happened",
    [
        {"outcome": Outcome.TIMEOUT, "rows": (), "next_step": ""},
        {"outcome": Outcome.RUNTIME_ERROR, "rows": (), "next_step": ""},
        {"outcome": Outcome.INCORRECT, "next_step": ""},
        {"outcome": Outcome.INCORRECT, "rows": ()},
    ],
    ids=["timeout", "error without evidence", "nothing to compare", "passed in the wrong way"],
)
def test_hints_on_the_task_are_never_the_first_thing_after_something_else(happened):
    """Whatever kept the work from being compared, the hint on the task waits until it is asked for."""
    assert "Start from the task." not in render(without_a_model(**happened))


def test_hints_on_a_diagnosed_error_are_shown():
    """When the error itself is understood, its first hint is the one to show."""
    html = render(without_a_model(diagnoses=(diagnosis(),)))
    assert "Hint:</em> What joins the two ways?" in html


def test_rows_stand_beside_the_reference():
    """Parameters and connectivity are rows of their own: a mark in words, both values, points."""
    html = render(verdict())
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", html)]
    assert ["✗ differs", "Architecture", "1 difference", "the same", "0 of 3"] == cells[1]
    assert ["", "<small>The shortcut is missing.</small>"] == cells[3]
    assert "✓ right" == cells[4][0]


def test_differences_are_numbered_as_in_the_picture():
    """The differences are an ordered list in the order of the picture's numbers."""
    comparison = mistake("activation-before-add")
    items = re.findall(r"<li>(.*?)</li>", render(verdict(comparison=comparison)))
    assert len(comparison.differences) == len(items)


def test_feedback_folds_the_whole_ladder():
    """A feedback page holds every hint, each folded."""
    html = render(verdict(), feedback=True)
    assert ["Hint 1 of 3", "Hint 2 of 3", "Hint 3 of 3"] == re.findall(
        r"<summary[^>]*>(Hint.*?)</summary>", html
    )
    assert "<details open" not in html


def test_a_learner_sees_the_nudge_and_where_to_ask_for_more():
    """In a notebook only the first hint is there, with the call that gives the next."""
    text = Outline(render(verdict())).text
    assert "Hint: What joins the two ways?" in text
    assert 'unit.hint("identity_block")' in text.replace("( ", "(")
    assert "Add the input to" not in text


def test_a_lesson_is_linked_from_a_notebook_and_named_in_feedback():
    """The link to the lesson is relative to the notebook; a feedback page has no such neighbour."""
    there = {"04_residual_connections"}
    assert 'href="../04_residual_connections/lesson.ipynb"' in render(verdict(), lessons=there)
    in_feedback = render(verdict(), feedback=True, lessons=there)
    assert "Read about it in unit 04 residual connections." in in_feedback
    assert "href" not in in_feedback


def test_backticks_become_code():
    """What stands between backticks is shown as code, a lone backtick as it is."""
    assert "lacks an <code>Add</code>, expected" in render(verdict())
    assert "a ` b" in render(verdict(message="a ` b"))
