"""No honest model is doubted because it was built again."""

import pytest

from tests.backends.worker import Workers
from tests.corpus.test_corpus import SETS

pytestmark = pytest.mark.backends

# A nested model that is frozen as a whole: its config says nothing of that, so it answers for itself.
UNCONFIRMED = {"teacher_and_pupil_side_by_side": "its config does not keep all that was described"}


@pytest.mark.parametrize("name", SETS)
def test_every_model_with_a_config_is_confirmed(workers: Workers, name: str) -> None:
    """What is built of a config is the model it came from, in whatever style that was written."""
    with workers.alone("torch") as worker:
        found = [
            pair
            for module in SETS[name]
            for pair in worker.run("tests.corpus.rebuilt", "confirmations_of", name=name, module=module)
        ]
    assert len(found) > 150
    assert [] == [(pair, said) for pair, said in found if said and UNCONFIRMED.get(pair) != said]
