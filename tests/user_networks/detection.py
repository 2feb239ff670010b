"""Networks that find objects: heads on several feature maps, and what chooses among the boxes."""

from __future__ import annotations

import numpy as np
from flatbuffers import flexbuffers

from user_networks.builder import Builder, ints
from user_networks.vision import mobilenet_v2


def _heads(b: Builder, maps: list[int], classes: int, boxes: int) -> tuple[int, int]:
    """Encoded boxes (1, n, 4) and logits (1, n, classes) of all maps."""
    encodings, logits = [], []
    for t in maps:
        places = b.conv(b.depthwise(t, activation="RELU6"), 4 * boxes, 1)
        encodings.append(b.reshape(places, 1, -1, 4))
        kinds = b.conv(b.depthwise(t, activation="RELU6"), classes * boxes, 1)
        logits.append(b.reshape(kinds, 1, -1, classes))
    return b.concat(encodings, 1), b.concat(logits, 1)


def _anchors(b: Builder, maps: list[int], boxes: int) -> np.ndarray:
    """Centre, height and width of the boxes of every pixel, in images."""
    rows = []
    for level, t in enumerate(maps):
        _, h, w, _ = b.shapes[t]
        y, x = np.mgrid[:h, :w].reshape(2, -1)
        for i in range(boxes):
            size = 0.1 + 0.15 * level + 0.05 * i
            sizes = np.full_like(y, 1.0, float) * size
            rows.append(np.stack([(y + 0.5) / h, (x + 0.5) / w, sizes, sizes], -1))
    return np.concatenate(rows).astype(np.float32)


def ssd(
    size: int = 300,
    width: float = 1.0,
    classes: int = 91,
    blocks: int | None = None,
    regular: bool = False,
) -> bytes:
    """SSD-MobileNet v2, whose boxes TFLite_Detection_PostProcess chooses."""
    b = Builder()
    stages = mobilenet_v2(b, b.input("image", (1, size, size, 3)), width, blocks=blocks)
    maps = [stages[4], stages[6]]
    while b.shapes[maps[-1]][1] > 1:
        depth = b.shapes[maps[-1]][3]
        t = b.conv(maps[-1], max(depth // 2, 8), 1, activation="RELU6")
        maps.append(b.conv(t, b.shapes[t][3] * 2, stride=2, activation="RELU6"))
    boxes = 3
    encodings, logits = _heads(b, maps, classes, boxes)
    scores = b.op("LOGISTIC", [logits])
    most = 10
    outputs = [
        b.tensor(name, shape)
        for name, shape in {
            "boxes": (1, most, 4),
            "classes": (1, most),
            "scores": (1, most),
            "count": (1,),
        }.items()
    ]
    options = {
        "max_detections": most,
        "max_classes_per_detection": 1,
        "detections_per_class": 100,
        "use_regular_nms": regular,
        "nms_score_threshold": 0.3,
        "nms_iou_threshold": 0.6,
        "num_classes": classes - 1,
        "y_scale": 10.0,
        "x_scale": 10.0,
        "h_scale": 5.0,
        "w_scale": 5.0,
    }
    b.net.op(
        "CUSTOM",
        [encodings, scores, b.constant(_anchors(b, maps, boxes))],
        outputs,
        custom_code="TFLite_Detection_PostProcess",
        custom_options=bytes(flexbuffers.Dumps(options)),
    )
    return b.build(*outputs)


def efficient_det(size: int = 320, width: int = 64, classes: int = 90, rounds: int = 3) -> bytes:
    """A pyramid whose levels are added with weights, up and down; the best boxes by TOPK_V2 and
    NON_MAX_SUPPRESSION_V5."""
    b = Builder()
    t, levels = b.input("image", (1, size, size, 3)), []
    for i in range(5):
        t = b.swish(b.conv(b.depthwise(t) if i else t, min(16 << i, 4 * width), 1 if i else 3, 2))
        levels.append(b.conv(t, width, 1))
    levels = levels[2:]
    for _ in range(rounds):
        for i in reversed(range(len(levels) - 1)):
            _, h, w, _ = b.shapes[levels[i]]
            larger = b.resize(levels[i + 1], h, w, "RESIZE_NEAREST_NEIGHBOR")
            levels[i] = _fused(b, levels[i], larger)
        for i in range(1, len(levels)):
            smaller = b.pool("MAX_POOL_2D", levels[i - 1], 3, 2)
            levels[i] = _fused(b, levels[i], smaller)
    encodings, logits = _heads(b, levels, classes, 3)
    count = b.shapes[logits][1]
    scores = b.op("LOGISTIC", [logits])
    best = b.reduce("REDUCE_MAX", scores, 2)
    k = min(100, count)
    top = b.tensor("top", (1, k)), b.tensor("places", (1, k), "int32")
    b.net.op("TOPK_V2", [best, b.constant(np.int32(k))], list(top))
    boxes = b.gather(encodings, top[1], 1)
    boxes = b.add(b.reshape(boxes, k, 4), b.constant(ints(0, 0, 1, 1).astype(np.float32)))
    chosen = b.tensor("chosen", (20,), "int32"), b.tensor("chosen_scores", (20,))
    number = b.tensor("number", (), "int32")
    b.net.op(
        "NON_MAX_SUPPRESSION_V5",
        [
            boxes,
            b.reshape(top[0], k),
            b.constant(np.int32(20)),
            b.constant(np.float32(0.5)),
            b.constant(np.float32(0.2)),
            b.constant(np.float32(0)),
        ],
        [*chosen, number],
    )
    return b.build(b.gather(boxes, chosen[0]), chosen[1], number, scores)


def _fused(b: Builder, x: int, y: int) -> int:
    a, c = b.rng.uniform(0.3, 0.7, 2)
    t = b.swish(b.add(b.mul(x, float(a)), b.mul(y, float(c))))
    return b.conv(b.depthwise(t), b.shapes[t][3], 1)


def yolo(size: int = 320, width: int = 32, classes: int = 80, blocks: int = 2) -> bytes:
    """YOLOv5: swish, pooled windows side by side, and boxes decoded by the network itself."""
    b = Builder()
    t = b.swish(b.conv(b.input("image", (1, size, size, 3)), width, 6, 2))
    maps = []
    for i in range(4):
        t = b.swish(b.conv(t, width << (i + 1), 3, 2))
        for _ in range(blocks):
            half = b.swish(b.conv(t, width << i, 1))
            inner = b.swish(b.conv(b.swish(b.conv(half, width << i, 1)), width << i))
            t = b.swish(b.conv(b.concat([b.add(half, inner), half]), width << (i + 1), 1))
        maps.append(t)
    t = b.swish(b.conv(t, 8 * width, 1))
    pools = [t]
    for _ in range(3):
        pools.append(b.pool("MAX_POOL_2D", pools[-1], 5, 1))
    deep = b.swish(b.conv(b.concat(pools), 8 * width, 1))
    _, h, w, _ = b.shapes[maps[2]]
    up = b.resize(deep, h, w, "RESIZE_NEAREST_NEIGHBOR", half_pixel_centers=True)
    middle = b.swish(b.conv(b.concat([up, maps[2]]), 8 * width, 1))
    found = [_decoded(b, t, classes, size) for t in (middle, deep)]
    return b.build(b.concat(found, 1))


def _decoded(b: Builder, t: int, classes: int, size: int) -> int:
    _, h, w, _ = b.shapes[t]
    boxes, depth = 3, 5 + classes
    y = b.op("LOGISTIC", [b.reshape(b.conv(t, boxes * depth, 1), 1, h * w, boxes, depth)])
    grid = np.stack(np.mgrid[:h, :w][::-1], -1).reshape(1, h * w, 1, 2) - 0.5
    shape = (1, h * w, boxes)
    place = b.part(y, (0, 0, 0, 0), (*shape, 2))
    place = b.mul(b.add(b.mul(place, 2.0), b.constant(grid)), 1 / h)
    extent = b.mul(b.part(y, (0, 0, 0, 2), (*shape, 2)), 2.0)
    reach = b.constant(b.rng.uniform(10, 100, (1, 1, boxes, 2)) / size)
    extent = b.mul(b.two("POW", extent, 2.0), reach)
    rest = b.part(y, (0, 0, 0, 4), (*shape, 1 + classes))
    return b.reshape(b.concat([place, extent, rest]), 1, h * w * boxes, depth)
