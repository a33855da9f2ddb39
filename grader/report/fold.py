"""Make a scene small enough to draw: fold straight runs of unmarked calls, then cut what is left."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from grader.report.scene import Box, Line, Scene

__all__ = ["MAX_BOXES", "fold"]

MAX_BOXES = 120
_SHORTEST_RUN = 3


def fold(scene: Scene) -> Scene:
    """Return the scene itself when it has at most ``MAX_BOXES`` boxes, else a smaller one with a note on what it leaves out."""
    if len(scene.boxes) <= MAX_BOXES:
        return scene
    folded = _fold_runs(scene)
    return folded if len(folded.boxes) <= MAX_BOXES else _cut(folded)


def _fold_runs(scene: Scene) -> Scene:
    above: dict[int, list[int]] = {}
    below: dict[int, list[int]] = {}
    for line in scene.lines:
        above.setdefault(line.target, []).append(line.source)
        below.setdefault(line.source, []).append(line.target)

    def foldable(index: int) -> bool:
        box = scene.boxes[index]
        plain = box.kind == "call" and not box.badges and box.shared is None
        return plain and len(above.get(index, ())) == 1 and len(below.get(index, ())) == 1

    runs: list[list[int]] = []
    for first in range(len(scene.boxes)):
        if not foldable(first) or foldable(above[first][0]):
            continue
        run = [first]
        while foldable(below[run[-1]][0]):
            run.append(below[run[-1]][0])
        if len(run) >= _SHORTEST_RUN:
            runs.append(run)
    replaced = {inner: run for run in runs for inner in run}
    boxes: list[Box] = []
    new: dict[int, int] = {}
    for index, box in enumerate(scene.boxes):
        run_of = replaced.get(index)
        if run_of is None:
            new[index] = len(boxes)
            boxes.append(box)
        elif run_of[0] == index:
            new.update(dict.fromkeys(run_of, len(boxes)))
            boxes.append(_folded([scene.boxes[inner] for inner in run_of]))
    lines = tuple(
        replace(line, source=new[line.source], target=new[line.target])
        for line in scene.lines
        if new[line.source] != new[line.target]
    )
    notes = (
        (*scene.notes, f"Straight runs of calls are folded: {len(scene.boxes)} boxes are too many.")
        if runs
        else scene.notes
    )
    return replace(scene, boxes=tuple(boxes), lines=lines, notes=notes)


def _folded(run: list[Box]) -> Box:
    titles = Counter(box.title for box in run)
    words = ", ".join(f"{number} {name}" for name, number in titles.most_common(3))
    more = ", …" if len(titles) > 3 else ""
    return Box("fold", f"{len(run)} calls", words + more, note=run[-1].note, scope=run[0].scope)


def _cut(scene: Scene) -> Scene:
    """Keep ``MAX_BOXES`` boxes in a row, around the first marked one when there is one."""
    marked = next((index for index, box in enumerate(scene.boxes) if box.badges), 0)
    first = max(0, min(marked - MAX_BOXES // 2, len(scene.boxes) - MAX_BOXES))
    kept = range(first, first + MAX_BOXES)
    lines = tuple(
        Line(line.source - first, line.target - first, line.kind, line.label)
        for line in scene.lines
        if line.source in kept and line.target in kept
    )
    note = f"{len(scene.boxes) - MAX_BOXES} of {len(scene.boxes)} boxes are not drawn."
    return replace(
        scene, boxes=scene.boxes[first : first + MAX_BOXES], lines=lines, notes=(*scene.notes, note)
    )
