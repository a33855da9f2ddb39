"""Saved compile states, as they are written and tampered with; each function runs in a worker process."""

import json
import tempfile
import zipfile
from pathlib import Path

import keras
from keras import layers

from grader.models.files import read_file
from grader.models.lazy_tensorflow import tensorflow_not_imported


def _model():
    x = keras.Input((4,))
    model = keras.Model(x, {"digit": layers.Dense(3, "softmax")(x), "box": layers.Dense(2)(x)})
    rate = keras.optimizers.schedules.CosineDecay(1e-3, 10)
    losses = {"digit": keras.losses.SparseCategoricalCrossentropy(), "box": "mse"}
    model.compile(keras.optimizers.SGD(rate, momentum=0.9), loss=losses, loss_weights={"digit": 1, "box": 5})
    return model


def read_back(**changes):
    """Save a compiled model, change entries of its compile state, and read the file.

    Returns the compile record, the number of layer calls, and the settings of Keras that a call could change.
    """
    with tempfile.TemporaryDirectory() as folder, tensorflow_not_imported():  # saving would import it
        path, tampered = Path(folder) / "model.keras", Path(folder) / "tampered.keras"
        _model().save(path)
        with zipfile.ZipFile(path) as given, zipfile.ZipFile(tampered, "w") as made:
            for name in given.namelist():
                content = given.read(name)
                if name == "config.json":
                    config = json.loads(content)
                    config["compile_config"].update(changes)
                    content = json.dumps(config)
                made.writestr(name, content)
        graph = read_file(tampered)["graph"]
    return [graph["compiled"], len(graph["calls"]), keras.config.floatx()]
