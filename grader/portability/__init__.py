"""Whether a model computes the same on TensorFlow, JAX and PyTorch."""

from grader.portability.ask import LEVELS, parity, parity_of_file
from grader.portability.check import BACKENDS
from grader.portability.records import LayerGap, ParityReport, ParityRow

__all__ = ["BACKENDS", "LEVELS", "LayerGap", "ParityReport", "ParityRow", "parity", "parity_of_file"]
