import pytest

pytestmark = pytest.mark.backends


@pytest.mark.parametrize(
    ("structure", "expected"),
    [
        (7, [["0", 7]]),
        ([7, 8], [["0", 7], ["1", 8]]),
        ({"b": 7, "a": 8}, [["a", 8], ["b", 7]]),
        ({"b": [7, 9], "a": {"z": 8}}, [["a.z", 8], ["b.0", 7], ["b.1", 9]]),
    ],
)
def test_leaves_are_named_and_ordered(one_worker, structure, expected):
    """A lone leaf is "0", list items count up, dict keys come sorted, levels are joined by dots."""
    assert expected == one_worker.run("leaves_of", structure=structure)


@pytest.mark.parametrize("structure", [7, [7, 8], {"b": [7, 9], "a": 8}])
def test_packing_reverses_flattening(one_worker, structure):
    """A structure packed with its own leaves is the same structure."""
    assert one_worker.run("packed", structure=structure)
