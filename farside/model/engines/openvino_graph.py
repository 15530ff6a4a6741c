"""Rewrites of OpenVINO graphs: exact instance normalisation and Winograd convolution."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as ops

MIN_CHANNELS = 512
"""Minimum channels for :func:`use_winograd`: speed-up 1.8 at 512 channels, 1.2 at 256."""

# F(4×4, 3×3) of Lavin & Gray 2016, "Fast algorithms for convolutional neural networks",
# arXiv:1509.09308: tiles of 6² pixels give 4² answers with 36 multiplications in place of 144.
_TILE, _STEP = 6, 4
_OF_INPUT = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
    dtype=np.float32,
)
_OF_KERNEL = np.array(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ],
    dtype=np.float32,
)
_OF_ANSWER = np.array(
    [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]],
    dtype=np.float32,
)


def normalise_exactly(graph: ov.Model) -> None:
    """Replace every normalisation over a plane of known size by one that uses means of means.

    OpenVINO's own kernel adds the squares of a plane one by one in float32. Over 1024² pixels this
    loses three digits: a relative error of 1e-3 in the output of Pix2PixCC.
    """
    for node in graph.get_ordered_ops():
        if node.get_type_name() == "MVN":
            plane = node.input_value(0)
            centred = ops.subtract(plane, _plane_mean(plane)).output(0)
            variance = _plane_mean(ops.multiply(centred, centred).output(0))
            deviation = ops.sqrt(ops.add(variance, np.float32(node.get_attributes()["eps"])))
            node.output(0).replace(ops.divide(centred, deviation).output(0))


def _plane_mean(planes: ov.Output) -> ov.Output:
    """Mean over y and x of (n, channel, y, x), first within tiles of at most 32² pixels."""
    sides = planes.get_shape()[2:]
    tile = [next(k for k in range(32, 0, -1) if side % k == 0) for side in sides]
    no_padding = [0, 0]
    means = ops.avg_pool(planes, tile, no_padding, no_padding, tile, exclude_pad=True)
    return ops.reduce_mean(means, np.array([2, 3]), keep_dims=True).output(0)


def use_winograd(graph: ov.Model) -> None:
    """Replace wide 3×3 convolutions by Winograd's algorithm, in a graph of known size.

    This needs a quarter of the multiplications and four times the memory for weights, with a
    relative error of 1e-5. The size may change afterwards as long as the sides of all planes stay
    multiples of four pixels.
    """
    for node in graph.get_ordered_ops():
        if node.get_type_name() == "Convolution" and _suits(node):
            node.output(0).replace(_winograd(node).output(0))


def _suits(convolution: ov.Node) -> bool:
    outputs, inputs, *kernel = convolution.input_value(1).get_shape()
    attributes = convolution.get_attributes()
    plain = all(
        list(attributes[key]) == [value, value]
        for key, value in (("strides", 1), ("dilations", 1), ("pads_begin", 0), ("pads_end", 0))
    )
    tiled = all(side % _STEP == 0 for side in convolution.output(0).get_shape()[2:])
    return plain and tiled and kernel == [3, 3] and min(outputs, inputs) >= MIN_CHANNELS


def _winograd(convolution: ov.Node) -> ov.Node:
    plane, kernel = (convolution.input_value(index) for index in (0, 1))
    outputs, inputs = kernel.get_shape()[:2]
    tiles = [[_every_fourth(plane, y, x) for x in range(_TILE)] for y in range(_TILE)]
    shape = ops.shape_of(tiles[0][0])  # 1, input, y / 4, x / 4
    given = ops.reshape(
        ops.concat(_both_ways(_OF_INPUT, tiles), axis=0), np.array([_TILE**2, inputs, -1]), False
    )
    products = ops.matmul(_weights(kernel), given, False, False)  # (36, output, tile)
    answer_shape = ops.concat([np.array([1, outputs]), ops.gather(shape, np.array([2, 3]), 0)], 0)
    parts = ops.split(products, np.int64(0), _TILE**2).outputs()
    found = [ops.reshape(part, answer_shape, False) for part in parts]
    rows = [found[start : start + _TILE] for start in range(0, _TILE**2, _TILE)]
    pixels = ops.concat(_both_ways(_OF_ANSWER, rows), axis=1)  # (1, 16 · output, y / 4, x / 4)
    return ops.depth_to_space(pixels, "blocks_first", _STEP)


def _every_fourth(plane: ov.Output, y: int, x: int) -> ov.Node:
    """Pixel (y, x) of every tile; tiles overlap by two pixels."""
    last = _TILE - 1
    end = np.array([0, 0, y - last, x - last])  # counted from the end; 0 is masked
    free = [1, 1, int(y == last), int(x == last)]
    begin, step = np.array([0, 0, y, x]), np.array([1, 1, _STEP, _STEP])
    return ops.strided_slice(plane, begin, end, step, [1, 1, 0, 0], free)


def _both_ways(matrix: NDArray[np.float32], tiles: Sequence[Sequence[ov.Node]]) -> list[ov.Node]:
    """Transform tiles on both sides, M t Mᵀ, pixel by pixel in row order."""
    columns = list(zip(*tiles, strict=True))
    rows = [[_weighted(weights, column) for column in columns] for weights in matrix]
    return [_weighted(weights, row) for row in rows for weights in matrix]


def _weighted(weights: NDArray[np.float32], nodes: Sequence[ov.Node]) -> ov.Node:
    terms = [
        node if weight == 1 else ops.multiply(node, weight)
        for weight, node in zip(weights, nodes, strict=True)
        if weight
    ]
    total, *others = terms
    for term in others:
        total = ops.add(total, term)
    return total


def _weights(kernel: ov.Output) -> ov.Node:
    """(output, input, 3, 3) → (36, output, input)."""
    outputs, inputs = kernel.get_shape()[:2]
    values = kernel.get_node().data.reshape(-1, 9)
    transformed = np.kron(_OF_KERNEL, _OF_KERNEL) @ values.T  # (36, output · input)
    return ops.constant(transformed.reshape(-1, outputs, inputs), shared_memory=True)
