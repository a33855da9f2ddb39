"""The only package that imports Keras: reading models, collecting evidence, answering challenges.

``collect`` names the module here, so that ``import grader.models.collect`` gives what it says.
"""

from grader.models import collect
from grader.models.describe import Described, describe, describe_tensors, make_inputs
from grader.models.probe import borrowed_weights, run_model

__all__ = [
    "Described",
    "borrowed_weights",
    "collect",
    "describe",
    "describe_tensors",
    "make_inputs",
    "run_model",
]
