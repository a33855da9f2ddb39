"""What a student's markup may bring into a page."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_output

from grader.nbgrader_plugin.sanitise import clean_attachments, clean_html, clean_output


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("<script>alert(1)</script>text", "text"),
        ("<p onclick='alert(1)'>text</p>", "<p>text</p>"),
        ("<iframe src='https://example.org'>x</iframe>", ""),
        ("<form action='/x'><input name='a'><button>b</button></form>", "b"),
        ("<a href='javascript:alert(1)'>a</a>", '<a rel="noopener noreferrer">a</a>'),
        ("<a href='data:text/html,x'>a</a>", '<a rel="noopener noreferrer">a</a>'),
        ("<img src='https://example.org/beacon.png'>", "<img>"),
        ("<img src='data:image/svg+xml;base64,AAAA'>", "<img>"),
        ("<style>body{display:none}</style>", ""),
        ("<p style='position:fixed;color:red'>x</p>", '<p style="color:red">x</p>'),
        ("<p style='display:none;color:red'>x</p>", '<p style="color:red">x</p>'),
        ("<p style='display : flex'>x</p>", "<p>x</p>"),
        ("<p style='display:list-item'>x</p>", '<p style="display:list-item">x</p>'),
        ("<p style='margin:-900px;color:red'>x</p>", '<p style="color:red">x</p>'),
        ("<p style='background-color:url(https://example.org)'>x</p>", "<p>x</p>"),
        ("<p class='modal dataframe' id='toc'>x</p>", '<p class="dataframe">x</p>'),
        (
            "<svg><script>alert(1)</script><circle r='2' onload='x()'></circle></svg>",
            '<svg><circle r="2"></circle></svg>',
        ),
        ("<svg><foreignObject><p>x</p></foreignObject></svg>", None),
        ("<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>", None),
        ("<object data='x'>y</object><embed src='x'>", ""),
        ("<meta http-equiv='refresh' content='0;url=https://example.org'>", ""),
        ("<base href='https://example.org'>", ""),
    ],
)
def test_unsafe_markup_is_removed(dirty: str, clean: str | None) -> None:
    """Scripts, handlers, frames, forms, outside loads and covering styles go; the text stays."""
    found = clean_html(dirty)
    if clean is not None:
        assert found == clean
    for part in ("alert", "example.org", "foreignObject", "onerror"):
        assert part not in found


def test_own_report_is_left_alone() -> None:
    """Folds, tables, marks and colours of a report survive, cleaning it twice changes nothing."""
    report = (
        '<div class="keras-plumbing-report" style="border-left:4px solid #d55e00;padding:2px 0 2px 14px;margin:6px 0">'
        "<p><strong>x</strong></p><details><summary>Hint 1 of 2</summary><p>look</p></details>"
        '<table style="margin:6px 0"><tbody><tr><td style="text-align:left;vertical-align:top">1</td></tr></tbody></table></div>'
    )
    assert clean_html(report) == report
    assert clean_html(clean_html(report)) == report


def test_output_keeps_text_and_pictures_only() -> None:
    """An output loses its scripts, its metadata and data that is not the picture it says it is."""
    output = new_output(
        "display_data",
        data={
            "text/plain": "plain",
            "text/html": "<b onclick='x'>bold</b>",
            "application/javascript": "alert(1)",
            "application/vnd.jupyter.widget-view+json": {"model_id": "x"},
            "image/png": '"><script>alert(1)</script>',
            "image/jpeg": "aGk=",
        },
        metadata={"image/png": {"width": "1 onload=alert(1)"}},
    )
    cleaned = clean_output(output)
    assert cleaned.data == {"text/plain": "plain", "text/html": "<b>bold</b>", "image/jpeg": "aGk="}
    assert cleaned.metadata == {}


def test_markdown_output_becomes_clean_html() -> None:
    """Markdown among the outputs is rendered and cleaned, so no page renders it again."""
    output = new_output("display_data", data={"text/markdown": "**bold** <script>alert(1)</script>"})
    cleaned = clean_output(output)
    assert "<strong>bold</strong>" in cleaned.data["text/html"]
    assert "alert" not in str(cleaned)


def test_number_of_a_plain_test_cell_is_untouched() -> None:
    """Cleaning does not change the result that nbgrader reads a score from."""
    output = new_output("execute_result", data={"text/plain": "3.5"}, execution_count=2)
    assert clean_output(output) == output


def test_attachments_of_other_kinds_are_dropped() -> None:
    """Only pictures stay attached, and only when their data is base64."""
    given = {"a": {"image/png": "aGk="}, "b": {"text/html": "aGk="}, "c": {"image/png": "<svg>"}, "d": 3}
    assert clean_attachments(given) == {"a": {"image/png": "aGk="}}
