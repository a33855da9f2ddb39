import time
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.report.layout import MAX_DUMMIES, Layout, Link, Size, place


@st.composite
def tangles(draw):
    """Boxes of many sizes, and links that only lead forward; parallel ones included."""
    count = draw(st.integers(1, 14))
    sizes = draw(
        st.lists(
            st.builds(Size, st.integers(30, 280).map(float), st.integers(24, 66).map(float)),
            min_size=count,
            max_size=count,
        )
    )
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(
        lambda pair: pair[0] < pair[1]
    )
    links = (
        draw(st.lists(st.builds(lambda p, loose: Link(*p, loose), pairs, st.booleans()), max_size=24))
        if count > 1
        else []
    )
    return sizes, links


def boxes(layout: Layout, sizes: list[Size]) -> list[tuple[float, float, float, float]]:
    return [
        (x - size.width / 2, y - size.height / 2, x + size.width / 2, y + size.height / 2)
        for (x, y), size in zip(layout.centres, sizes, strict=True)
    ]


def apart(one: tuple[float, ...], other: tuple[float, ...], by: float) -> bool:
    return (
        one[2] + by <= other[0]
        or other[2] + by <= one[0]
        or one[3] + by <= other[1]
        or other[3] + by <= one[1]
    )


@given(tangles())
@settings(deadline=None, max_examples=40)
def test_boxes_never_overlap(tangle):
    """Any two boxes of any graph stand at least ten pixels apart."""
    sizes, links = tangle
    assert all(apart(*pair, 10) for pair in combinations(boxes(place(sizes, links), sizes), 2))


@given(tangles())
@settings(deadline=None, max_examples=40)
def test_lines_pass_no_box(tangle):
    """A line runs beside every box that is neither its beginning nor its end."""
    sizes, links = tangle
    layout = place(sizes, links)
    areas = boxes(layout, sizes)
    for link, path in zip(links, layout.paths, strict=True):
        assert path is not None
        # The curve between two points stays in the rectangle they span.
        for (x0, y0), (x1, y1) in pairwise(path):
            stretch = (min(x0, x1), y0, max(x0, x1), y1)
            crossed = [box for box, area in enumerate(areas) if not apart(stretch, area, -0.2)]
            assert [] == [box for box in crossed if box not in (link.source, link.target)]


@given(tangles())
@settings(deadline=None, max_examples=40)
def test_lines_run_downwards_from_box_to_box(tangle):
    """Every line leaves the lower side of its source, arrives at the upper side of its target, and never turns up."""
    sizes, links = tangle
    layout = place(sizes, links)
    areas = boxes(layout, sizes)
    for link, path in zip(links, layout.paths, strict=True):
        assert all(lower >= upper for (_, upper), (_, lower) in pairwise(path))
        left, top, right, _ = areas[link.target]
        assert areas[link.source][3] == pytest.approx(path[0][1])
        assert top == pytest.approx(path[-1][1])
        assert left < path[-1][0] < right


@given(tangles())
@settings(deadline=None, max_examples=40)
def test_everything_lies_inside_the_stated_size(tangle):
    """No box begins left of or above zero, or ends beyond width and height."""
    sizes, links = tangle
    layout = place(sizes, links)
    for left, top, right, bottom in boxes(layout, sizes):
        assert left > -0.2
        assert top > -0.2
        assert right < layout.width + 0.2
        assert bottom < layout.height + 0.2


@given(tangles())
@settings(deadline=None, max_examples=40)
def test_the_same_graph_is_laid_out_alike(tangle):
    """The layout depends on nothing but the boxes and links."""
    assert place(*tangle) == place(*tangle)


def test_a_chain_is_straight_beside_its_shortcut():
    """The boxes of a residual block stand exactly below one another."""
    sizes = [Size(width, 38.0) for width in (90.0, 160.0, 140.0, 160.0, 60.0, 100.0)]
    links = [*(Link(n, n + 1) for n in range(5)), Link(0, 4)]
    xs = [x for x, _ in place(sizes, links).centres]
    assert max(xs) - min(xs) < 1


def test_loose_links_leave_the_chain_straight():
    """A missing box and its links bend around the chain they belong to."""
    sizes = [Size(100.0, 38.0)] * 5
    links = [Link(0, 1), Link(1, 2), Link(2, 3), Link(1, 4, loose=True), Link(4, 2, loose=True)]
    xs = [x for x, _ in place(sizes, links).centres[:4]]
    assert max(xs) - min(xs) < 1


def test_parallel_links_arrive_apart():
    """A tensor given twice to one call is drawn as two lines."""
    layout = place([Size(100.0, 38.0)] * 2, [Link(0, 1), Link(0, 1)])
    first, second = (path[-1][0] for path in layout.paths)
    assert abs(first - second) >= 10


def test_no_boxes_give_an_empty_layout():
    """A graph of nothing has no size."""
    assert Layout((), (), 0.0, 0.0) == place([], [])


def test_a_cycle_is_refused():
    """Links in a circle raise instead of looping for ever."""
    with pytest.raises(ValueError, match="cycle"):
        place([Size(10.0, 10.0)] * 2, [Link(0, 1), Link(1, 0)])


def test_a_huge_tangle_leaves_out_its_longest_lines():
    """Where every box feeds every later one, the longest lines are left out and the short ones drawn, within seconds."""
    count = 100
    links = [Link(a, b) for a in range(count) for b in range(a + 1, count)]
    begin = time.perf_counter()
    paths = place([Size(100.0, 38.0)] * count, links).paths
    assert time.perf_counter() - begin < 10
    drawn = {link.target - link.source for link, path in zip(links, paths, strict=True) if path is not None}
    left_out = {link.target - link.source for link, path in zip(links, paths, strict=True) if path is None}
    assert max(drawn) <= min(left_out)
    assert sum(len(path) // 2 - 2 for path in paths if path) <= MAX_DUMMIES
