"""The classes and functions of Keras that a saved model may name.

The names are those of Keras 3.15 and what older versions of Keras 3 write. A layer that a later version adds is
refused until it stands here: what a name may do has to be looked at once.
"""

from __future__ import annotations

__all__ = ["ACTIVATIONS", "CLASSES", "FOREIGN", "OPERATION_MODULES"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SIZES = ("1D", "2D", "3D")
_LAYERS = (
    _words("""
    Activation ActivityRegularization Add AdditiveAttention AlphaDropout Attention AugMix AutoContrast Average
    BatchNormalization Bidirectional CategoryEncoding CenterCrop Concatenate
    ContrastLimitedAdaptiveHistogramEqualization CutMix Dense Discretization Dot Dropout ELU EinsumDense Embedding
    Equalization Flatten GRU GRUCell GaussianDropout GaussianNoise GroupNormalization GroupQueryAttention
    GroupedQueryAttention HashedCrossing Hashing Identity InputLayer IntegerLookup LSTM LSTMCell LayerNormalization
    LeakyReLU Masking MaxNumBoundingBoxes Maximum MelSpectrogram Minimum MixUp MultiHeadAttention Multiply
    Normalization PReLU Permute Pipeline RMSNormalization RNN RandAugment RandomApply RandomBrightness RandomChoice
    RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop RandomElasticTransform RandomErasing
    RandomFlip RandomGaussianBlur RandomGrayscale RandomHue RandomInvert RandomPerspective RandomPosterization
    RandomRotation RandomSaturation RandomSharpness RandomShear RandomTranslation RandomZoom ReLU RepeatVector
    Rescaling Reshape Resizing ReversibleEmbedding STFTSpectrogram SimpleRNN SimpleRNNCell Softmax Solarization
    SpectralNormalization StackedRNNCells StringLookup Subtract TextVectorization TimeDistributed UnitNormalization
    """)
    | frozenset(
        kind + size
        for size in _SIZES
        for kind in _words("""
    AdaptiveAveragePooling AdaptiveMaxPooling AveragePooling AvgPool Conv ConvLSTM Convolution Cropping DepthwiseConv
    GlobalAveragePooling GlobalAvgPool GlobalMaxPool GlobalMaxPooling MaxPool MaxPooling SeparableConv
    SeparableConvolution SpatialDropout UpSampling ZeroPadding
    """)
    )
    | frozenset(f"{kind}{size}Transpose" for size in _SIZES for kind in ("Conv", "Convolution"))
)
_INITIALIZERS = _words("""
    Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity IdentityInitializer LecunNormal LecunUniform Ones
    Orthogonal OrthogonalInitializer RandomNormal RandomUniform STFT STFTInitializer TruncatedNormal VarianceScaling
    Zeros
    """)
_POLICIES = _words("""
    AWQDTypePolicy DTypePolicy DTypePolicyMap FloatDTypePolicy GPTQDTypePolicy Int4DTypePolicy QuantizedDTypePolicy
    QuantizedFloat8DTypePolicy
    """)
_QUANTIZERS = _words("""
    AbsMaxQuantizer AWQConfig Float8QuantizationConfig GPTQConfig Int4QuantizationConfig Int8QuantizationConfig
    """)
CLASSES = {
    "keras": _POLICIES | {"Functional", "Model", "Sequential"},
    "keras.models": frozenset({"Functional", "Model", "Sequential"}),
    "keras.src.models.functional": frozenset({"Functional"}),
    "keras.layers": _LAYERS,
    "keras.initializers": _INITIALIZERS,
    "keras.regularizers": frozenset({"L1", "L1L2", "L2", "OrthogonalRegularizer"}),
    "keras.constraints": frozenset({"MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"}),
    "keras.dtype_policies": _POLICIES,
    "keras.quantizers": _QUANTIZERS,
    "keras.random": frozenset({"SeedGenerator"}),
}
ACTIVATIONS = _words("""
    celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu linear
    log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus
    sparse_sigmoid sparsemax squareplus swish tanh tanh_shrink threshold
    """)

# A model records each operation by the class of its module: `a + b` is keras.src.ops.numpy.Add. Keras itself takes
# nothing from these modules but classes that are operations.
OPERATION_MODULES = frozenset(
    f"keras.src.{part}"
    for part in (
        "activations.activations",  # relu with a slope or a threshold
        "quantizers.quantizers",  # fake quantization
        *(f"ops.{part}" for part in ("core", "einops", "image", "linalg", "math", "nn", "numpy")),
    )
)
FOREIGN = _words("FlaxLayer JaxLayer TFSMLayer TorchModuleWrapper")
"""Layers whose code or weights are another library's, and would be run or unpickled."""
