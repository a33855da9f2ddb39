from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from grader.report.escape import html_text, plain


def test_control_characters_and_terminal_escapes_are_replaced():
    """A character that XML forbids, or that steers a terminal, becomes a replacement character."""
    assert "a\ufffdb\ufffd[31m\ufffd" == plain("a\x00b\x1b[31m\u202e")


def test_a_long_text_is_cut_with_an_ellipsis():
    """A text over the limit ends in an ellipsis and has exactly the length of the limit."""
    assert "x" * 9 + "…" == plain("x" * 10_000, 10)


def test_line_ends_are_kept_on_request_only():
    """Line ends become blanks unless the caller asks to keep them."""
    assert ("a b", "a\nb") == (plain("a\n b"), plain("a\nb", lines=True))


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=60))
def test_escaped_text_is_always_well_formed_xml(text):
    """Whatever the text, its escaped form parses as XML inside an element and an attribute."""
    escaped = html_text(text)
    node = ET.fromstring(f'<a b="{escaped}">{escaped}</a>')
    assert plain(text) == (node.text or "")
