"""Encoders and decoders on one graph: nested, flat, subclassed, taken out again and used elsewhere."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()
UNIT = "07_autoencoders"


def _dense_autoencoder() -> keras.Model:
    x = keras.Input((20,))
    h = layers.Dense(8, activation="relu")(x)
    code = layers.Dense(2)(h)
    d = layers.Dense(8, activation="relu")(code)
    return keras.Model(x, layers.Dense(20, activation="sigmoid")(d))


def _reconstruction_and_code() -> keras.Model:
    x = keras.Input((20,))
    code = layers.Dense(3, activation="tanh")(x)
    return keras.Model(x, [layers.Dense(20)(code), code])


@PAIRS.accepted(UNIT)
def encoder_and_decoder_as_two_models():
    """Encoder and decoder are Functional models, and the whole is one called on the other's result."""

    def student():
        image = keras.Input((20,), name="image")
        encoder = keras.Model(image, layers.Dense(2)(layers.Dense(8, activation="relu")(image)))
        code = keras.Input((2,), name="code")
        decoder = keras.Model(
            code, layers.Dense(20, activation="sigmoid")(layers.Dense(8, activation="relu")(code))
        )
        return keras.Model(image, decoder(encoder(image)))

    return student, _dense_autoencoder


@PAIRS.accepted(UNIT)
def encoder_and_decoder_in_a_sequence():
    """Two Sequential models stand in a third one."""

    def student():
        encoder = keras.Sequential([layers.Dense(8), layers.ReLU(), layers.Dense(2)], name="encoder")
        decoder = keras.Sequential([layers.Dense(8), layers.ReLU(), layers.Dense(20)], name="decoder")
        return keras.Sequential([keras.Input((20,)), encoder, decoder, layers.Activation("sigmoid")])

    return student, _dense_autoencoder


@PAIRS.accepted(UNIT)
def autoencoder_as_a_class_with_two_methods():
    """A subclassed model whose call goes through its own encode and decode methods."""

    class Autoencoder(keras.Model):
        def __init__(self, width, size):
            super().__init__()
            self.encoder_layers = [layers.Dense(width, activation="relu"), layers.Dense(size)]
            self.hidden = layers.Dense(width, activation="relu")
            self.out = layers.Dense(20)

        def encode(self, x):
            for layer in self.encoder_layers:
                x = layer(x)
            return x

        def decode(self, code):
            return ops.sigmoid(self.out(self.hidden(code)))

        def call(self, x):
            return self.decode(self.encode(x))

    def student():
        model = Autoencoder(8, 2)
        model(keras.Input((20,)))
        return model

    return student, _dense_autoencoder


@PAIRS.accepted(UNIT)
def code_taken_from_the_middle_by_name():
    """The second output is the tensor of a layer found by name in the finished autoencoder."""

    def student():
        whole = keras.Sequential(
            [keras.Input((20,)), layers.Dense(3, name="code"), layers.Activation("tanh"), layers.Dense(20)]
        )
        return keras.Model(whole.inputs, [whole.outputs[0], whole.get_layer(index=1).output])

    return student, _reconstruction_and_code


@PAIRS.accepted(UNIT)
def three_models_on_one_graph():
    """Encoder, decoder and whole are three models; the one handed in calls them again on a new input."""

    def student():
        x = keras.Input((20,))
        encoder = keras.Model(x, layers.Dense(3, activation="tanh")(x))
        code = keras.Input((3,))
        decoder = keras.Model(code, layers.Dense(20)(code))
        autoencoder = keras.Model(encoder.input, decoder(encoder.output))
        again = keras.Input((20,))
        return keras.Model(again, [autoencoder(again), encoder(again)])

    def reference():
        x = keras.Input((20,))
        layer, back = layers.Dense(3, activation="tanh"), layers.Dense(20)
        code = layer(x)
        return keras.Model(x, [back(layer(x)), code])

    return student, reference


@PAIRS.accepted(UNIT)
def submodel_made_to_look_at_and_not_returned():
    """On the way the learner makes a model of the code and a third head, looks at them, and drops them."""

    def student():
        x = keras.Input((20,))
        code = layers.Dense(3, activation="tanh")(x)
        keras.Model(x, code, name="look").count_params()
        _trial = layers.Dense(2, activation="softmax")(code)
        return keras.Model(x, [layers.Dense(20)(code), code])

    return student, _reconstruction_and_code


@PAIRS.accepted(UNIT)
def convolutional_mirror_made_by_loops():
    """Filters come from a list that the decoder walks backwards; UpSampling2D with its defaults said aloud."""

    def reference():
        x = keras.Input((16, 16, 1))
        y = layers.MaxPooling2D(padding="same")(layers.Conv2D(4, 3, padding="same", activation="relu")(x))
        y = layers.MaxPooling2D(padding="same")(layers.Conv2D(2, 3, padding="same", activation="relu")(y))
        y = layers.UpSampling2D()(layers.Conv2D(2, 3, padding="same", activation="relu")(y))
        y = layers.UpSampling2D()(layers.Conv2D(4, 3, padding="same", activation="relu")(y))
        return keras.Model(x, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(y))

    def student():
        filters = [4, 2]
        model = keras.Sequential()
        model.add(keras.Input(shape=(16, 16, 1)))
        for number in filters:
            model.add(layers.Conv2D(number, (3, 3), activation="relu", padding="same"))
            model.add(layers.MaxPool2D((2, 2), strides=(2, 2), padding="same"))
        for number in reversed(filters):
            model.add(layers.Conv2D(number, (3, 3), activation="relu", padding="same"))
            model.add(layers.UpSampling2D(size=(2, 2), interpolation="nearest"))
        model.add(layers.Conv2D(1, (3, 3), activation=keras.activations.sigmoid, padding="same"))
        return model

    return student, reference


@PAIRS.accepted(UNIT)
def transposed_convolutions_after_an_inferred_reshape():
    """The decoder reshapes with a -1, the encoder flattens with a -1."""

    def reference():
        x = keras.Input((8, 8, 1))
        y = layers.Conv2D(3, 3, strides=2, padding="same", activation="relu")(x)
        code = layers.Dense(5)(layers.Flatten()(y))
        y = layers.Reshape((4, 4, 3))(layers.Dense(48, activation="relu")(code))
        return keras.Model(x, layers.Conv2DTranspose(1, 3, strides=2, padding="same")(y))

    def student():
        x = keras.Input((8, 8, 1))
        y = layers.Conv2D(3, (3, 3), (2, 2), "same")(x)
        y = layers.Reshape((-1,))(ops.relu(y))
        code = layers.Dense(5, name="bottleneck")(y)
        y = ops.reshape(layers.Dense(4 * 4 * 3, activation="relu")(code), (-1, 4, 4, 3))
        return keras.Model(x, layers.Conv2DTranspose(1, (3, 3), (2, 2), padding="same")(y))

    return student, reference


@PAIRS.accepted(UNIT)
def u_net_with_a_stack_of_skips():
    """A U-Net: skips are pushed and popped, and concatenated before the upsampled tensor."""

    def reference():
        x = keras.Input((8, 8, 1))
        a = layers.Conv2D(2, 3, padding="same", activation="relu")(x)
        b = layers.Conv2D(4, 3, padding="same", activation="relu")(layers.MaxPooling2D()(a))
        c = layers.Conv2D(8, 3, padding="same", activation="relu")(layers.MaxPooling2D()(b))
        d = layers.Concatenate()([layers.Conv2DTranspose(4, 2, strides=2)(c), b])
        d = layers.Conv2D(4, 3, padding="same", activation="relu")(d)
        e = layers.Concatenate()([layers.Conv2DTranspose(2, 2, strides=2)(d), a])
        e = layers.Conv2D(2, 3, padding="same", activation="relu")(e)
        return keras.Model(x, layers.Conv2D(1, 1, activation="sigmoid")(e))

    def student():
        def conv(t, filters):
            return layers.Activation("relu")(layers.Conv2D(filters, 3, padding="same")(t))

        inputs = t = keras.Input((8, 8, 1))
        skips = []
        for filters in (2, 4):
            t = conv(t, filters)
            skips.append(t)
            t = layers.MaxPooling2D(2)(t)
        t = conv(t, 8)
        for filters in (4, 2):
            t = layers.Conv2DTranspose(filters, 2, 2)(t)
            t = conv(layers.concatenate([skips.pop(), t]), filters)
        return keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(t))

    return student, reference


@PAIRS.accepted(UNIT)
def sequence_autoencoder_with_dense_on_every_step():
    """RepeatVector and a GRU; Dense on three axes where the reference wraps it in TimeDistributed."""

    def reference():
        x = keras.Input((9, 3))
        y = layers.RepeatVector(9)(layers.GRU(4)(x))
        y = layers.GRU(5, return_sequences=True)(y)
        return keras.Model(x, layers.TimeDistributed(layers.Dense(3))(y))

    def student():
        x = keras.Input((9, 3))
        code = layers.GRU(4, name="code")(x)
        y = layers.GRU(5, return_sequences=True)(layers.RepeatVector(n=x.shape[1])(code))
        return keras.Model(x, layers.Dense(3)(y))

    return student, reference


@PAIRS.accepted(UNIT)
def denoiser_with_noise_inside():
    """GaussianNoise stands before the encoder in both, and Dropout as well; seeds are named by one of them."""

    def reference():
        x = keras.Input((16,))
        y = layers.Dropout(0.1)(layers.GaussianNoise(0.3)(x))
        return keras.Model(x, layers.Dense(16)(layers.Dense(6, activation="elu")(y)))

    def student():
        corrupt = keras.Sequential([layers.GaussianNoise(stddev=0.3, seed=1), layers.Dropout(0.1, seed=2)])
        x = keras.Input((16,))
        y = layers.Dense(6)(corrupt(x))
        return keras.Model(x, layers.Dense(16)(layers.ELU()(y)))

    return student, reference


class Sampling(layers.Layer):
    """Draw a code from its mean and log-variance; handed to learners."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(1)

    def call(self, inputs):
        mean, log_variance = inputs
        noise = keras.random.normal(ops.shape(mean), seed=self.seed_generator)
        return mean + ops.exp(0.5 * log_variance) * noise


@PAIRS.accepted(UNIT)
def variational_with_the_given_sampling_layer():
    """The Sampling layer is given; encoder and decoder are nested in one and flat in the other."""

    def reference():
        x = keras.Input((12,))
        h = layers.Dense(6, activation="relu")(x)
        mean, spread = layers.Dense(2)(h), layers.Dense(2)(h)
        code = Sampling()([mean, spread])
        return keras.Model(x, [layers.Dense(12, activation="sigmoid")(code), mean, spread])

    def student():
        x = keras.Input((12,))
        h = layers.Dense(6, activation="relu")(x)
        outputs = [layers.Dense(2, name=name)(h) for name in ("z_mean", "z_log_var")]
        encoder = keras.Model(x, [*outputs, Sampling(name="z")(outputs)], name="encoder")
        decoder = keras.Sequential([keras.Input((2,)), layers.Dense(12, activation="sigmoid")])
        mean, spread, code = encoder(x)
        return keras.Model(x, [decoder(code), mean, spread])

    return student, reference


@PAIRS.accepted(UNIT)
def three_decoders_on_one_encoder():
    """Reconstruction, mask and embedding: one encoder model is called once per task by one of them."""

    def reference():
        x = keras.Input((8, 8, 1))
        code = layers.Flatten()(layers.Conv2D(2, 3, strides=2, activation="relu")(x))
        picture = layers.Reshape((8, 8, 1))(layers.Dense(64, activation="sigmoid")(code))
        mask = layers.Reshape((8, 8, 1))(layers.Dense(64, activation="sigmoid")(code))
        embedding = layers.UnitNormalization()(layers.Dense(4)(code))
        return keras.Model(x, {"picture": picture, "mask": mask, "embedding": embedding})

    def student():
        encoder = keras.Sequential(
            [keras.Input((8, 8, 1)), layers.Conv2D(2, 3, 2, activation="relu"), layers.Flatten()]
        )

        def to_image():
            return keras.Sequential([layers.Dense(64, activation="sigmoid"), layers.Reshape((8, 8, 1))])

        x = keras.Input((8, 8, 1))
        code = encoder(x)
        heads = {
            "embedding": keras.Sequential([layers.Dense(4), layers.UnitNormalization(axis=-1)]),
            "mask": to_image(),
            "picture": to_image(),
        }
        return keras.Model(x, {name: head(code) for name, head in heads.items()})

    return student, reference


@PAIRS.accepted(UNIT)
def two_towers_with_a_normalising_dot():
    """Image and text towers: Dot(normalize=True) against UnitNormalization and a plain Dot."""

    def reference():
        image, words = keras.Input((8, 8, 1)), keras.Input((6,), dtype="int32")
        a = layers.Dense(4)(layers.GlobalAveragePooling2D()(layers.Conv2D(3, 3, activation="relu")(image)))
        b = layers.Dense(4)(layers.GlobalAveragePooling1D()(layers.Embedding(20, 5)(words)))
        a, b = layers.UnitNormalization()(a), layers.UnitNormalization()(b)
        return keras.Model([image, words], layers.Dot(axes=1)([a, b]))

    def student():
        see = keras.Sequential(
            [layers.Conv2D(3, 3, activation="relu"), layers.GlobalAveragePooling2D(), layers.Dense(4)]
        )
        read = keras.Sequential([layers.Embedding(20, 5), layers.GlobalAveragePooling1D(), layers.Dense(4)])
        image, words = keras.Input((8, 8, 1)), keras.Input((6,), dtype="int32")
        return keras.Model([image, words], layers.Dot(axes=1, normalize=True)([see(image), read(words)]))

    return student, reference


@PAIRS.accepted(UNIT)
def distance_with_operands_the_other_way_round():
    """A Siamese pair on an encoder: abs(b - a) where the reference has abs(a - b)."""

    def reference():
        left, right = keras.Input((20,)), keras.Input((20,))
        encoder = keras.Sequential([keras.Input((20,)), layers.Dense(6, activation="relu")])
        gap = ops.abs(layers.Subtract()([encoder(left), encoder(right)]))
        return keras.Model([left, right], layers.Dense(1, activation="sigmoid")(gap))

    def student():
        left, right = keras.Input((20,), name="left"), keras.Input((20,), name="right")
        hidden = layers.Dense(6, activation="relu")
        first, second = hidden(left), hidden(right)
        return keras.Model([left, right], layers.Dense(1, activation="sigmoid")(abs(second - first)))

    return student, reference
