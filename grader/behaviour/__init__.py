"""Do two models that are written differently compute the same? What to ask them, and what their answers say.

``drawing`` draws weights and inputs for a graph, ``weight_maps`` says which weight of the student may stand
for which of the reference's, ``agreement`` compares what came out. Nothing here runs a model.
"""

from grader.behaviour.agreement import Agreement, agree, least_spread
from grader.behaviour.drawing import DRAWS, STRENGTHS, Drawn, draw, weakened
from grader.behaviour.weight_maps import may_be_one_function, weight_maps

__all__ = [
    "DRAWS",
    "STRENGTHS",
    "Agreement",
    "Drawn",
    "agree",
    "draw",
    "least_spread",
    "may_be_one_function",
    "weakened",
    "weight_maps",
]
