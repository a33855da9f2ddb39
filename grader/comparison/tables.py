"""Fixed numbers of a class of one's own: weights are exchanged before models are run, so these are never compared."""

from __future__ import annotations

from grader.graph import ModelGraph

__all__ = ["fixed_tables"]


def fixed_tables(graph: ModelGraph) -> tuple[str, ...]:
    """Name the weights that no training changes and that a class of the student's own holds by itself.

    Those of Keras's layers, the statistics of a BatchNormalization among them, begin alike in every model.
    """
    of_keras = {weight for layer in graph.layers if layer.origin != "custom" for weight in layer.weights}
    return tuple(
        f"{graph.weights[weight].name!r} of {layer.class_name}"
        for layer in graph.layers
        if layer.origin == "custom" and layer.trainable
        for weight in layer.weights
        if weight not in of_keras and not graph.weights[weight].trainable
    )
