"""Frames around the calls of one nested layer, where a plain rectangle can show them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.report.metrics import text_width

if TYPE_CHECKING:
    from grader.report.layout import Layout, Point, Size
    from grader.report.scene import Scene

__all__ = ["Frame", "find_frames"]

_SIDE, _ABOVE, _BELOW = 9.0, 19.0, 7.0


@dataclass(frozen=True, slots=True)
class Frame:
    """A rectangle with a name in its upper left corner, ``indent`` pixels in."""

    words: str
    indent: float
    left: float
    top: float
    right: float
    bottom: float


def find_frames(scene: Scene, sizes: Sequence[Size], layout: Layout) -> list[Frame]:
    """Return the frames to draw: one for each joined group of calls in one nested layer.

    A group whose rectangle would touch another box, or another frame, goes without. Only outermost nested
    layers are framed.
    """
    frames: list[Frame] = []
    for members in _groups(scene):
        inside = set(members)
        words = scene.boxes[members[0]].scope[0][1]
        left = min(layout.centres[box][0] - sizes[box].width / 2 for box in members) - _SIDE
        right = max(layout.centres[box][0] + sizes[box].width / 2 for box in members) + _SIDE
        top = min(layout.centres[box][1] - sizes[box].height / 2 for box in members) - _ABOVE
        bottom = max(layout.centres[box][1] + sizes[box].height / 2 for box in members) + _BELOW
        lines = [x for x, y in _points_into(scene, layout, inside) if top < y < bottom]
        left, right = min([left, *(x - _SIDE for x in lines)]), max([right, *(x + _SIDE for x in lines)])
        badges = max(len(scene.boxes[box].badges[:4]) for box in members)
        indent = 7.0 if not badges else 26.0 + 19 * (badges - 1)  # beside the badges, not below them
        frame = Frame(
            words, indent, left, top, max(right, left + text_width(words, 9.5) + indent + 9), bottom
        )
        clear = all(
            box in inside or not _touches(frame, layout.centres[box], size) for box, size in enumerate(sizes)
        )
        if clear and not any(_overlap(frame, other) for other in frames):
            frames.append(frame)
    return frames


def _points_into(scene: Scene, layout: Layout, inside: set[int]) -> Iterator[Point]:
    """Yield the points of the lines that end at a member: a shortcut belongs to its block."""
    for line, path in zip(scene.lines, layout.paths, strict=True):
        if path is not None and line.target in inside:
            yield from path


def _groups(scene: Scene) -> list[list[int]]:
    """Group boxes of the same outermost scope that lines join; two calls of one nested model are two groups."""
    home = {index: index for index, box in enumerate(scene.boxes) if box.scope}

    def root(box: int) -> int:
        while home[box] != box:
            home[box] = home[home[box]]
            box = home[box]
        return box

    for line in scene.lines:
        joined = line.source in home and line.target in home
        if joined and scene.boxes[line.source].scope[0] == scene.boxes[line.target].scope[0]:
            home[root(line.target)] = root(line.source)
    groups: dict[int, list[int]] = {}
    for member in home:
        groups.setdefault(root(member), []).append(member)
    return [members for members in groups.values() if len(members) > 1]


def _touches(frame: Frame, centre: tuple[float, float], size: Size) -> bool:
    return (
        centre[0] + size.width / 2 > frame.left - 2
        and centre[0] - size.width / 2 < frame.right + 2
        and centre[1] + size.height / 2 > frame.top
        and centre[1] - size.height / 2 < frame.bottom
    )


def _overlap(one: Frame, other: Frame) -> bool:
    return (
        one.left < other.right
        and other.left < one.right
        and one.top < other.bottom
        and other.top < one.bottom
    )
