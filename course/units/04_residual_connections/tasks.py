"""What the checks of unit 04 expect, and the hints they give."""

import random

from grader.tasks import Answer, Architecture, Case, Connectivity, Input, Parameters, Parity, Task, Unit


# The drawn sizes come from the family 3, 6, 12 and the visible ones from 8, 16, 32, so that the tasks share weight
# shapes: JAX compiles an initializer for every shape it has not met, which costs more than all the rest.


def draw_identity(rng: random.Random) -> Case:
    """Draw an input that already has as many channels as the block makes."""
    filters = rng.choice([3, 6, 12])
    side = rng.choice([7, 10, 16])
    return Case(inputs=(Input(side, side, filters),), arguments={"filters": filters})


def draw_count(rng: random.Random) -> Case:
    """Draw a filter count other than the visible one."""
    return Case(arguments={"filters": rng.choice([3, 7, 24, 40])})


def draw_projection(rng: random.Random) -> tuple[Case, ...]:
    """Draw a change of channels, and a block that could do without its projection and is to have it all the same."""
    channels, filters = rng.choice([(3, 6), (6, 3), (6, 12), (12, 6)])
    same = rng.choice([6, 12])
    return (
        Case(
            inputs=(Input(rng.choice([8, 12]), rng.choice([8, 12]), channels),),
            arguments={"filters": filters, "stride": rng.choice([1, 2])},
        ),
        Case(inputs=(Input(8, 8, same),), arguments={"filters": same, "stride": 1}),
    )


def draw_bottleneck(rng: random.Random) -> Case:
    """Draw an input with four times as many channels as the block's middle."""
    filters = rng.choice([3, 6])
    side = rng.choice([7, 10, 16])
    return Case(inputs=(Input(side, side, 4 * filters),), arguments={"filters": filters})


def draw_resnet(rng: random.Random) -> tuple[Case, ...]:
    """Draw one network of the least depth and one deeper than the visible case; width and classes differ from it."""
    return tuple(
        Case(
            arguments={
                "depth": depth,
                "filters": rng.choice([3, 6]),
                "classes": rng.choice([2, 3, 7]),
            }
        )
        for depth in (1, 3)
    )


UNIT = Unit(
    id="04_residual_connections",
    title="Residual connections",
    tasks=(
        Task(
            id="residual_block",
            title="An identity block for any number of filters",
            difficulty=1,
            minutes=10,
            expects=(Architecture(points=3), Connectivity(points=1), Parameters(points=1)),
            cases=(Case(inputs=(Input(28, 28, 8),), arguments={"filters": 8}),),
            draw=draw_identity,
            hints=(
                (
                    "Two arrows have to arrive at the addition. Which two tensors are they, and does your code still "
                    "have a name for both when it gets there?"
                ),
                (
                    "Keep `x` as it came in and give the branch a name of its own: `y = ...(x)`, `y = ...(y)`. The last "
                    "three steps are: second BatchNormalization, addition, ReLU."
                ),
                (
                    "End the block with `y = keras.layers.Add()([y, x])` and `return keras.layers.ReLU()(y)`; before it "
                    "come Conv2D(filters, 3, padding='same', use_bias=False), BatchNormalization, ReLU, and the same "
                    "convolution and normalization once more."
                ),
            ),
        ),
        Task(
            id="block_parameters",
            title="Count an identity block's parameters by arithmetic",
            difficulty=1,
            minutes=5,
            expects=(Answer(points=2),),
            cases=(Case(arguments={"filters": 8}),),
            draw=draw_count,
            hints=(
                "Which layers of the block have weights at all? An addition and a ReLU have none.",
                (
                    "A convolution has height × width × channels in × channels out weights, here without a bias. "
                    "BatchNormalization keeps several numbers for every channel: how many does `summary()` show?"
                ),
                (
                    "Each 3×3 convolution has 9 · filters · filters weights. Each BatchNormalization has 4 · filters: scale, "
                    "offset, moving mean and moving variance. There are two of each."
                ),
            ),
        ),
        Task(
            id="projection_block",
            title="A projection block, for a change of shape",
            difficulty=2,
            minutes=15,
            expects=(Architecture(points=3), Connectivity(points=1), Parameters(points=1)),
            cases=(
                Case(inputs=(Input(28, 28, 8),), arguments={"filters": 16, "stride": 2}),
                Case(inputs=(Input(28, 28, 1),), arguments={"filters": 8, "stride": 1}),
            ),
            draw=draw_projection,
            drawn=1,
            hints=(
                "Write down the shape of the branch and the shape of `x` just before the addition. Which axes differ?",
                (
                    "The shortcut needs a layer that changes the number of channels and takes the same stride, and does "
                    "nothing else. A convolution can do both when its kernel looks at one pixel."
                ),
                (
                    "`shortcut = keras.layers.Conv2D(filters, 1, strides=stride, use_bias=False)(x)`, then "
                    "`keras.layers.BatchNormalization()(shortcut)`; add that to the branch. In the branch, only the first "
                    "convolution has `strides=stride`."
                ),
            ),
        ),
        Task(
            id="bottleneck_block",
            title="A bottleneck block",
            difficulty=2,
            minutes=10,
            expects=(Architecture(points=3), Connectivity(points=1), Parameters(points=1), Parity(points=1)),
            cases=(Case(inputs=(Input(14, 14, 32),), arguments={"filters": 8}),),
            draw=draw_bottleneck,
            hints=(
                "Narrow, look around, widen again. Which of the three convolutions needs a kernel larger than one pixel?",
                (
                    "The kernels are 1, 3, 1 and the channels `filters`, `filters`, `4 * filters`. What comes out has to "
                    "have the shape that went in, so that `x` can be added as it is."
                ),
                (
                    "Conv2D(filters, 1), BatchNormalization, ReLU; Conv2D(filters, 3, padding='same'), BatchNormalization, "
                    "ReLU; Conv2D(4 * filters, 1), BatchNormalization; add `x`; ReLU. Every convolution has use_bias=False."
                ),
            ),
        ),
        Task(
            id="resnet",
            title="A ResNet of any depth",
            difficulty=3,
            minutes=20,
            expects=(Architecture(points=4), Connectivity(points=1), Parameters(points=1)),
            cases=(Case(arguments={"depth": 2, "filters": 8, "classes": 10}),),
            draw=draw_resnet,
            drawn=1,
            hints=(
                (
                    "You have written the hard parts already: call `residual_block` and `projection_block`. What has to "
                    "happen before the first block, and what turns the last block's images into class probabilities?"
                ),
                (
                    "Use `for _ in range(depth):` for the first stage. The second stage begins with one projection block, so "
                    "how many identity blocks are left for it? Every number must come from an argument."
                ),
                (
                    "Stem: Conv2D(filters, 3, padding='same', use_bias=False), BatchNormalization, ReLU. Stage 1: `depth` times "
                    "residual_block(x, filters). Stage 2: projection_block(x, 2 * filters, stride=2), then `depth - 1` times "
                    "residual_block(x, 2 * filters). Head: GlobalAveragePooling2D, Dense(classes, activation='softmax'). "
                    "Return keras.Model(inputs, outputs)."
                ),
            ),
        ),
    ),
)
