"""A model for every layer and setting of Keras that can be saved, built in a worker process, saved and read back."""

import inspect
import json
import tempfile
from pathlib import Path

import keras
from keras import layers, ops

from grader.models.describe import describe
from grader.models.files import read_file

FLAT, SEQUENCE, IMAGE, VOLUME = (8,), (6, 4), (8, 8, 3), (6, 6, 6, 2)
SPACES = {"1D": SEQUENCE, "2D": IMAGE, "3D": VOLUME}
WORDS = ["water", "pipe", "tap"]

# Not built: their code or weights are not Keras's, they are bases of others, or no layers at all.
REFUSED = {"Lambda", "FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper"}
ABSTRACT = {"Layer", "Wrapper", "InputSpec"}
UNUSABLE = {"Equalization"}  # Keras 3.15 cannot call it on a keras.Input
MERGES = {"Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract", "Concatenate"}
CELLS = {"GRUCell", "LSTMCell", "SimpleRNNCell", "StackedRNNCells"}

# Arguments, and the shape of what the layer is called on, where the rules of ``_plan`` do not say them.
ARGUMENTS = {
    "Activation": (("tanh",), FLAT),
    "ActivityRegularization": ((0.1,), FLAT),
    "AugMix": ((), IMAGE),
    "CategoryEncoding": ((5,), (3,)),
    "CenterCrop": ((4, 4), IMAGE),
    "Dense": ((3,), FLAT),
    "Discretization": (([0.0, 1.0],), FLAT),
    "Embedding": ((10, 4), (5,)),
    "EinsumDense": (("ab,bc->ac", 3), FLAT),
    "ReversibleEmbedding": ((10, 4), (5,)),
    "GroupNormalization": ((2,), FLAT),
    "Hashing": ((7,), FLAT),
    "Masking": ((0.0,), SEQUENCE),
    "MelSpectrogram": ((), (16000,)),
    "Permute": (((2, 1),), SEQUENCE),
    "RepeatVector": ((3,), FLAT),
    "Rescaling": ((0.5,), FLAT),
    "Reshape": (((2, 4),), FLAT),
    "Resizing": ((4, 4), IMAGE),
    "STFTSpectrogram": ((), (16000, 1)),
    "Softmax": ((), FLAT),
    "UnitNormalization": ((), FLAT),
    "PReLU": ((), FLAT),
    "RandomCrop": ((4, 4), IMAGE),
    "RandomErasing": ((), IMAGE),
    "RandomSaturation": ((0.5,), IMAGE),
    "RandomHue": ((0.5,), IMAGE),
    "RandomColorDegeneration": ((0.5,), IMAGE),
    "RandomContrast": ((0.5,), IMAGE),
    "RandomBrightness": ((0.5,), IMAGE),
    "RandomPosterization": ((4,), IMAGE),
    "RandomRotation": ((0.5,), IMAGE),
    "RandomSharpness": ((0.5,), IMAGE),
    "RandomTranslation": ((0.5, 0.5), IMAGE),
    "RandomZoom": ((0.5,), IMAGE),
    "RandAugment": ((), IMAGE),
    "RandomGaussianBlur": ((), IMAGE),
    "GaussianNoise": ((0.1,), FLAT),
    "AlphaDropout": ((0.1,), FLAT),
    "GaussianDropout": ((0.1,), FLAT),
    "Dropout": ((0.1,), FLAT),
    "SpatialDropout1D": ((0.1,), SEQUENCE),
    "SpatialDropout2D": ((0.1,), IMAGE),
    "SpatialDropout3D": ((0.1,), VOLUME),
    "SimpleRNN": ((3,), SEQUENCE),
    "GRU": ((3,), SEQUENCE),
    "LSTM": ((3,), SEQUENCE),
    "ConvLSTM1D": ((2, 3), (4, *SEQUENCE)),
    "ConvLSTM2D": ((2, 3), (4, *IMAGE)),
    "ConvLSTM3D": ((2, 3), (4, *VOLUME)),
}


def _one(layer, shape, dtype="float32"):
    x = keras.Input(shape, dtype=dtype)
    return keras.Model(x, layer(x))


def _twice(layer, shape, **keywords):
    x = keras.Input(shape)
    return keras.Model(x, layer(x, x, **keywords))


def _boxes(layer):
    x = {"boxes": keras.Input((4, 4)), "labels": keras.Input((4,))}
    return keras.Model(x, layer(x))


SPECIAL = {
    "AdditiveAttention": lambda: _one_of_two(layers.AdditiveAttention()),
    "Attention": lambda: _one_of_two(layers.Attention(use_scale=True)),
    "Bidirectional": lambda: _one(layers.Bidirectional(layers.LSTM(3)), SEQUENCE),
    "CutMix": lambda: _one(layers.CutMix(), IMAGE),
    "Dot": lambda: _merged(layers.Dot(1), FLAT),
    "GroupQueryAttention": lambda: _twice(layers.GroupQueryAttention(3, 4, 2), SEQUENCE),
    "HashedCrossing": lambda: _merged(layers.HashedCrossing(5), (), "int32"),
    "InputLayer": lambda: keras.Sequential([layers.InputLayer((4,)), layers.Dense(2)]),
    "IntegerLookup": lambda: _one(layers.IntegerLookup(vocabulary=[10**12, 7]), (3,), "int64"),
    "MaxNumBoundingBoxes": lambda: _boxes(layers.MaxNumBoundingBoxes(3)),
    "MixUp": lambda: _one(layers.MixUp(), IMAGE),
    "MultiHeadAttention": lambda: _twice(layers.MultiHeadAttention(2, 3), SEQUENCE, use_causal_mask=True),
    "Normalization": lambda: _one(layers.Normalization(mean=1.0, variance=2.0), FLAT),
    "Pipeline": lambda: _one(layers.Pipeline([layers.Rescaling(0.5), layers.RandomFlip()]), IMAGE),
    "RNN": lambda: _one(
        layers.RNN(layers.StackedRNNCells([layers.GRUCell(3), layers.LSTMCell(2)])), SEQUENCE
    ),
    "SpectralNormalization": lambda: _one(layers.SpectralNormalization(layers.Dense(3)), FLAT),
    "StringLookup": lambda: _one(layers.StringLookup(vocabulary=WORDS), (3,), "string"),
    "TextVectorization": lambda: _one(layers.TextVectorization(vocabulary=WORDS), (), "string"),
    "TimeDistributed": lambda: _one(layers.TimeDistributed(layers.Dense(3)), SEQUENCE),
}


def _one_of_two(layer):
    x = keras.Input(SEQUENCE)
    return keras.Model(x, layer([x, x]))


def _merged(layer, shape, dtype="float32"):
    a, b = keras.Input(shape, dtype=dtype), keras.Input(shape, dtype=dtype)
    return keras.Model([a, b], layer([a, b]))


def _model_of(name):
    """Build a model around the layer of that name."""
    kind = getattr(layers, name)
    if name in SPECIAL:
        return SPECIAL[name]()
    if name in MERGES:
        return _merged(kind(), FLAT)
    if name in CELLS:
        cell = kind([layers.GRUCell(3)]) if name == "StackedRNNCells" else kind(3)
        return _one(layers.RNN(cell), SEQUENCE)
    if name in ARGUMENTS:
        arguments, shape = ARGUMENTS[name]
        return _one(kind(*arguments), shape)
    shape = next((SPACES[size] for size in SPACES if size in name), IMAGE)
    for arguments in ((), (2,), (2, 2)):
        try:
            return _one(kind(*arguments), shape)
        except TypeError:
            continue
    raise ValueError(f"no rule says how {name} is built")


def exported_layers():
    """Return the name of every layer that Keras exports and that can be a step of a saved model."""
    found = {name for name in dir(layers) if inspect.isclass(getattr(layers, name))}
    return sorted(found - REFUSED - ABSTRACT - UNUSABLE)


def exported(module):
    """Return every class that a module of Keras exports, under its main name, but the abstract ones."""
    home = getattr(keras, module)
    classes = {value for value in vars(home).values() if inspect.isclass(value)}
    bases = {"Initializer", "Regularizer", "Constraint", "Quantizer", "QuantizationConfig"}
    return sorted({value.__name__ for value in classes} - bases)


def _settings():
    """Models that hold each initializer, regularizer, constraint, activation and dtype policy once."""
    x = keras.Input((4,))
    outputs = []
    for name in exported("initializers"):
        if name not in ("STFT", "STFTInitializer"):
            scale = {"Constant": (2.0,)}.get(name, ())
            outputs.append(layers.Dense(4, kernel_initializer=getattr(keras.initializers, name)(*scale))(x))
    outputs += [
        layers.Dense(4, kernel_regularizer=getattr(keras.regularizers, name)(0.1))(x) for name in ("L1", "L2")
    ]
    outputs.append(layers.Dense(4, kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2))(x))
    outputs.append(layers.Dense(4, kernel_regularizer=keras.regularizers.OrthogonalRegularizer())(x))
    outputs += [
        layers.Dense(4, kernel_constraint=getattr(keras.constraints, name)())(x)
        for name in exported("constraints")
    ]
    plain = {"deserialize", "get", "serialize"}
    for name in sorted(set(dir(keras.activations)) - plain):
        function = getattr(keras.activations, name)
        if inspect.isfunction(function) and name != "glu":
            outputs.append(layers.Activation(function)(layers.Dense(4)(x)) if name != "threshold" else x)
    for policy in ("float16", "bfloat16", "mixed_float16", "mixed_bfloat16", "float64"):
        outputs.append(layers.Dense(4, dtype=policy)(x))
    outputs.append(layers.Dense(4, activation=layers.LeakyReLU())(x))
    return keras.Model(x, outputs)


def _operations():
    x, y = keras.Input((4,), name="x"), keras.Input((3, 4), name="y")
    masked = ops.where(x > 0, x, -float("inf"))
    outputs = {
        "arithmetic": 10**11 - x * 2 + ops.ones((4,)),
        "slice": x[:, None, ..., 1:3],
        "masked": masked,
        "joined": ops.concatenate([y, ops.expand_dims(x, 1)], axis=1),
        "norm": ops.norm(x, axis=-1),
        "resized": ops.image.resize(ops.reshape(y, (-1, 3, 4, 1)), (6, 8)),
        "cast": ops.cast(x, "int32"),
        "top": ops.top_k(x, 2)[0],
        "split": ops.split(x, 2, axis=-1)[1],
        "matmul": y @ ops.transpose(y, (0, 2, 1)),
        "einsum": ops.einsum("bij,bj->bi", y, x),
        "softmax": ops.softmax(x),
        "leaky": keras.activations.relu(x, negative_slope=0.1),
    }
    return keras.Model({"x": x, "y": y}, outputs)


def _nested():
    x = keras.Input((5,), dtype="int32")
    encoder = keras.Sequential([layers.Embedding(10, 4, mask_zero=True), layers.LSTM(3)], name="encoder")
    shared = layers.Dense(3, name="shared")
    a = shared(shared(encoder(x)))
    inner = keras.Model(x, {"a": a, "deep": [a, (a + 1, 2 * a)]})
    inner.compile("adam", "mse")
    y = keras.Input((5,), dtype="int32")
    found = inner(y)
    return keras.Model([y], [found["a"], found["deep"]])


def _deep():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(4)])
    for _ in range(12):
        model = keras.Sequential([keras.Input((4,)), model])
    return model


def _long():
    x = keras.Input((4,))
    y = x
    for _ in range(300):
        y = layers.Dense(4, use_bias=False)(y)
    return keras.Model(x, y)


def _built(model):
    model.build((None, 4))
    return model


def _quantized():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(4)])
    model.quantize("int8")
    return model


OTHERS = {
    "settings": _settings,
    "operations": _operations,
    "nested models": _nested,
    "thirteen levels": _deep,
    "three hundred layers": _long,
    "a quantized dense layer": _quantized,
    "a policy map": lambda: _one(layers.Dense(2, dtype=keras.dtype_policies.DTypePolicyMap()), FLAT),
    "Sequential without Input": lambda: _built(keras.Sequential([layers.Dense(3), layers.Dense(2)])),
}


def refused():
    """Return each of these models that is not read back as it was, with what was said or what differs."""
    wrong = {}
    makers = {name: (lambda name=name: _model_of(name)) for name in exported_layers()} | OTHERS
    for name, make in makers.items():
        difference = _difference(make())
        if difference:
            wrong[name] = difference
    return wrong


def _difference(model):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        found = read_file(path)
    if "error" in found:
        return found["error"]
    expected = json.loads(describe(model).graph.to_json())
    return ", ".join(part for part in expected if expected[part] != found["graph"][part])
