"""The models of ``keras.applications``: one of each family here, all of them in ``make bench``."""

import pytest

from tests.unit.models.families import FAMILIES

pytestmark = [pytest.mark.backends, pytest.mark.slow]

WITH_SKIPS = {
    "ConvNeXtTiny",
    "EfficientNetB0",
    "EfficientNetV2B0",
    "InceptionResNetV2",
    "MobileNetV2",
    "MobileNetV3Small",
    "ResNet50",
    "ResNet50V2",
    "Xception",
}


@pytest.fixture(scope="module")
def seen(workers):
    """What each model, its copy and its mutants gave, asked once."""
    ask = workers["torch"].run
    return {name: ask("tests.unit.models.application_models", "looked_at", name=name) for name in FAMILIES}


@pytest.mark.parametrize("name", FAMILIES)
def test_a_model_is_described_with_all_its_weights(seen, name):
    """The graph of the model holds as many weights as Keras counts."""
    assert seen[name]["weights"]


@pytest.mark.parametrize("name", FAMILIES)
def test_a_model_is_equal_to_itself_under_other_names(seen, name):
    """The model rebuilt from its config, no layer under its old name, is the same model."""
    assert ([], True) == (seen[name]["names"], seen[name]["renamed"])


@pytest.mark.parametrize("name", sorted(WITH_SKIPS))
def test_a_skip_taken_out_is_the_only_difference(seen, name):
    """One sum taken out gives one difference, at that sum."""
    (told,) = seen[name]["cut"]
    assert (False, True, ["missing-layer"]) == (told["equivalent"], told["there"], told["kinds"])


def test_families_without_sums_have_no_skip_to_take_out(seen):
    """A sum of a tensor with what was made of it is found in every family that has one."""
    assert set(FAMILIES) - WITH_SKIPS == {name for name in FAMILIES if not seen[name]["cut"]}


@pytest.mark.parametrize("name", FAMILIES)
def test_one_more_unit_is_the_only_difference(seen, name):
    """One more unit or filter, in the middle or at the end, gives one difference, at that layer."""
    told = [(one["equivalent"], one["there"], one["kinds"]) for one in seen[name]["widened"]]
    assert [(False, True, ["wrong-config"])] * 2 == told


def test_no_two_models_are_the_same(seen, workers):
    """No two models have the same steps in their normal forms."""
    graphs = {name: found["graph"] for name, found in seen.items()}
    assert [] == workers["torch"].run("tests.unit.models.application_models", "alike", graphs=graphs)
