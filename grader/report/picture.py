"""The picture of a model, as SVG and PNG."""

from __future__ import annotations

import base64
import importlib.util
from collections.abc import Iterable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from grader.report.escape import plain
from grader.report.fold import fold
from grader.report.scene import Scene, build_scene
from grader.report.svg import draw

if TYPE_CHECKING:
    from grader.comparison import Comparison
    from grader.graph import ModelGraph

__all__ = ["Picture", "draw_graph"]

_ALT_LENGTH = 1500
# Making a PNG costs time by the pixel: small pictures are sharp, tall ones plain, huge ones smaller.
_SHARP_PIXELS, _MAX_PIXELS = 500_000, 12_000_000
_ZOOM = 1.5


class Picture:
    """A drawn graph: ``svg`` text, ``png`` bytes (made when first asked for) and ``alt`` text.

    It displays itself in Jupyter.
    """

    def __init__(self, svg: str, alt: str, width: int, height: int) -> None:
        self.svg = svg
        self.alt = alt
        self.width = width
        self.height = height

    def __repr__(self) -> str:
        return self.alt

    @cached_property
    def png(self) -> bytes:
        """The picture as PNG: at one and a half times the SVG's size when small, smaller when huge."""
        import resvg_py

        fonts = _font_files()
        pixels = self.width * self.height
        zoom = max(1.0, min(_ZOOM, (_SHARP_PIXELS / pixels) ** 0.5))
        zoom = min(zoom, (_MAX_PIXELS / pixels) ** 0.5)
        return bytes(
            resvg_py.svg_to_bytes(
                svg_string=self.svg,
                font_files=list(fonts),
                skip_system_fonts=bool(fonts),
                sans_serif_family="DejaVu Sans",
                font_family="DejaVu Sans",
                zoom=zoom,
            )
        )

    def mime_bundle(self, *, png: bool = True) -> dict[str, str]:
        """Return the picture for a notebook's output: PNG in base64, if wanted, SVG, and the text alternative."""
        pixels = {"image/png": base64.b64encode(self.png).decode("ascii")} if png else {}
        return {**pixels, "image/svg+xml": self.svg, "text/plain": self.alt}

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> dict[str, str]:
        bundle = self.mime_bundle()
        return {
            kind: data
            for kind, data in bundle.items()
            if (include is None or kind in include) and (exclude is None or kind not in exclude)
        }

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_png_(self) -> bytes:
        return self.png


def draw_graph(graph: ModelGraph, comparison: Comparison | None = None) -> Picture:
    """Draw a model's graph from top to bottom, with the differences of a comparison marked.

    ``comparison.student`` has to be ``graph``. What differs gets a thick border and a number, what
    is missing is drawn dashed in its place, and the numbered messages stand below.
    """
    scene = fold(build_scene(graph, comparison))
    alt = _describe(graph, scene)
    svg, width, height = draw(scene, alt)
    return Picture(svg, alt, width, height)


def _describe(graph: ModelGraph, scene: Scene) -> str:
    """Put the picture into words: how large, what follows what, and what differs."""
    counts = ((len(graph.inputs), "input"), (len(graph.calls), "layer call"), (len(graph.outputs), "output"))
    head = (
        "Graph of a model with " + ", ".join(f"{n} {word}{'' if n == 1 else 's'}" for n, word in counts) + "."
    )
    names: list[str] = [" ".join(part for part in (box.title, box.settings) if part) for box in scene.boxes]
    fed: dict[int, list[str]] = {}
    for line in scene.lines:
        if line.kind != "missing":
            fed.setdefault(line.target, []).append(names[line.source])
    steps = [f"{names[box]} takes {' and '.join(sources)}" for box, sources in sorted(fed.items())[:12]]
    more = f"; and {len(fed) - 12} more" if len(fed) > 12 else ""
    steps_words = "; ".join(steps) + more + "." if steps else ""
    differences = [f"{number}. {message}" for number, message in scene.legend]
    marked = f"Differences marked: {' '.join(differences)}" if differences else ""
    return plain(" ".join(part for part in (head, marked, steps_words, *scene.notes) if part), _ALT_LENGTH)


@lru_cache(maxsize=1)
def _font_files() -> tuple[str, ...]:
    """Return the font files that matplotlib ships, found without importing it; none where it is absent."""
    found = importlib.util.find_spec("matplotlib")
    for place in (found.submodule_search_locations if found else None) or ():
        folder = Path(place) / "mpl-data" / "fonts" / "ttf"
        files = [folder / name for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")]
        if all(file.is_file() for file in files):
            return tuple(str(file) for file in files)
    return ()
