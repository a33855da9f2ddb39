"""Clean what a student's notebook may bring into a page or another person's JupyterLab.

nbgrader's feedback keeps scripts, event handlers, frames and styles of student outputs. Outputs are
cleaned when a submission is graded, everything else when a page is made (``HTMLExporter`` filters).
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

import nh3
from jinja2 import pass_context
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from nbformat.v4 import new_output

__all__ = ["clean_attachments", "clean_html", "clean_output", "markdown_to_clean_html"]

_SVG_TAGS = {
    *("svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan"),
    *("title", "desc", "defs", "marker", "linearGradient", "radialGradient", "stop", "clipPath"),
}
_TAGS = (nh3.ALLOWED_TAGS | {"details", "summary", "section", "figure", "figcaption"} | _SVG_TAGS) - {
    "map",
    "area",
}
_SVG_ATTRIBUTES = {
    *("d", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "dx", "dy", "points"),
    *("width", "height", "viewBox", "transform", "role", "xmlns", "opacity", "offset", "orient"),
    *("fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity"),
    *("stroke-linecap", "stroke-linejoin", "stop-color", "gradientUnits", "marker-start", "marker-end"),
    *("refX", "refY", "markerWidth", "markerHeight", "font-size", "font-family", "font-weight"),
    *("text-anchor", "dominant-baseline"),
}
_ATTRIBUTES: dict[str, set[str]] = {
    **{tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()},
    **{tag: set(_SVG_ATTRIBUTES) for tag in _SVG_TAGS},
    "*": {"style", "class", "title", "align", "aria-label", "aria-hidden"},
    "details": {"open"},
}
# Nothing that takes an element out of the flow of the page, and nothing that loads.
_STYLES = {
    *("color", "background-color", "font-weight", "font-style", "font-size", "font-family"),
    *("text-align", "vertical-align", "text-decoration", "white-space", "list-style-type"),
    *("padding", "padding-left", "padding-right", "padding-top", "padding-bottom", "margin"),
    *("border", "border-left", "border-right", "border-top", "border-bottom", "border-collapse"),
    *("width", "max-width", "overflow-x", "display"),
}
_DISPLAY = re.compile(r"\s*display\s*:(?!\s*list-item\s*$)")
# The pages use Bootstrap, whose classes can cover them; these ones only dress text and tables.
_CLASS = re.compile(r"(dataframe|keras-plumbing[a-z-]*|highlight|hl-[a-z0-9]+|[a-z][a-z0-9]?|math)")
_IMAGE_DATA = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+")
_NEGATIVE = re.compile(r"-\s*[.\d]")

_TEXT_TYPES = ("text/plain", "text/latex")
_MARKUP_TYPES = ("text/html", "image/svg+xml")
_PICTURE_TYPES = ("image/png", "image/jpeg", "image/gif")


def _attribute(tag: str, name: str, value: str) -> str | None:
    """Decide on one attribute that the allow-list lets through."""
    if name == "class":
        return " ".join(word for word in value.split() if _CLASS.fullmatch(word)) or None
    if name == "style":
        parts = [part for part in value.split(";") if not ("margin" in part and _NEGATIVE.search(part))]
        parts = [part for part in parts if not _DISPLAY.match(part)]
        return ";".join(part for part in parts if "(" not in part) or None
    if name == "src":
        return value if tag == "img" and _IMAGE_DATA.fullmatch(value) else None
    if name in ("href", "cite"):
        return None if value.strip().lower().startswith("data:") else value
    if name in ("fill", "stroke", "marker-end", "marker-start") and "(" in value:
        return value if re.fullmatch(r"url\(#[\w-]+\)|rgba?\([\d., %]+\)", value) else None
    return value


def clean_html(markup: object) -> str:
    """Return HTML without scripts, handlers, frames, forms, outside loads, or styles that cover a page."""
    text = markup.decode("utf-8", "replace") if isinstance(markup, bytes) else str(markup)
    return nh3.clean(
        text,
        tags=set(_TAGS),
        clean_content_tags={"script", "style", "iframe", "object", "embed", "template", "noscript"},
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes={"http", "https", "mailto", "data"},
        filter_style_properties=_STYLES,
    )


@pass_context
def markdown_to_clean_html(context: Any, source: str) -> str:
    """Render Markdown as ``HTMLExporter.markdown2html`` does, then clean it."""
    attachments = clean_attachments(context.get("cell", {}).get("attachments", {}))
    renderer = IPythonRenderer(escape=False, attachments=attachments)
    return clean_html(MarkdownWithMath(renderer=renderer).render(source))


def clean_attachments(attachments: Any) -> NotebookNode:
    """Keep the attachments that are pictures."""
    kept = NotebookNode()
    for name, bundle in attachments.items() if isinstance(attachments, dict) else ():
        pictures = _pictures(bundle)
        if pictures:
            kept[name] = NotebookNode(pictures)
    return kept


def _pictures(bundle: Any) -> dict[str, str]:
    if not isinstance(bundle, dict):
        return {}
    return {kind: bundle[kind] for kind in _PICTURE_TYPES if _is_base64(bundle.get(kind))}


def _is_base64(data: object) -> bool:
    if not isinstance(data, str):
        return False
    try:
        base64.b64decode(data.replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def clean_output(output: NotebookNode) -> NotebookNode:
    """Return an output that holds text, cleaned markup and pictures, and no metadata of its own."""
    if output.output_type not in ("display_data", "execute_result"):
        return output
    data: dict[str, str] = {kind: str(output.data[kind]) for kind in _TEXT_TYPES if kind in output.data}
    data |= {kind: clean_html(output.data[kind]) for kind in _MARKUP_TYPES if kind in output.data}
    data |= _pictures(output.data)
    if "text/markdown" in output.data:
        rendered = MarkdownWithMath(renderer=IPythonRenderer(escape=False)).render(
            str(output.data["text/markdown"])
        )
        data.setdefault("text/html", clean_html(rendered))
    if output.output_type == "execute_result":
        return new_output("execute_result", data=data, execution_count=output.get("execution_count"))
    return new_output("display_data", data=data)
