"""One model of each family in ``keras.applications``, the smallest.

NASNet is missing: its small one cannot be built on PyTorch, and its large one takes as long as all others
together (``make bench`` has it).
"""

FAMILIES = (
    "ConvNeXtTiny",
    "DenseNet121",
    "EfficientNetB0",
    "EfficientNetV2B0",
    "InceptionResNetV2",
    "InceptionV3",
    "MobileNet",
    "MobileNetV2",
    "MobileNetV3Small",
    "ResNet50",
    "ResNet50V2",
    "VGG16",
    "Xception",
)
