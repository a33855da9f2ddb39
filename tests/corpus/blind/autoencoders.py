"""Encoders, decoders and what hangs between them."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()


def make_encoder() -> keras.Model:
    """Return the encoder of rows."""
    x = keras.Input((10,))
    return keras.Model(x, layers.Dense(3, name="code")(layers.Dense(6, activation="relu")(x)))


def make_decoder() -> keras.Model:
    """Return the decoder of rows."""
    z = keras.Input((3,))
    return keras.Model(z, layers.Dense(10, activation="sigmoid")(layers.Dense(6, activation="relu")(z)))


def autoencoder(noise=True) -> keras.Model:
    """Return a denoising autoencoder of rows."""
    x = keras.Input((10,))
    noisy = layers.GaussianNoise(0.1)(x) if noise else x
    return keras.Model(x, make_decoder()(make_encoder()(noisy)))


def with_code(rebuilt=False) -> keras.Model:
    """Return a model that gives the code and the reconstruction made of it."""
    x = keras.Input((10,))
    encode, decode = make_encoder(), make_decoder()
    code = encode(x)
    shown = make_encoder()(x) if rebuilt else code
    return keras.Model(x, {"code": shown, "reconstruction": decode(code)})


def conv_autoencoder(middle=layers.Conv2DTranspose) -> keras.Model:
    """Return a convolutional autoencoder that grows once by repeating and once by a transposed convolution."""
    image = keras.Input((8, 8, 1))
    h = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(image)
    h = layers.UpSampling2D(2)(layers.MaxPooling2D(2)(h))
    h = middle(4, 3, padding="same", activation="relu")(h)
    h = layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu")(h)
    return keras.Model(image, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(h))


def unet(maps_first=False) -> keras.Model:
    """Return a small U-Net with two shortcuts, which join the maps of equal size."""
    image = h = keras.Input((8, 8, 2))
    kept = []
    for _ in range(2):
        h = layers.Conv2D(4, 3, padding="same", activation="relu")(h)
        kept.append(h)
        h = layers.MaxPooling2D(2)(h)
    h = layers.Conv2D(6, 3, padding="same", activation="relu")(h)
    for maps in reversed(kept):
        h = layers.UpSampling2D(2)(h)
        h = layers.Concatenate()([maps, h] if maps_first else [h, maps])
        h = layers.Conv2D(4, 3, padding="same", activation="relu")(h)
    return keras.Model(image, layers.Conv2D(1, 1, activation="sigmoid")(h))


@PAIRS.accepted("07_autoencoders")
def one_long_graph():
    """Encoder and decoder are not models of their own but stretches of one graph."""

    def student():
        inputs = keras.Input(shape=(10,), name="row")
        h = layers.GaussianNoise(stddev=0.1)(inputs)
        for units, bend in [(6, "relu"), (3, None), (6, "relu")]:
            h = layers.Dense(units, activation=bend)(h)
        return keras.Model(inputs, ops.sigmoid(layers.Dense(10)(h)))

    return student, autoencoder


@PAIRS.accepted("07_autoencoders")
def code_read_from_the_graph():
    """The code is taken from inside the whole model by its layer, and the keys come in another order."""

    def student():
        x = keras.Input((10,))
        code = layers.Dense(3, name="code")(layers.Dense(6, activation="relu")(x))
        out = layers.Dense(10, activation="sigmoid")(layers.Dense(6, activation="relu")(code))
        whole = keras.Model(x, out)
        outputs = {"reconstruction": whole.output, "code": whole.get_layer("code").output}
        return keras.Model(whole.inputs[0], outputs)

    return student, with_code


@PAIRS.accepted("07_autoencoders")
def unet_with_the_maps_first():
    """The U-Net joins the kept maps first and the grown ones second, before a convolution each time."""
    return lambda: unet(maps_first=True), unet


@PAIRS.accepted("07_autoencoders")
def autoencoder_of_two_attributes():
    """A subclassed autoencoder has a Sequential encoder and decoder and grows by repeating."""

    class Auto(keras.Model):
        def __init__(self):
            super().__init__()
            self.encoder = keras.Sequential(
                [layers.Conv2D(4, 3, 2, padding="same", activation="relu"), layers.MaxPooling2D((2, 2))]
            )
            self.decoder = keras.Sequential(
                [
                    layers.Conv2DTranspose(4, 3, padding="same", activation="relu"),
                    layers.Conv2DTranspose(4, 3, 2, padding="same"),
                    layers.Activation("relu"),
                    layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
                ]
            )

        def call(self, image):
            code = self.encoder(image)
            return self.decoder(ops.repeat(ops.repeat(code, 2, axis=1), 2, axis=2))

    def student():
        model = Auto()
        model(ops.zeros((1, 8, 8, 1)))
        return model

    return student, conv_autoencoder


@PAIRS.accepted("07_autoencoders")
def two_towers_and_their_table():
    """All similarities of images and texts are a product of normalised vectors written with operators."""

    def student():
        image, text = keras.Input((8,), name="image"), keras.Input((5,), name="text")
        u = ops.normalize(layers.Dense(4)(layers.Dense(6, activation="relu")(image)), axis=-1)
        v = ops.normalize(layers.Dense(4)(text), axis=-1)
        return keras.Model([image, text], [u, v, 10.0 * (u @ ops.transpose(v))])

    def reference():
        image, text = keras.Input((8,)), keras.Input((5,))
        tower = keras.Sequential([layers.Dense(6, activation="relu"), layers.Dense(4)])
        u, v = layers.UnitNormalization()(tower(image)), layers.UnitNormalization()(layers.Dense(4)(text))
        table = ops.matmul(u, ops.transpose(v, (1, 0)))
        return keras.Model([image, text], [u, v, layers.Rescaling(10.0)(table)])

    return student, reference


@PAIRS.rejected("07_autoencoders", "submodel-rebuilt", also=("weights-not-shared",))
def encoder_built_again():
    """The code that is shown comes from a second encoder, not from the one in the autoencoder."""
    return lambda: with_code(rebuilt=True), with_code


@PAIRS.rejected("07_autoencoders", "missing-layer")
def no_noise_while_training():
    """The denoiser has no noise layer, which shows only in training."""
    return lambda: autoencoder(noise=False), autoencoder


@PAIRS.rejected("07_autoencoders", "wrong-layer")
def plain_convolution_on_the_way_back():
    """A plain convolution stands for the transposed one, with weights and outputs of the same shapes."""
    return lambda: conv_autoencoder(middle=layers.Conv2D), conv_autoencoder
