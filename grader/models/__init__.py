"""The only package that imports Keras: reading models, collecting evidence, answering challenges."""

from grader.models.collect import answer, collect, publish
from grader.models.describe import Described, describe, describe_tensors, make_inputs
from grader.models.probe import borrowed_weights, run_model

__all__ = [
    "Described",
    "answer",
    "borrowed_weights",
    "collect",
    "describe",
    "describe_tensors",
    "make_inputs",
    "publish",
    "run_model",
]
