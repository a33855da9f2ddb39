"""Write down what Keras's layers take, and what they choose by themselves: ``python -m scripts.layer_defaults``.

``grader/layer_defaults.json`` is read where Keras is not imported. A test holds it against the Keras installed.
"""

from __future__ import annotations

import inspect
import json
from typing import Any

from grader.keras_names import CLASSES
from grader.layer_settings import DEFAULTS_FILE

__all__ = ["defaults", "main"]


def defaults() -> dict[str, list[Any]]:
    """Return for each layer class what its constructor needs, in order, and what it takes by default."""
    import keras

    found = {}
    for name in sorted(CLASSES["keras.layers"]):
        layer = getattr(keras.layers, name, None)
        if layer is not None and layer.__name__ == name:  # an alias is described by its own name
            found[name] = _of(layer)
    return found


def _of(layer: type) -> list[Any]:
    """Read a constructor; JSON has lists where Python has tuples."""
    taken = inspect.signature(layer).parameters.values()
    named = [one for one in taken if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    needed = [one.name for one in named if one.default is one.empty]
    rest = {one.name: _in_full(one) for one in named if one.default is not one.empty}
    return json.loads(json.dumps([needed, rest]))  # type: ignore[no-any-return]


def _in_full(taken: inspect.Parameter) -> Any:
    """Return a default, an initializer by the name of its class: "uniform" is short for ``RandomUniform``."""
    import keras

    if taken.name.endswith("_initializer") and isinstance(taken.default, str):
        return type(keras.initializers.get(taken.default)).__name__
    return taken.default


def main() -> None:
    """Write the file, a class a line."""
    lines = [f"{json.dumps(name)}: {json.dumps(taken)}" for name, taken in defaults().items()]
    DEFAULTS_FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
