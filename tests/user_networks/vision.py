"""Networks on images: what their authors published, with random weights.

Each function's defaults are the published sizes; smaller ones leave the structure as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from user_networks.builder import Builder, ints


def _wide(channels: int, width: float) -> int:
    """A multiple of 8, as MobileNet rounds."""
    return max(8, int(channels * width + 4) // 8 * 8)


def convnext(
    size: int = 224,
    widths: Sequence[int] = (96, 192, 384, 768),
    blocks: Sequence[int] = (3, 3, 9, 3),
    classes: int = 1000,
) -> bytes:
    """Wide depthwise convolutions, LayerNorm of channels, GELU between layers of pixels, and a
    factor for each channel of what a block adds."""
    b = Builder()
    t = b.layer_norm(b.conv(b.input("image", (1, size, size, 3)), widths[0], 4, 4, padding="VALID"))
    for stage, (width, count) in enumerate(zip(widths, blocks, strict=True)):
        if stage > 0:
            t = b.conv(b.layer_norm(t), width, 2, 2, padding="VALID")
        for _ in range(count):
            y = b.dense(b.layer_norm(b.depthwise(t, 7)), 4 * width)
            y = b.dense(b.op("GELU", [y], approximate=False), width)
            t = b.add(t, b.mul(y, b.constant(b.rng.uniform(0.2, 0.6, width))))
    return b.build(b.dense(b.layer_norm(b.reduce("MEAN", t, 1, 2)), classes))


def inverted_residual(
    b: Builder, t: int, channels: int, expansion: int = 6, stride: int = 1, dilation: int = 1
) -> int:
    """MobileNet v2's block; dilated as TensorFlow writes that: a convolution of the grids that
    SPACE_TO_BATCH_ND makes."""
    depth = b.shapes[t][3]
    wide = b.conv(t, depth * expansion, 1, activation="RELU6") if expansion > 1 else t
    if dilation > 1:
        wide = _dilated(b, wide, dilation)
    else:
        wide = b.depthwise(wide, stride=stride, activation="RELU6")
    out = b.conv(wide, channels, 1)
    return b.add(t, out) if stride == 1 and depth == channels else out


def _dilated(b: Builder, t: int, dilation: int) -> int:
    batch, h, w, depth = b.shapes[t]
    before = dilation  # half of what a window of 3 reaches
    after = [dilation + -n % dilation for n in (h, w)]
    grid = [(n + before + a) // dilation for n, a in zip((h, w), after, strict=True)]
    block = b.constant(ints(dilation, dilation))
    t = b.op(
        "SPACE_TO_BATCH_ND",
        [t, block, b.constant(ints(*[(before, a) for a in after]))],
        (batch * dilation**2, *grid, depth),
    )
    t = b.depthwise(t, padding="VALID", activation="RELU6")
    crops = [(0, (g - 2) * dilation - n) for g, n in zip(grid, (h, w), strict=True)]
    return b.op("BATCH_TO_SPACE_ND", [t, block, b.constant(ints(*crops))], (batch, h, w, depth))


# Expansion, channels, blocks, stride.
MOBILENET_V2 = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
]


def mobilenet_v2(
    b: Builder, t: int, width: float, most_stride: int = 32, blocks: int | None = None
) -> list[int]:
    """The feature map of every stage; behind `most_stride` convolutions are dilated."""
    t = b.conv(t, _wide(32, width), stride=2, activation="RELU6")
    reached, dilation, maps = 2, 1, []
    for expansion, channels, count, stride in MOBILENET_V2:
        for i in range(min(count, blocks or count)):
            step = stride if i == 0 else 1
            if reached * step > most_stride:
                dilation, step = dilation * step, 1
            reached *= step
            t = inverted_residual(b, t, _wide(channels, width), expansion, step, dilation)
        maps.append(t)
    return maps


def deeplab(
    size: int = 257, width: float = 1.0, classes: int = 21, blocks: int | None = None
) -> bytes:
    """DeepLab v3 on MobileNet v2: dilated convolutions, the whole image's features, large masks."""
    b = Builder()
    x = b.input("image", (1, size, size, 3))
    features = mobilenet_v2(b, x, width, most_stride=16, blocks=blocks)[-1]
    _, h, w, _ = b.shapes[features]
    pooled = b.pool("AVERAGE_POOL_2D", features, h, h, "VALID")
    pooled = b.conv(pooled, _wide(256, width), 1, activation="RELU")
    pooled = b.resize(pooled, h, w, align_corners=True)
    near = b.conv(features, _wide(256, width), 1, activation="RELU")
    joined = b.conv(b.concat([pooled, near]), _wide(256, width), 1, activation="RELU")
    logits = b.resize(b.conv(joined, classes, 1), size, size, align_corners=True)
    return b.build(b.arg_max(logits), logits)


def unet(size: int = 256, width: int = 32, depth: int = 4) -> bytes:
    """U-Net: what is made small is made large again by TRANSPOSE_CONV, beside what it was."""
    b = Builder()
    t = b.input("image", (1, size, size, 3))
    skips = []
    for level in range(depth):
        t = b.conv(b.conv(t, width << level, activation="RELU"), width << level, activation="RELU")
        skips.append(t)
        t = b.pool("MAX_POOL_2D", t, 2, 2)
    t = b.conv(t, width << depth, activation="RELU")
    for level in reversed(range(depth)):
        up = b.transpose_conv(t, width << level, 2)
        t = b.conv(b.concat([up, skips[level]]), width << level, activation="RELU")
    return b.build(b.op("LOGISTIC", [b.conv(t, 1, 1)]))


def selfie_segmentation(size: int = 256, width: float = 1.0) -> bytes:
    """MobileNet v3's blocks (squeeze and excitation, HARD_SWISH) and a decoder with attention."""
    b = Builder()
    t = b.op("HARD_SWISH", [b.conv(b.input("image", (1, size, size, 3)), 16, stride=2)])
    maps = [t]
    for channels, stride in [(16, 2), (24, 2), (24, 1), (40, 2), (40, 1)]:
        depth, wide = b.shapes[t][3], _wide(4 * channels, width)
        inner = b.op("HARD_SWISH", [b.conv(t, wide, 1)])
        inner = b.op("HARD_SWISH", [b.depthwise(inner, 5, stride)])
        whole = b.reduce("MEAN", inner, 1, 2, keep=True)
        gate = b.conv(b.conv(whole, _wide(wide // 4, 1), 1, activation="RELU"), wide, 1)
        gate = b.mul(b.add(gate, 3.0, "RELU6"), 1 / 6)
        out = b.conv(b.mul(inner, gate), channels, 1)
        t = b.add(t, out) if stride == 1 and depth == channels else out
        maps += [t] if stride == 2 else []
    for skip in reversed(maps[:-1]):
        _, h, w, channels = b.shapes[skip]
        up = b.conv(b.resize(t, h, w, half_pixel_centers=True), channels, 1)
        seen = b.op(
            "LOGISTIC", [b.conv(b.reduce("MEAN", b.add(up, skip), 1, 2, keep=True), channels, 1)]
        )
        t = b.conv(b.add(b.mul(skip, seen), up), channels, activation="RELU")
    return b.build(b.op("LOGISTIC", [b.transpose_conv(t, 1, 2)]))


def face_mesh(size: int = 192, width: int = 16, stages: int = 6, points: int = 468) -> bytes:
    """MediaPipe's: blocks of depthwise convolutions with PRELU; where the image becomes small, what
    is added is pooled and padded with channels of 0."""
    b = Builder()
    t = b.prelu(b.conv(b.input("face", (1, size, size, 3)), width, stride=2))
    for _ in range(stages):
        depth = b.shapes[t][3]
        for _ in range(2):
            block = b.conv(b.depthwise(t), depth, 1)
            t = b.prelu(b.add(t, block))
        more = depth if depth < 8 * width else 0
        small = b.pool("MAX_POOL_2D", t, 2, 2)
        if more:
            small = b.pad(small, (0, 0), (0, 0), (0, 0), (0, more))
        block = b.conv(b.depthwise(t, stride=2), depth + more, 1)
        t = b.prelu(b.add(block, small))
    side = b.shapes[t][1]
    features = b.prelu(b.conv(t, 2 * width, 1))
    flag = b.conv(features, 1, side, padding="VALID")
    mesh = b.conv(features, 3 * points, side, padding="VALID")
    return b.build(b.reshape(mesh, 1, 3 * points), b.op("LOGISTIC", [b.reshape(flag, 1, 1)]))


def super_resolution(size: int = 128, width: int = 32, factor: int = 2) -> bytes:
    """FSRCNN's and ESPCN's ways of making an image large: TRANSPOSE_CONV, DEPTH_TO_SPACE, and what
    RESIZE_NEAREST_NEIGHBOR gives, added."""
    b = Builder()
    x = b.input("image", (1, size, size, 3))
    t = first = b.prelu(b.conv(x, width, 5))
    for _ in range(3):
        t = b.add(t, b.conv(b.conv(t, width, activation="RELU"), width))
    t = b.add(t, first)
    shuffled = b.op(
        "DEPTH_TO_SPACE",
        [b.conv(t, 3 * factor**2)],
        (1, size * factor, size * factor, 3),
        block_size=factor,
    )
    grown = b.transpose_conv(b.prelu(b.conv(t, 12, 1)), 3, 9, factor)
    plain = b.resize(x, size * factor, size * factor, "RESIZE_NEAREST_NEIGHBOR")
    y = b.add(b.add(shuffled, grown), plain)
    return b.build(b.two("MINIMUM", b.op("RELU", [y]), 1.0))


def gan_generator(latent: int = 128, size: int = 64, width: int = 64) -> bytes:
    """DCGAN: noise to an image, by TRANSPOSE_CONV with batch normalization behind it."""
    b = Builder()
    t = b.dense(b.input("noise", (1, latent)), 4 * 4 * width * 8)
    t = b.op("LEAKY_RELU", [b.reshape(t, 1, 4, 4, width * 8)], alpha=0.3)
    side, channels = 4, width * 4
    while 2 * side < size:
        t = b.transpose_conv(t, channels, 5)
        factor = b.constant(b.rng.uniform(0.5, 1.5, channels))
        t = b.op("LEAKY_RELU", [b.add(b.mul(t, factor), b.bias(channels))], alpha=0.3)
        side, channels = 2 * side, max(channels // 2, 8)
    return b.build(b.op("TANH", [b.transpose_conv(t, 3, 5)]))


def style_transfer(size: int = 256, width: int = 32, blocks: int = 5) -> bytes:
    """Johnson's: mirrored borders, instance normalization, an image of the same size."""
    b = Builder()
    x = b.input("image", (1, size, size, 3))
    t = b.pad(x, (0, 0), (4, 4), (4, 4), (0, 0), code="MIRROR_PAD", mode="REFLECT")
    t = b.conv(t, width, 9, padding="VALID")
    for channels in (2 * width, 4 * width):
        t = b.conv(b.op("RELU", [b.layer_norm(t, 1, 2)]), channels, stride=2)
    for _ in range(blocks):
        inner = b.op("RELU", [b.layer_norm(b.conv(t, 4 * width), 1, 2)])
        t = b.add(t, b.layer_norm(b.conv(inner, 4 * width), 1, 2))
    for channels in (2 * width, width):
        _, h, w, _ = b.shapes[t]
        t = b.conv(b.resize(t, 2 * h, 2 * w, "RESIZE_NEAREST_NEIGHBOR"), channels)
        t = b.op("RELU", [b.layer_norm(t, 1, 2)])
    return b.build(b.mul(b.add(b.op("TANH", [b.conv(t, 3, 9)]), 1.0), 127.5))


def shuffle_net(
    size: int = 224, groups: int = 3, width: int = 240, stages: Sequence[int] = (3, 7, 3)
) -> bytes:
    """Convolutions in groups, whose channels are shuffled between them."""
    b = Builder()
    t = b.conv(b.input("image", (1, size, size, 3)), 24, stride=2, activation="RELU")
    t = b.pool("MAX_POOL_2D", t, 3, 2)
    for stage, blocks in enumerate(stages):
        channels = width << stage
        for i in range(blocks + 1):
            stride, depth = (2, b.shapes[t][3]) if i == 0 else (1, 0)
            inner = _group_conv(b, t, channels // 4, groups, activation="RELU")
            _, h, w, c = b.shapes[inner]
            inner = b.reshape(inner, 1, h, w, groups, c // groups)
            inner = b.reshape(b.transpose(inner, 0, 1, 2, 4, 3), 1, h, w, c)
            inner = _group_conv(b, b.depthwise(inner, stride=stride), channels - depth, groups)
            if i == 0:
                beside = b.pool("AVERAGE_POOL_2D", t, 3, 2)
                t = b.op("RELU", [b.concat([beside, inner])])
            else:
                t = b.add(t, inner, "RELU")
    return b.build(b.softmax(b.dense(b.reduce("MEAN", t, 1, 2), 100)))


def _group_conv(b: Builder, t: int, channels: int, groups: int, activation: str = "NONE") -> int:
    """CONV_2D whose filters see a share of the input's channels, where it has that many."""
    batch, h, w, depth = b.shapes[t]
    if depth % groups or channels % groups:
        return b.conv(t, channels, 1, activation=activation)
    operands = [t, b.weights(channels, 1, 1, depth // groups), b.bias(channels)]
    options = {"padding": "SAME", "stride_h": 1, "stride_w": 1}
    options |= {"fused_activation_function": activation}
    return b.op("CONV_2D", operands, (batch, h, w, channels), **options)


def posenet(size: int = 257, width: float = 1.0, blocks: int | None = None) -> bytes:
    """Heatmaps of joints and offsets, and where each joint is by them."""
    b = Builder()
    x = b.input("image", (1, size, size, 3))
    trunk = mobilenet_v2(b, x, width, most_stride=16, blocks=blocks)[-1]
    joints = 17
    heat, offsets = b.conv(trunk, joints, 1), b.conv(trunk, 2 * joints, 1)
    _, h, w, _ = b.shapes[heat]
    best = b.arg_max(b.reshape(heat, h * w, joints), 0)
    row = b.two("FLOOR_DIV", best, b.constant(np.int32(w)))
    column = b.two("FLOOR_MOD", best, b.constant(np.int32(w)))
    joint = b.constant(np.arange(joints, dtype=np.int32))
    moved = []
    for first, place in ((0, row), (joints, column)):
        channel = b.constant(np.arange(first, first + joints, dtype=np.int32))
        at = b.ops("PACK", [row, column, channel], [(joints, 3)], values_count=3, axis=1)
        shift = b.op("GATHER_ND", [b.reshape(offsets, h, w, 2 * joints), *at], (joints,))
        moved.append(b.add(b.mul(b.cast(place, "int32", "float32"), 16.0), shift))
    at = b.ops("PACK", [best, joint], [(joints, 2)], values_count=2, axis=1)
    logits = b.op("GATHER_ND", [b.reshape(heat, h * w, joints), *at], (joints,))
    points = b.op("PACK", moved, (joints, 2), values_count=2, axis=1)
    return b.build(points, b.op("LOGISTIC", [logits]), heat, offsets)


def movenet(size: int = 192, width: float = 1.0, blocks: int | None = None) -> bytes:
    """A pyramid of features, heads for the person's centre and its joints; whose joints they are is
    decided by how far they are from the centre."""
    b = Builder()
    pixels = b.input("image", (1, size, size, 3))
    maps = mobilenet_v2(b, b.sub(b.mul(pixels, 1 / 127.5), 1.0), width, blocks=blocks)
    t = b.conv(maps[6], _wide(64, width), 1)
    for skip in (maps[4], maps[2], maps[1]):
        _, h, w, _ = b.shapes[skip]
        lateral = b.conv(skip, b.shapes[t][3], 1)
        t = b.add(b.resize(t, h, w, half_pixel_centers=True), lateral)
        t = b.conv(b.depthwise(t), b.shapes[t][3], 1, activation="RELU")
    _, h, w, depth = b.shapes[t]
    joints = 17

    def head(channels: int) -> int:
        return b.conv(b.conv(b.depthwise(t), depth, 1, activation="RELU"), channels, 1)

    centre, regressed, heat, offsets = head(1), head(2 * joints), head(joints), head(2 * joints)
    middle = np.stack(np.mgrid[:h, :w], -1).astype(np.float32)  # of every pixel, its place
    weight = 1 / (np.hypot(*(middle - [h / 2, w / 2]).transpose(2, 0, 1)) + 1.8)
    weighted = b.mul(b.op("LOGISTIC", [centre]), b.constant(weight[None, :, :, None]))
    best = b.arg_max(b.reshape(weighted, 1, h * w), 1)
    row = b.two("FLOOR_DIV", best, b.constant(np.int32(w)))
    column = b.two("SUB", best, b.two("MUL", row, b.constant(np.int32(w))))
    at = b.ops("PACK", [row, column], [(1, 2)], values_count=2, axis=1)
    from_centre = b.op("GATHER_ND", [b.reshape(regressed, h, w, 2 * joints), *at], (1, 2 * joints))
    place = b.reshape(b.cast(*at, "int32", "float32"), 1, 1, 2)
    expected = b.add(b.reshape(from_centre, 1, joints, 2), place)  # (1, joints, 2)
    apart = b.sub(b.constant(middle.reshape(h, w, 1, 2)), b.reshape(expected, 1, 1, joints, 2))
    squares = b.mul(b.reduce("MEAN", b.mul(apart, apart), 3), 2.0)
    distance = b.op("SQRT", [b.add(squares, 1e-3)])
    scores = b.two(
        "DIV", b.op("LOGISTIC", [heat]), b.add(b.reshape(distance, 1, h, w, joints), 1.8)
    )
    peak = b.arg_max(b.reshape(scores, h * w, joints), 0)
    channel = b.constant(np.arange(joints, dtype=np.int32))
    at = b.ops("PACK", [peak, channel], [(joints, 2)], values_count=2, axis=1)
    score = b.op("GATHER_ND", [b.reshape(b.op("LOGISTIC", [heat]), h * w, joints), *at], (joints,))
    shift = b.op("GATHER_ND", [b.reshape(offsets, h * w, joints, 2), *at], (joints, 2))
    rows = b.two("FLOOR_DIV", peak, b.constant(np.int32(w)))
    columns = b.two("FLOOR_MOD", peak, b.constant(np.int32(w)))
    grid = b.op("PACK", [rows, columns], (joints, 2), values_count=2, axis=1)
    points = b.mul(b.add(b.cast(grid, "int32", "float32"), shift), 1 / h)
    found = b.concat([points, b.reshape(score, joints, 1)])
    return b.build(b.reshape(found, 1, 1, joints, 3))
