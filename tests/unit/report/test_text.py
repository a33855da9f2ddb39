import pytest

from grader.comparison import compare_graphs
from grader.report.html import render as html
from grader.report.text import MAX_DIFFERENCES, render
from grader.report.words import OUTCOMES
from grader.verdict import Outcome, Row
from tests.unit.report.plans import diagnosis, mistake, stack, verdict, without_a_model


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_has_its_headline(outcome):
    """Every outcome is announced in words of its own on the first line."""
    first = render(verdict(outcome)).splitlines()[0]
    assert OUTCOMES[outcome].headline in first


def test_the_first_line_says_title_and_score():
    """The first line holds the task's title and the score."""
    assert "✗ Not correct yet · Identity block · 1 of 5 points" == render(verdict()).splitlines()[0]


def test_an_internal_error_shows_no_score():
    """An internal error is never shown as a zero."""
    text = render(verdict(Outcome.INTERNAL_ERROR, score=0.0))
    assert (True, False) == ("no score yet" in text, "0 of 5" in text)


def test_rows_show_both_values_and_points():
    """A row stands with the student's value beside the expected one, and its points."""
    line = next(line for line in render(verdict()).splitlines() if "Architecture" in line)
    assert ["✗", "Architecture", "1", "difference", "the", "same", "0/3"] == line.split()


def test_long_values_are_folded_and_not_cut():
    """A value wider than its column goes on in the next line."""
    text = render(verdict())
    lines = text.splitlines()
    first = next(index for index, line in enumerate(lines) if "328 in total" in line)
    assert "…" not in text
    assert 4 == " ".join(lines[first : first + 3]).count("trainable")


def test_differences_are_numbered_and_few():
    """At most six differences are listed, and the number of the others is said."""
    comparison = mistake("missing-skip")
    many = comparison.model_copy(update={"differences": comparison.differences * 9})
    text = render(verdict(comparison=many))
    assert f"  {MAX_DIFFERENCES}. " in text
    assert f"  {MAX_DIFFERENCES + 1}. " not in text
    assert f"and {9 * len(comparison.differences) - MAX_DIFFERENCES} more" in text


def test_a_sentence_is_said_once():
    """What the headline says stands neither in a row nor in the list, which goes on with its number."""
    comparison = mistake("skip-from-wrong-tensor")
    first, *others = (difference.message for difference in comparison.differences)
    more = (*comparison.differences, *mistake("activation-before-add").differences)
    row = Row(name="Connectivity", passed=False, found="differs", expected="as expected", detail=first)
    one = verdict(comparison=comparison, message=first, rows=(row,))
    two = verdict(comparison=comparison.model_copy(update={"differences": more}), message=first, rows=(row,))
    assert [] == others
    for shown in (render(one), render(two), html(one), html(two)):
        assert 1 == " ".join(shown.split()).count(first)
    assert "What else differs\n  2. " in render(two)
    assert '<ol start="2">' in html(two)
    assert "else differs" not in render(one)


def test_only_the_first_hint_is_printed():
    """The near-solution at the end of the hint ladder is not printed."""
    text = render(verdict())
    assert (True, False) == ("What joins the two ways?" in text, "Add the input to `y`." in text)


def test_the_tasks_own_hints_stand_in_for_a_diagnosis():
    """Without a diagnosis the task's hint ladder is used."""
    assert "Hint: Start from the task." in render(verdict(diagnoses=()))


def test_an_error_is_told_with_its_line_and_what_to_do():
    """Message, place, line, arguments, next step; no table and no hint on something else."""
    assert [
        "! Your code raised an error · Identity block · 0 of 5 points",
        "Your code raised NameError: name 'filtres' is not defined",
        "Cell In[4], line 2, in block:",
        '    y = conv(filtres, "<3>")(x)',
        "Seen with an input of shape 8 × 8 × 4, filters=4.",
        "Call it yourself in a new cell, `block(filters=4)`, to see the whole traceback.",
        "There is no model, so nothing could be compared.",
        "",
        'For hints on the task, run unit.hint("identity_block").',
    ] == render(without_a_model()).splitlines()


def test_a_correct_verdict_gives_no_hint():
    """There is nothing left to hint at when the work is correct."""
    comparison = compare_graphs(stack(2), stack(2))
    assert "Hint" not in render(verdict(Outcome.CORRECT, comparison=comparison, diagnoses=()))


def test_arguments_drawn_for_grading_are_said_to_be_so():
    """A failure on a drawn case names its arguments and says they were not in the notebook."""
    text = render(verdict(hidden_case=True))
    assert (
        "drawn for grading, not the ones in the notebook: an input of shape 8 × 8 × 4, filters=4."
        in " ".join(text.split())
    )


def test_terminal_escapes_do_not_pass():
    """A student's text cannot steer the terminal it is printed on."""
    assert "\x1b" not in render(verdict(message="\x1b[2J", diagnoses=(diagnosis(title="\x1b]0;x\x07"),)))
