import io
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from functools import cache
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFont

from grader.comparison import compare_graphs
from grader.graph import Port
from grader.report import draw_graph
from grader.report.fold import MAX_BOXES
from grader.report.labels import settings as call_settings
from grader.report.metrics import text_width
from grader.report.picture import _font_files
from grader.report.scene import MAX_MARKED, build_scene
from tests.blueprints import Blueprint, residual_block, shuffled
from tests.unit.report.plans import MISTAKES, graphs, mistake, named, resnet, siamese, stack

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    "<script>alert(1)</script>",
    "]]>",
    "x" * 10_000,
    "\x00\x01\x0b\ud800\ufffe\u202e",
    "&amp; &#0; \" '",
    "漢字" * 400,
    "²",
    "",
)


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)


def words(svg: str) -> list[str]:
    return [node.text or "" for node in parsed(svg).iter(f"{SVG}text")]


@cache
def font(bold: bool) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_font_files()[bold], 100)


def drawn_width(text: str, size: float, *, bold: bool) -> float:
    return font(bold).getlength(text) * size / 100


def rectangles(svg: str) -> list[tuple[float, float, float, float]]:
    """The boxes: rectangles that are neither the card, a frame, nor part of a mark."""
    found = []
    for node in parsed(svg).iter(f"{SVG}rect"):
        if node.get("stroke-width"):
            x, y, width, height = (float(node.get(key, "0")) for key in ("x", "y", "width", "height"))
            found.append((x, y, x + width, y + height))
    return found


@pytest.mark.parametrize("name", list(graphs()))
def test_a_picture_is_well_formed_and_described(name):
    """Every picture parses as XML, has a role, a title, a description and an alt text, and draws something."""
    picture = draw_graph(graphs()[name])
    root = parsed(picture.svg)
    labels = root.get("aria-labelledby", "").split()
    assert "img" == root.get("role")
    assert labels == [root.find(f"{SVG}{tag}").get("id") for tag in ("title", "desc")]
    assert picture.alt == root.find(f"{SVG}desc").text
    assert picture.alt.startswith("Graph of a model with ")
    image = Image.open(io.BytesIO(picture.png)).convert("L")
    assert len(image.getcolors(256) or ()) > 10


@pytest.mark.parametrize("name", list(graphs()))
def test_boxes_of_real_models_stand_apart(name):
    """No two boxes of a picture overlap."""
    for one, other in combinations(rectangles(draw_graph(graphs()[name]).svg), 2):
        assert one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]


@pytest.mark.parametrize("bold", [False, True])
def test_text_is_measured_as_it_is_drawn(bold):
    """The measured width of a text is that of the font the PNG is drawn in, within two in a hundred."""
    text = "Conv2D 16 · 3×3 · same · relu, BatchNormalization → 28×28×8 (missing)"
    assert drawn_width(text, 12, bold=bold) == pytest.approx(text_width(text, 12, bold=bold), rel=0.02)


@pytest.mark.parametrize("name", list(graphs()))
def test_text_stays_inside_its_box(name):
    """The text of a box is no wider than the box, measured with the font the PNG is drawn in."""
    svg = draw_graph(graphs()[name]).svg
    areas = rectangles(svg)
    for node in parsed(svg).iter(f"{SVG}text"):
        x, y, size = (float(node.get(key)) for key in ("x", "y", "font-size"))
        width = drawn_width(node.text or "", size, bold=node.get("font-weight") == "bold")
        left = x - width / 2 if node.get("text-anchor") == "middle" else x
        home = [a for a in areas if a[0] <= x <= a[2] and a[1] + 4 < y < a[3]]
        if size > 10 and home:
            assert home[0][0] <= left
            assert left + width <= home[0][2]


def test_the_same_graph_gives_the_same_bytes():
    """SVG and PNG depend on the graph and the comparison alone."""
    one, other = draw_graph(resnet(2)), draw_graph(resnet(2))
    assert (one.svg, one.png) == (other.svg, other.png)


def test_generated_names_leave_no_trace():
    """A layer's name is not drawn, so the same model built later in a session gives the same picture."""
    graph = resnet(1)
    layers = tuple(layer.model_copy(update={"name": f"{layer.name}_17"}) for layer in graph.layers)
    assert draw_graph(graph).svg == draw_graph(graph.model_copy(update={"layers": layers, "name": "x"})).svg


def test_the_picture_does_not_depend_on_the_process():
    """Another process, with another hash seed, draws the same bytes."""
    code = (
        "import sys; sys.path.insert(0, '.')\n"
        "from grader.report import draw_graph\n"
        "from tests.unit.report.plans import mistake, siamese\n"
        "comparison = mistake('skip-from-wrong-tensor')\n"
        "sys.stdout.write(draw_graph(comparison.student, comparison).svg + draw_graph(siamese()).svg)\n"
    )
    drawn = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PATH": "", "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            text=True,
            check=True,
            encoding="utf-8",
        ).stdout
        for seed in ("1", "2")
    ]
    assert drawn[0] == drawn[1]
    assert "</svg>" in drawn[0]


def test_two_pictures_in_one_page_share_no_id():
    """Ids of different pictures differ."""
    first, second = (
        set(re.findall(r'id="([^"]+)"', draw_graph(graph).svg)) for graph in (stack(1), stack(2))
    )
    assert (2, 2, set()) == (len(first), len(second), first & second)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_are_drawn_as_text(text):
    """Whatever a student calls things, the picture parses, holds no script, and stays small."""
    graph = named(text)
    comparison = compare_graphs(graph, named("Block"))
    picture = draw_graph(graph, comparison)
    tags = {node.tag.removeprefix(SVG) for node in parsed(picture.svg).iter()}
    assert set() == tags - {"svg", "title", "desc", "rect", "g", "text", "path", "circle"}
    assert len(picture.svg) < 40_000
    assert picture.width < 520
    assert picture.png.startswith(b"\x89PNG")


def test_keys_that_only_look_like_numbers_are_drawn_as_they_are():
    """An output key such as a superscript two counts as a name, a plain number as a position."""
    graph = stack(2)
    ports = tuple(Port(key=key, tensor=graph.outputs[0].tensor) for key in ("²", "1"))
    drawn = words(draw_graph(graph.model_copy(update={"outputs": ports})).svg)
    assert ["output ²", "output 2"] == [text for text in drawn if text.startswith("output")]


def test_what_differs_is_numbered_and_told():
    """Each difference has a badge of its number in the graph, and its whole message in the legend."""
    for kind in MISTAKES:
        comparison = mistake(kind)
        drawn = words(draw_graph(comparison.student, comparison).svg)
        told = " ".join(drawn)
        for number, difference in enumerate(comparison.differences, start=1):
            assert drawn.count(str(number)) >= 2
            assert difference.message in told


def test_a_missing_call_is_a_ghost_between_its_neighbours():
    """A missing Add is drawn dashed, fed by what it should join, and feeds what comes after it."""
    comparison = mistake("missing-skip")
    scene = build_scene(comparison.student, comparison)
    (ghost,) = [index for index, box in enumerate(scene.boxes) if box.kind == "ghost"]
    missing = [line for line in scene.lines if line.kind == "missing"]
    assert ("Add", (1,)) == (scene.boxes[ghost].title, scene.boxes[ghost].badges)
    assert {"BatchNormalization", "input"} == {
        scene.boxes[m.source].title for m in missing if m.target == ghost
    }
    assert ["ReLU"] == [scene.boxes[m.target].title for m in missing if m.source == ghost]
    svg = draw_graph(comparison.student, comparison).svg
    assert any(node.get("stroke-dasharray") for node in parsed(svg).iter(f"{SVG}rect"))
    assert any("missing" in text for text in words(svg))


def test_a_wrong_connection_is_crossed_and_the_right_one_shown():
    """The line from the wrong tensor is wrong, the one that should be there is drawn as missing, the others are plain."""
    comparison = mistake("skip-from-wrong-tensor")
    scene = build_scene(comparison.student, comparison)
    ends = {kind: [] for kind in ("plain", "wrong", "missing")}
    for line in scene.lines:
        ends[line.kind].append((scene.boxes[line.source].title, scene.boxes[line.target].title))
    assert [("ReLU", "Add")] == ends["wrong"]
    assert [("input", "Add")] == ends["missing"]
    assert len(comparison.student.calls) + 1 == len(ends["plain"])


def test_a_model_without_differences_has_no_marks():
    """An equivalent model written in another style is drawn plain, without a legend."""
    graph = residual_block(kind="operator")
    assert draw_graph(graph).svg == draw_graph(graph, compare_graphs(graph, residual_block())).svg


def test_a_shared_layer_is_tagged_at_every_call():
    """A layer called twice bears the same tag twice; layers that are only alike bear none."""
    shared = [text for text in words(draw_graph(siamese()).svg) if text.startswith("shared")]
    assert ["shared 1", "shared 2", "shared 1", "shared 2"] == shared
    assert not any(text.startswith("shared") for text in words(draw_graph(siamese(shared=False)).svg))


def test_each_call_of_a_nested_model_has_its_frame():
    """An encoder called twice is framed twice, under the name it was given."""
    assert 2 == words(draw_graph(siamese()).svg).count("encoder")


def test_a_long_stack_is_folded_around_its_difference():
    """Runs of many calls become one box that says what they are; the marked call stays."""
    comparison = compare_graphs(stack(200, odd_one=90), stack(200))
    drawn = words(draw_graph(comparison.student, comparison).svg)
    assert ["90 calls", "109 calls"] == [text for text in drawn if text.endswith("calls")]
    assert any("folded" in text for text in drawn)
    assert "99 · relu" in drawn


def test_a_graph_too_large_to_fold_is_cut_and_says_so():
    """What cannot be folded is cut to a number of boxes, with the number left out in the picture."""
    plan = Blueprint()
    x = plan.input(4)
    for _ in range(400):
        x = plan.plus(x, x)
    picture = draw_graph(plan.graph(x))
    assert len(rectangles(picture.svg)) == MAX_BOXES
    assert any("282 of 402 boxes are not drawn." in text for text in words(picture.svg))


def test_many_differences_are_cut_and_said_to_be():
    """Only so many differences are marked, and the picture says how many are not."""
    comparison = compare_graphs(stack(5, odd_one=2), stack(5))
    one = comparison.differences[0]
    many = comparison.model_copy(update={"differences": (one,) * (MAX_MARKED + 3)})
    assert "3 more differences are not marked." in words(draw_graph(many.student, many).svg)


def test_a_call_of_many_tensors_does_not_flood_the_picture():
    """A call of a thousand tensors is drawn with a few lines and a note."""
    plan = Blueprint()
    x = plan.input(4)
    picture = draw_graph(plan.graph(plan.add(*[x] * 1000)))
    assert "988 connections into crowded boxes are not drawn." in words(picture.svg)
    assert picture.svg.count("<path") < 40


def test_out_of_range_call_indexes_are_left_alone():
    """A difference that names calls the graphs do not have is told in the legend and marks nothing."""
    comparison = mistake("missing-skip")
    for ours in ((999,), ()):
        stray = comparison.differences[0].model_copy(update={"student": ours, "reference": (999,)})
        odd = comparison.model_copy(update={"differences": (stray,)})
        drawn = words(draw_graph(odd.student, odd).svg)
        assert stray.message in " ".join(drawn)
        assert 1 == drawn.count("1")


def conv_settings(**config):
    plan = Blueprint()
    graph = plan.graph(plan.call(plan.layer("Conv2D", **config), plan.input(8, 8, 3), shape=(8, 8, 16)))
    return call_settings(graph, graph.calls[0])


def test_the_default_settings_are_left_out():
    """A box shows what was chosen, not what Keras would have taken anyway."""
    default = {
        "filters": 16,
        "kernel_size": [3, 5],
        "strides": [1, 1],
        "padding": "valid",
        "dilation_rate": [1, 1],
        "groups": 1,
        "activation": "linear",
        "use_bias": True,
    }
    chosen = {"strides": [2, 2], "padding": "same", "activation": "relu", "use_bias": False}
    assert "16 · 3×5" == conv_settings(**default)
    assert "16 · 3×5 · stride 2 · same · relu · no bias" == conv_settings(**default | chosen)


def test_jupyter_gets_svg_png_and_text():
    """The picture shows itself in Jupyter, each form on request."""
    picture = draw_graph(stack(1))
    assert {"image/svg+xml", "image/png", "text/plain"} == set(picture._repr_mimebundle_())
    assert {"image/png"} == set(picture._repr_mimebundle_(include={"image/png"}))
    assert (picture.svg, picture.png, picture.alt) == (
        picture._repr_svg_(),
        picture._repr_png_(),
        repr(picture),
    )


@st.composite
def random_graphs(draw):
    """Random models: one to three inputs, up to twelve calls on any earlier tensors, shared layers and all."""
    plan = Blueprint()
    tensors = [plan.input(4) for _ in range(draw(st.integers(1, 3)))]
    layers = [plan.layer("Dense", (4, 4), units=4), plan.layer("Dropout", rate=0.5)]
    for _ in range(draw(st.integers(1, 12))):
        if draw(st.booleans()):
            tensors.append(
                plan.call(draw(st.sampled_from(layers)), draw(st.sampled_from(tensors)), shape=(4,))
            )
        else:
            fed = draw(st.lists(st.sampled_from(tensors), min_size=2, max_size=4))
            name = draw(st.sampled_from(["Add", "Concatenate"]))
            tensors.append(plan.call(plan.layer(name), *fed, shape=(4,), listed=True))
    return plan.graph(*draw(st.lists(st.sampled_from(tensors), min_size=1, max_size=3)))


@given(random_graphs(), random_graphs())
@settings(deadline=None, max_examples=60)
def test_any_two_models_can_be_compared_in_a_picture(student, reference):
    """Whatever differs between two models, the picture parses and its boxes stand apart."""
    picture = draw_graph(student, compare_graphs(student, reference))
    parsed(picture.svg)
    for one, other in combinations(rectangles(picture.svg), 2):
        assert one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]


@given(random_graphs(), st.integers(0, 10))
@settings(deadline=None, max_examples=40)
def test_a_model_written_otherwise_still_draws(graph, seed):
    """The numbering of a graph's parts does not matter to whether it can be drawn."""
    other = shuffled(graph, seed)
    assert draw_graph(graph).svg.count("<rect") == draw_graph(other).svg.count("<rect")
