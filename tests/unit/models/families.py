"""One model of each family in ``keras.applications``, the smallest.

NASNet is missing: its small one cannot be built on PyTorch. ``ELSEWHERE`` are a few that are looked at on the
other backends too, that one among them.
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
ELSEWHERE = ("ConvNeXtTiny", "MobileNetV2", "NASNetMobile", "ResNet50")
