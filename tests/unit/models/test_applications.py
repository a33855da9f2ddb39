"""The models of ``keras.applications``: one of each family on PyTorch, a few elsewhere, all in ``make bench``."""

import pytest

from tests.unit.models.families import ELSEWHERE, FAMILIES

pytestmark = [pytest.mark.backends, pytest.mark.slow]

MODELS = [("torch", name) for name in FAMILIES]
MODELS += [(backend, name) for backend in ("tensorflow", "jax") for name in ELSEWHERE]
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
def looked_at(workers):
    """Ask what a model, its copy and its mutants gave, once for each model and backend."""
    seen = {}

    def ask(backend, name):
        if (backend, name) not in seen:
            module = "tests.unit.models.application_models"
            seen[backend, name] = workers[backend].run(module, "looked_at", name=name)
        return seen[backend, name]

    return ask


@pytest.mark.parametrize(("backend", "name"), MODELS)
def test_a_model_is_described_with_all_its_weights(looked_at, backend, name):
    """The graph of the model holds as many weights as Keras counts."""
    assert looked_at(backend, name)["weights"]


@pytest.mark.parametrize(("backend", "name"), MODELS)
def test_a_model_is_equal_to_itself_under_other_names(looked_at, backend, name):
    """The model rebuilt from its config, no layer under its old name, is the same model."""
    seen = looked_at(backend, name)
    assert ([], True) == (seen["names"], seen["renamed"])


@pytest.mark.parametrize(("backend", "name"), [(b, n) for b, n in MODELS if n in WITH_SKIPS])
def test_a_skip_taken_out_is_the_only_difference(looked_at, backend, name):
    """One sum taken out gives one difference, at that sum."""
    (told,) = looked_at(backend, name)["cut"]
    assert (False, True, ["missing-layer"]) == (told["equivalent"], told["there"], told["kinds"])


def test_families_without_sums_have_no_skip_to_take_out(looked_at):
    """A sum of a tensor with what was made of it is found in every family that has one."""
    without = {name for name in FAMILIES if not looked_at("torch", name)["cut"]}
    assert set(FAMILIES) - WITH_SKIPS == without


@pytest.mark.parametrize(("backend", "name"), MODELS)
def test_one_more_unit_is_the_only_difference(looked_at, backend, name):
    """One more unit or filter, in the middle or at the end, gives one difference, at that layer."""
    told = [(one["equivalent"], one["there"], one["kinds"]) for one in looked_at(backend, name)["widened"]]
    assert [(False, True, ["wrong-config"])] * 2 == told


def test_no_two_models_are_the_same(looked_at, workers):
    """Every model is compared with every other, and something differs."""
    graphs = {name: looked_at("torch", name)["graph"] for name in FAMILIES}
    found = workers["torch"].run("tests.unit.models.application_models", "told_apart", graphs=graphs)
    assert ([], 78) == (found["alike"], found["pairs"])


def test_the_one_model_that_pytorch_cannot_build_is_found(looked_at):
    """What Keras refuses to build on a backend is told from what is built."""
    assert looked_at("torch", "NASNetMobile") is None
