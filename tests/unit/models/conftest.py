"""Ask the functions of ``facts.py`` in a backend's process."""

import pytest

from grader.graph import ModelGraph
from tests.backends.worker import Worker, Workers

BACKENDS = ("tensorflow", "jax", "torch")


class Facts:
    """The functions of ``facts.py`` on one backend."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self.backend = worker.backend

    def run(self, fact: str, **arguments: object) -> object:
        """Run one function of ``facts.py`` there and return its JSON result."""
        return self._worker.run("tests.unit.models.facts", fact, **arguments)

    def graph(self, model: str) -> ModelGraph:
        """Describe one of the models of ``student_work.py`` there."""
        return ModelGraph.from_json(self.run("graph", model=model))


@pytest.fixture(params=BACKENDS)
def worker(request: pytest.FixtureRequest, workers: Workers) -> Facts:
    """Run the test once on each backend."""
    return Facts(workers[request.param])


@pytest.fixture
def backends(workers: Workers) -> dict[str, Facts]:
    """Every backend by name, to compare what they say."""
    return {backend: Facts(workers[backend]) for backend in BACKENDS}


@pytest.fixture
def one_worker(workers: Workers) -> Facts:
    """Run the test on one backend, where another test already holds the backends equal."""
    return Facts(workers["torch"])
