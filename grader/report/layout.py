"""Where boxes and lines go: a layered layout from top to bottom.

Ranks, dummies for long edges and the order within a rank come from grandalf's ``SugiyamaLayout``
(Sugiyama, Tagawa, Toda 1981). The coordinates are set here: each rank is moved towards its
neighbours by isotonic regression, which keeps every box clear of the next one whatever the graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import Any

__all__ = ["Layout", "Link", "Point", "Size", "place"]

Point = tuple[float, float]

_BOX_GAP = 26.0
_LINE_GAP = 16.0
_RANK_GAP = (24.0, 64.0)
_PORT_GAP = 18.0
_SWEEPS = 11
# What an edge pulls with: an item goes where its strongest edges want it, the others bend.
_LOOSE, _LOOSE_DIRECT, _ROUND, _DIRECT = 1, 2, 3, 4
_ORDER_ROUNDS = 4
# Long edges are followed through every rank they cross, so their total length bounds the work.
MAX_DUMMIES = 2500


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height of a box, in pixels."""

    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Link:
    """An edge to draw, from box to box; ``loose`` ones bend so that the others stay straight."""

    source: int
    target: int
    loose: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """Centres of the boxes, a path per link, and the whole size.

    A path's points come in pairs: the line runs straight down within a pair, which stands beside
    boxes, and bends between pairs, where there are none. ``None`` for a link left out because it
    is too long to route.
    """

    centres: tuple[Point, ...]
    paths: tuple[tuple[Point, ...] | None, ...]
    width: float
    height: float


class _Item:
    """A box or a dummy in its rank, with its neighbours above and below and their pull."""

    __slots__ = ("above", "below", "half", "node", "x")

    def __init__(self, node: int | None, width: float) -> None:
        self.node = node
        self.half = width / 2
        self.x = 0.0
        self.above: list[tuple[_Item, int]] = []
        self.below: list[tuple[_Item, int]] = []


def place(sizes: Sequence[Size], links: Sequence[Link]) -> Layout:
    """Lay out a graph of boxes; ``links`` may be parallel, and may not form a cycle.

    The same input gives the same layout. No two boxes overlap and no line crosses a box.
    """
    if not sizes:
        return Layout((), tuple(None for _ in links), 0.0, 0.0)
    strength: dict[tuple[int, int], int] = {}
    for link in links:
        pair = (link.source, link.target)
        strength[pair] = max(strength.get(pair, 0), 1 if link.loose else 2)
    drawn = _affordable(len(sizes), strength)
    ranks, chains = _ordered(sizes, {pair: strength[pair] for pair in drawn})
    _set_x(ranks)
    _straighten(ranks, chains.values())
    left = min(item.x - item.half for rank in ranks for item in rank)
    for rank in ranks:
        for item in rank:
            item.x = round(item.x - left, 1)
    width = max(item.x + item.half for rank in ranks for item in rank)
    bands = _bands(ranks, sizes)
    centres: list[Point] = [(0.0, 0.0)] * len(sizes)
    for rank, (top, bottom) in zip(ranks, bands, strict=True):
        for item in rank:
            if item.node is not None:
                centres[item.node] = (item.x, (top + bottom) / 2)
    paths = _paths(sizes, links, chains, centres, bands)
    return Layout(tuple(centres), paths, width, bands[-1][1])


def _affordable(count: int, strength: dict[tuple[int, int], int]) -> list[tuple[int, int]]:
    """Return the pairs to draw: all of them, or without the longest ones of a huge tangle."""
    depth = _depths(count, strength)
    budget, kept = MAX_DUMMIES, set()
    for pair in sorted(strength, key=lambda pair: (depth[pair[1]] - depth[pair[0]], pair)):
        budget -= depth[pair[1]] - depth[pair[0]] - 1
        if budget < 0:
            break
        kept.add(pair)
    return [pair for pair in strength if pair in kept]


def _depths(count: int, pairs: Iterable[tuple[int, int]]) -> list[int]:
    """Return each box's distance from the top: the longest way there."""
    below: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for source, target in pairs:
        below[source].append(target)
        waiting[target] += 1
    depth, ready = [0] * count, [node for node in range(count) if not waiting[node]]
    for node in ready:  # grows while it is walked
        for target in below[node]:
            depth[target] = max(depth[target], depth[node] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    if len(ready) < count:
        raise ValueError("the links form a cycle")
    return depth


def _ordered(
    sizes: Sequence[Size], strength: dict[tuple[int, int], int]
) -> tuple[list[list[_Item]], dict[tuple[int, int], list[_Item]]]:
    """Return the ranks in their order, and each pair's chain of items from source to target."""
    from grandalf.graphs import Edge, Graph, Vertex
    from grandalf.layouts import SugiyamaLayout, VertexViewer

    vertices = [Vertex(node) for node in range(len(sizes))]
    # grandalf lays out connected graphs only: a source above all others makes every graph one.
    source = Vertex(None)
    for vertex, size in zip([source, *vertices], [Size(1, 1), *sizes], strict=True):
        vertex.view = VertexViewer(size.width, size.height)
    edges = {pair: Edge(vertices[pair[0]], vertices[pair[1]]) for pair in strength}
    fed = {target for _, target in strength}
    roots = [Edge(source, vertices[node]) for node in range(len(sizes)) if node not in fed]
    graph = Graph([source, *vertices], [*roots, *edges.values()])
    sugiyama = SugiyamaLayout(graph.C[0])
    sugiyama.init_all(roots=[source], inverted_edges=[], optimize=True)
    _begin_in_order(sugiyama)
    for _ in range(_ORDER_ROUNDS):
        for _step in sugiyama.ordering_step():
            pass
    items: dict[Any, _Item] = {}
    ranks: list[list[_Item]] = []
    for layer in sugiyama.layers:
        rank = []
        for vertex in layer:
            if vertex is source or (hasattr(vertex, "ctrl") and vertex.ctrl[min(vertex.ctrl)] is source):
                continue
            node = None if hasattr(vertex, "ctrl") else vertex.data
            items[vertex] = _Item(node, sizes[node].width if node is not None else 0.0)
            rank.append(items[vertex])
        if rank:
            ranks.append(rank)
    chains = {}
    for pair, edge in edges.items():
        inner = sugiyama.ctrls.get(edge)
        chain = [vertices[pair[0]], vertices[pair[1]]] if inner is None else [inner[r] for r in sorted(inner)]
        chains[pair] = [items[vertex] for vertex in chain]
        direct = len(chain) == 2
        pull = (_LOOSE_DIRECT if direct else _LOOSE) if strength[pair] == 1 else _DIRECT if direct else _ROUND
        for upper, lower in pairwise(chains[pair]):
            upper.below.append((lower, pull))
            lower.above.append((upper, pull))
    return ranks, chains


def _begin_in_order(sugiyama: Any) -> None:
    """Start every rank in the order of the boxes, a long edge beside the box it leads to."""

    def position(vertex: Any) -> int:
        node = vertex.ctrl[max(vertex.ctrl)].data if hasattr(vertex, "ctrl") else vertex.data
        return -1 if node is None else int(node)

    for layer in sugiyama.layers:
        layer.sort(key=position)
    for layer in sugiyama.layers:
        layer.setup(sugiyama)


def _set_x(ranks: list[list[_Item]]) -> None:
    """Set every item's x: each rank in turn goes to where its neighbours pull it."""
    for rank in ranks:
        x = 0.0
        for index, item in enumerate(rank):
            x += _apart(rank[index - 1], item) if index else 0.0
            item.x = x
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for rank in ranks if down else reversed(ranks):
            _move(rank, down=down)


def _straighten(ranks: list[list[_Item]], chains: Iterable[list[_Item]]) -> None:
    """Give the dummies of one line one x, where the boxes and lines beside them leave room for it."""
    beside = {}
    for rank in ranks:
        for index, item in enumerate(rank):
            beside[item] = (
                rank[index - 1] if index else None,
                rank[index + 1] if index + 1 < len(rank) else None,
            )
    for chain in chains:
        inner = chain[1:-1]
        if len(inner) < 2:
            continue
        low = max((left.x + _apart(left, item) for item in inner if (left := beside[item][0])), default=-inf)
        high = min(
            (right.x - _apart(item, right) for item in inner if (right := beside[item][1])), default=inf
        )
        if low <= high:
            x = min(max(sum(item.x for item in inner) / len(inner), low), high)
            for item in inner:
                item.x = x


def _apart(left: _Item, right: _Item) -> float:
    gap = _BOX_GAP if left.node is not None and right.node is not None else _LINE_GAP
    return left.half + right.half + gap


def _firmness(item: _Item, pull: int) -> float:
    """Return how hard an item holds its place: boxes stay in line, lines give way, loose ones first."""
    loose = pull <= _LOOSE_DIRECT
    if item.node is None:
        return 0.00001 if loose else 0.02
    return 0.0001 if loose else float(pull)


def _move(rank: list[_Item], *, down: bool) -> None:
    """Move a rank's items to their neighbours, in order and apart (pool adjacent violators)."""
    offset, blocks = 0.0, []  # a block: weighted sum, weight, number of items
    offsets = []
    for index, item in enumerate(rank):
        offset += _apart(rank[index - 1], item) if index else 0.0
        offsets.append(offset)
        neighbours = item.above if down else item.below
        pull = max((strength for _, strength in neighbours), default=0)
        pulling = [other.x for other, strength in neighbours if strength == pull]
        target = sum(pulling) / len(pulling) if pulling else item.x
        weight = _firmness(item, pull)
        blocks.append([(target - offset) * weight, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] >= blocks[-1][0] / blocks[-1][1]:
            total, more, number = blocks.pop()
            blocks[-1] = [blocks[-1][0] + total, blocks[-1][1] + more, blocks[-1][2] + number]
    index = 0
    for total, weight, number in blocks:
        for _ in range(int(number)):
            rank[index].x = total / weight + offsets[index]
            index += 1


def _bands(ranks: list[list[_Item]], sizes: Sequence[Size]) -> list[tuple[float, float]]:
    """Return each rank's top and bottom; lines that go far to the side get more room to bend."""
    bands: list[tuple[float, float]] = []
    top = 0.0
    for rank in ranks:
        if bands:
            reach = max((abs(item.x - other.x) for item in rank for other, _ in item.above), default=0.0)
            top = bands[-1][1] + round(min(max(_RANK_GAP[0], 18 + reach / 8), _RANK_GAP[1]))
        bands.append(
            (top, top + max((sizes[i.node].height for i in rank if i.node is not None), default=0.0))
        )
    return bands


def _paths(
    sizes: Sequence[Size],
    links: Sequence[Link],
    chains: dict[tuple[int, int], list[_Item]],
    centres: list[Point],
    bands: list[tuple[float, float]],
) -> tuple[tuple[Point, ...] | None, ...]:
    rank_of = {round(y, 3): band for band in bands for y in [(band[0] + band[1]) / 2]}
    band_index = {band: index for index, band in enumerate(bands)}
    ports = _ports(sizes, links, chains, centres)
    paths: list[tuple[Point, ...] | None] = []
    for number, link in enumerate(links):
        chain = chains.get((link.source, link.target))
        if chain is None:
            paths.append(None)
            continue
        start, end = centres[link.source], centres[link.target]
        first = band_index[rank_of[round(start[1], 3)]]
        points = [(start[0], start[1] + sizes[link.source].height / 2), (start[0], bands[first][1])]
        for step, item in enumerate(chain[1:-1], start=1):
            points += [(item.x, bands[first + step][0]), (item.x, bands[first + step][1])]
        last = bands[first + len(chain) - 1]
        points += [(ports[number], last[0]), (ports[number], end[1] - sizes[link.target].height / 2)]
        paths.append(tuple(points))
    return tuple(paths)


def _ports(
    sizes: Sequence[Size],
    links: Sequence[Link],
    chains: dict[tuple[int, int], list[_Item]],
    centres: list[Point],
) -> list[float]:
    """Return where on its target's top side each link arrives: below where it comes from, apart."""
    ports = [centres[link.target][0] for link in links]
    arriving: dict[int, list[tuple[float, int]]] = {}
    for number, link in enumerate(links):
        chain = chains.get((link.source, link.target))
        if chain is not None:
            arriving.setdefault(link.target, []).append((chain[-2].x, number))
    for target, lines in arriving.items():
        if len(lines) < 2:
            continue
        lines.sort()
        centre, width = centres[target][0], sizes[target].width
        half = max(width / 2 - 24, width / 4)  # the corners are kept for marks
        gap = min(_PORT_GAP, 2 * half / (len(lines) - 1))
        wanted = [min(max(x, centre - half), centre + half) for x, _ in lines]
        for index in range(1, len(wanted)):
            wanted[index] = max(wanted[index], wanted[index - 1] + gap)
        wanted[-1] = min(wanted[-1], centre + half)
        for index in range(len(wanted) - 2, -1, -1):
            wanted[index] = min(wanted[index], wanted[index + 1] - gap)
        for x, (_, number) in zip(wanted, lines, strict=True):
            ports[number] = round(x, 1)
    return ports
