import pytest

pytestmark = pytest.mark.backends


@pytest.mark.parametrize("model", ["residual_add", "residual_model", "recurrent"])
def test_collecting_is_cheap(worker, model):
    """Collecting evidence on a built model takes less than 0.2 s of processor time."""
    assert worker.run("collecting_cost", model=model) < 0.2
