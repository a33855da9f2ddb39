"""Autoencoders, U-Nets and twin encoders that are built again, cut wrongly, or do not mirror."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()
UNIT = "07_autoencoders"


def _encoder(name: str = "encoder") -> keras.Model:
    x = keras.Input((20,))
    return keras.Model(
        x, layers.Dense(3, activation="tanh")(layers.Dense(8, activation="relu")(x)), name=name
    )


def _decoder() -> keras.Model:
    code = keras.Input((3,))
    return keras.Model(code, layers.Dense(20)(layers.Dense(8, activation="relu")(code)))


def _whole_and_code() -> keras.Model:
    encoder, decoder = _encoder(), _decoder()
    x = keras.Input((20,))
    code = encoder(x)
    return keras.Model(x, {"picture": decoder(code), "code": code})


def _images() -> keras.Model:
    x = keras.Input((8, 8, 1))
    y = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(x)
    y = layers.Conv2D(2, 3, padding="same", activation="relu")(y)
    y = layers.UpSampling2D()(y)
    return keras.Model(x, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(y))


def _u_net() -> keras.Model:
    x = keras.Input((8, 8, 1))
    a = layers.Conv2D(2, 3, padding="same", activation="relu")(x)
    b = layers.Conv2D(4, 3, padding="same", activation="relu")(layers.MaxPooling2D()(a))
    up = layers.Conv2DTranspose(2, 2, strides=2)(b)
    c = layers.Conv2D(2, 3, padding="same", activation="relu")(layers.Concatenate()([up, a]))
    return keras.Model(x, layers.Conv2D(1, 1, activation="sigmoid")(c))


@PAIRS.rejected(UNIT, "submodel-rebuilt", also=("weights-not-shared",))
def encoder_written_a_second_time():
    """The code comes from a new encoder of the same layers, not from the one that is trained."""

    def student():
        x = keras.Input((20,))
        whole = _decoder()(_encoder()(x))
        return keras.Model(x, {"picture": whole, "code": _encoder("encoder_again")(x)})

    return student, _whole_and_code


@PAIRS.rejected(UNIT, "submodel-rebuilt", also=("weights-not-shared",))
def encoder_cloned():
    """keras.models.clone_model makes new weights; the clone gives the code."""

    def student():
        encoder = _encoder()
        x = keras.Input((20,))
        clone = keras.models.clone_model(encoder)
        clone.name = "code_encoder"
        return keras.Model(x, {"picture": _decoder()(encoder(x)), "code": clone(x)})

    return student, _whole_and_code


@PAIRS.rejected(UNIT, "submodel-rebuilt", also=("weights-not-shared",))
def decoder_made_from_its_config():
    """The decoder that draws from a given code is made from the trained one's config, without its weights."""

    def build(make_second):
        x, drawn = keras.Input((20,)), keras.Input((3,))
        decoder = _decoder()
        second = make_second(decoder)
        return keras.Model([x, drawn], [decoder(_encoder()(x)), second(drawn)])

    return (
        lambda: build(lambda decoder: keras.Model.from_config({**decoder.get_config(), "name": "drawer"})),
        lambda: build(lambda decoder: decoder),
    )


@PAIRS.rejected(UNIT, "weights-not-shared")
def an_encoder_for_each_image():
    """The contrastive pair is encoded by two encoders made by the same function."""

    def build(shared):
        left, right = keras.Input((20,)), keras.Input((20,))
        first = _encoder()
        second = first if shared else _encoder("second")
        gap = layers.Subtract()([first(left), second(right)])
        return keras.Model([left, right], ops.sqrt(ops.sum(ops.square(gap), axis=1, keepdims=True) + 1e-7))

    return lambda: build(False), lambda: build(True)


@PAIRS.rejected(UNIT, "weights-not-shared")
def decoder_not_tied_to_the_encoder():
    """The output projection should be the embedding turned round; it is a Dense of its own."""

    def reference():
        words = keras.Input((6,), dtype="int32")
        embedding = layers.ReversibleEmbedding(20, 8)
        return keras.Model(
            words, embedding(layers.GRU(8, return_sequences=True)(embedding(words)), reverse=True)
        )

    def student():
        words = keras.Input((6,), dtype="int32")
        embedding, back = layers.ReversibleEmbedding(20, 8), layers.ReversibleEmbedding(20, 8)
        back.build((None, 6))
        return keras.Model(words, back(layers.GRU(8, return_sequences=True)(embedding(words)), reverse=True))

    return student, reference


@PAIRS.rejected(UNIT, "weights-wrongly-shared")
def one_layer_for_mean_and_spread():
    """A variational encoder needs two Dense layers after its trunk; one is called for both."""

    def build(shared):
        x = keras.Input((12,))
        h = layers.Dense(6, activation="relu")(x)
        mean = layers.Dense(2)
        spread = mean if shared else layers.Dense(2)
        return keras.Model(x, [mean(h), spread(h)])

    return lambda: build(True), lambda: build(False)


@PAIRS.rejected(UNIT, "wrong-config")
def code_of_the_wrong_length():
    """The bottleneck has four numbers where three were asked for."""

    def student():
        x = keras.Input((20,))
        code = layers.Dense(4, activation="tanh")(layers.Dense(8, activation="relu")(x))
        y = layers.Dense(8, activation="relu")(code)
        return keras.Model(x, {"picture": layers.Dense(20)(y), "code": code})

    return student, _whole_and_code


@PAIRS.rejected(UNIT, "wrong-head-activation", also=("wrong-activation",))
def pixels_without_sigmoid():
    """The last convolution is linear; the pixels are numbers from 0 to 1."""

    def student():
        model = keras.Sequential([keras.Input((8, 8, 1))])
        model.add(layers.Conv2D(4, 3, strides=2, padding="same", activation="relu"))
        model.add(layers.Conv2D(2, 3, padding="same", activation="relu"))
        model.add(layers.UpSampling2D())
        model.add(layers.Conv2D(1, 3, padding="same"))
        return model

    return student, _images


@PAIRS.rejected(UNIT, "missing-layer")
def decoder_that_never_grows_back():
    """Without UpSampling2D the reconstruction is half the picture's size."""

    def student():
        x = keras.Input((8, 8, 1))
        y = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(x)
        y = layers.Conv2D(2, 3, padding="same", activation="relu")(y)
        return keras.Model(x, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(y))

    return student, _images


@PAIRS.rejected(UNIT, "wrong-layer")
def transposed_convolution_for_upsampling():
    """The picture grows by a Conv2DTranspose, which has weights; UpSampling2D was asked for."""

    def student():
        x = keras.Input((8, 8, 1))
        y = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(x)
        y = layers.Conv2D(2, 3, padding="same", activation="relu")(y)
        y = layers.Conv2DTranspose(2, 2, strides=2)(y)
        return keras.Model(x, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(y))

    return student, _images


@PAIRS.rejected(UNIT, "wrong-config")
def upsampling_smoothed():
    """Bilinear upsampling where nearest was asked for: shapes and parameters are the same."""

    def student():
        x = keras.Input((8, 8, 1))
        y = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(x)
        y = layers.ReLU()(layers.Conv2D(2, 3, padding="same")(y))
        y = layers.UpSampling2D(interpolation="bilinear")(y)
        return keras.Model(x, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(y))

    return student, _images


@PAIRS.rejected(UNIT, "missing-skip", also=("missing-layer",))
def u_net_without_its_bridge():
    """The decoder of a U-Net goes on with the upsampled tensor alone."""

    def student():
        x = keras.Input((8, 8, 1))
        a = layers.Conv2D(2, 3, padding="same", activation="relu")(x)
        b = layers.Conv2D(4, 3, padding="same", activation="relu")(layers.MaxPooling2D()(a))
        up = layers.Conv2DTranspose(2, 2, strides=2)(b)
        c = layers.Conv2D(2, 3, padding="same", activation="relu")(up)
        return keras.Model(x, layers.Conv2D(1, 1, activation="sigmoid")(c))

    return student, _u_net


@PAIRS.rejected(UNIT, "wrong-layer")
def u_net_that_adds():
    """The skip is added to the upsampled tensor, as in LinkNet; concatenation was asked for."""

    def student():
        x = keras.Input((8, 8, 1))
        a = layers.Conv2D(2, 3, padding="same", activation="relu")(x)
        b = layers.Conv2D(4, 3, padding="same", activation="relu")(layers.MaxPooling2D()(a))
        up = layers.Conv2DTranspose(2, 2, strides=2)(b)
        c = layers.Conv2D(2, 3, padding="same", activation="relu")(up + a)
        return keras.Model(x, layers.Conv2D(1, 1, activation="sigmoid")(c))

    return student, _u_net


@PAIRS.rejected(UNIT, "skip-from-wrong-tensor", also=("wrong-connection",))
def u_net_bridge_from_the_raw_image():
    """The decoder is given the input image again, not the encoder's features."""

    def build(from_image):
        x = keras.Input((8, 8, 2))
        a = layers.Conv2D(2, 3, padding="same", activation="relu")(x)
        b = layers.Conv2D(4, 3, padding="same", activation="relu")(layers.MaxPooling2D()(a))
        up = layers.Conv2DTranspose(2, 2, strides=2)(b)
        joined = layers.Concatenate()([up, x if from_image else a])
        return keras.Model(x, layers.Conv2D(1, 3, padding="same")(joined))

    return lambda: build(True), lambda: build(False)


@PAIRS.rejected(UNIT, "skip-from-wrong-tensor", also=("wrong-shape", "wrong-connection"))
def u_net_bridge_after_the_pooling():
    """The skip is taken after the pooling, so Concatenate is given two sizes."""

    def student():
        x = keras.Input((8, 8, 1))
        a = layers.MaxPooling2D()(layers.Conv2D(2, 3, padding="same", activation="relu")(x))
        b = layers.Conv2D(4, 3, padding="same", activation="relu")(a)
        up = layers.Conv2DTranspose(2, 2, strides=2)(b)
        c = layers.Conv2D(2, 3, padding="same", activation="relu")(layers.Concatenate()([up, a]))
        return keras.Model(x, layers.Conv2D(1, 1, activation="sigmoid")(c))

    return student, _u_net


@PAIRS.rejected(UNIT, "wrong-connection")
def second_decoder_on_the_first_reconstruction():
    """The mask is decoded from the reconstruction; both should come from the code."""

    def build(wrong):
        x = keras.Input((16,))
        code = layers.Dense(4, activation="relu")(x)
        picture = layers.Dense(4, activation="sigmoid")(code)
        return keras.Model(x, [picture, layers.Dense(4, activation="sigmoid")(picture if wrong else code)])

    return lambda: build(True), lambda: build(False)


@PAIRS.rejected(UNIT, "input-not-listed")
def encoder_cut_at_a_foreign_input():
    """The encoder model starts at a new Input, which the tensor taken out does not come from."""

    def student():
        whole = _encoder()
        return keras.Model(keras.Input((20,)), whole.get_layer(index=1).output)

    def reference():
        whole = _encoder()
        return keras.Model(whole.input, whole.get_layer(index=1).output)

    return student, reference


@PAIRS.rejected(UNIT, "missing-layer")
def embedding_not_normalised():
    """The contrastive embedding should have length one; nothing normalises it."""

    def build(normalise):
        x = keras.Input((20,))
        z = layers.Dense(4)(_encoder()(x))
        return keras.Model(x, layers.UnitNormalization()(z) if normalise else z)

    return lambda: build(False), lambda: build(True)


@PAIRS.rejected(UNIT, "wrong-config")
def noise_of_another_strength():
    """The denoiser drops half of its input where a tenth was asked for: no weight, no shape differs."""

    def build(rate):
        x = keras.Input((16,))
        y = layers.Dense(6, activation="relu")(layers.Dropout(rate)(x))
        return keras.Model(x, layers.Dense(16)(y))

    return lambda: build(0.5), lambda: build(0.1)
