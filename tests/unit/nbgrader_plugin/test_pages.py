"""The pages that nbgrader renders with our settings."""

from __future__ import annotations

from bs4 import BeautifulSoup
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.server_extensions.formgrader import handlers
from traitlets.config import Config

from grader.nbgrader_plugin import configure

HOSTILE = '<script>alert("planted")</script>\n\n<p onclick="alert(1)">text</p>\n\n[x](javascript:alert(1))\n\n$a<b$ `a<b`'


def test_page_of_formgrader_is_cleaned() -> None:
    """Text cells and outputs are cleaned in formgrader's page, math and code kept."""
    config = Config()
    configure(config)
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    metadata = {"nbgrader": {"grade": True, "solution": True, "grade_id": "why", "score": 1, "points": 1}}
    nb = new_notebook(
        cells=[
            new_markdown_cell(HOSTILE),
            new_markdown_cell(HOSTILE, metadata=metadata),
            new_code_cell("1", outputs=[new_output("display_data", data={"text/html": HOSTILE})]),
        ]
    )
    resources = {
        "nbgrader": {"notebook": "n", "score": 1, "max_score": 1, "late_penalty": 0},
        "submission_id": "s",
        "index": 0,
        "total": 1,
        "base_url": "",
        "notebook_path": "n",
        "notebook_id": "n",
        "assignment_id": "a",
        "student": "student-01",
    }
    page, _ = HTMLExporter(config=config).from_notebook_node(nb, resources=resources)
    body = BeautifulSoup(page, "html.parser").body
    assert body is not None
    assert not [script for script in body.select("script") if "planted" in script.text]
    assert not body.select("#notebook [onclick]")
    assert not [link for link in body.select("a") if str(link.get("href", "")).startswith("javascript:")]
    assert body.text.count("text") >= 3
    assert "$a<b$" in body.text
    assert "a<b" in {code.text for code in body.select("code")}
