import base64
import subprocess
import sys

import pytest

from grader.comparison import compare_graphs
from grader.report import notebook_outputs
from grader.verdict import Outcome
from tests.blueprints import residual_block
from tests.unit.report.plans import verdict


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_gives_html_and_text(outcome):
    """The first bundle of any verdict is the report, as HTML and as text."""
    report = notebook_outputs(verdict(outcome))[0]
    assert {"text/html", "text/plain"} == set(report)


def test_the_picture_travels_as_png_svg_and_words():
    """The second bundle is the picture in both formats, with a description that says what differs."""
    picture = notebook_outputs(verdict())[1]
    assert base64.b64decode(picture["image/png"], validate=True).startswith(b"\x89PNG")
    assert picture["image/svg+xml"].startswith("<svg ")
    assert "expected an Add" in picture["text/plain"]


def test_a_correct_model_is_shown_too():
    """A correct verdict comes with the picture of the student's own model, without marks."""
    graph = residual_block(kind="operator")
    same = compare_graphs(graph, residual_block())
    outputs = notebook_outputs(verdict(Outcome.CORRECT, comparison=same))
    assert 2 == len(outputs)
    assert "+ add" in outputs[1]["image/svg+xml"]
    assert "dashed" not in outputs[1]["image/svg+xml"]


def test_feedback_draws_pixels_only_where_something_is_to_be_seen():
    """After grading, the picture of a right model is SVG and words alone; that of a wrong one is a PNG too."""
    same = compare_graphs(residual_block(), residual_block())
    right = notebook_outputs(verdict(Outcome.CORRECT, comparison=same), feedback=True)[1]
    assert {"image/svg+xml", "text/plain"} == set(right)
    assert {"image/png", "image/svg+xml", "text/plain"} == set(notebook_outputs(verdict(), feedback=True)[1])


def test_without_a_model_there_is_no_picture():
    """A verdict without a comparison gives the report alone."""
    assert 1 == len(notebook_outputs(verdict(Outcome.NOT_ATTEMPTED, comparison=None)))


def test_the_same_verdict_gives_the_same_outputs():
    """Rendering twice gives equal bundles, in both uses."""
    for feedback in (False, True):
        assert notebook_outputs(verdict(), feedback=feedback) == notebook_outputs(
            verdict(), feedback=feedback
        )


def test_rendering_needs_neither_keras_nor_matplotlib():
    """Drawing a verdict imports no Keras, and of matplotlib only the place of its fonts."""
    code = (
        "import sys; sys.path.insert(0, '.')\n"
        "from grader.report import notebook_outputs\n"
        "from tests.unit.report.plans import verdict\n"
        "notebook_outputs(verdict())\n"
        "print(sorted({'keras', 'matplotlib', 'tensorflow', 'torch', 'jax', 'IPython'} & set(sys.modules)))\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == result.stdout.strip()
