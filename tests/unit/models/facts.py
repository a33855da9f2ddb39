"""What a worker can be asked to do; each function returns plain JSON values."""

import keras
import student_work

from grader.models import describe


def graph(model):
    """The graph's JSON, automatic names counted from the start."""
    keras.utils.clear_session(free_memory=False)
    return describe(student_work.MODELS[model]()).graph.to_json()
