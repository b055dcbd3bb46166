"""Networks as files for ONNX Runtime: traced, checked and stored in half size."""

from __future__ import annotations

from pathlib import Path
import warnings

import numpy as np
import onnx
from onnx import numpy_helper
import torch
from torch import Tensor, nn

from slim_split_ros.networks.candidates import top_candidates
from slim_split_ros.networks.detector import Detector
from slim_split_ros.networks.split_detector import SplitDetector, normalize, to_pixels
from slim_split_ros.networks.stored_weights import CodecModel

OPSET = 17
TRACE_SIZE = (416, 320)  # any size will do: height and width stay free
SMALL_TENSOR = 256  # elements; storing less in half precision saves nothing


class RebuildGraph(nn.Module):
    """Decoder: symbols in, a picture out, as the detector takes it and as pixels."""

    def __init__(self, model: SplitDetector) -> None:
        super().__init__()
        self.model = model

    def forward(self, symbols: Tensor, inverse_gain: Tensor, width_index: Tensor
                ) -> tuple[Tensor, Tensor]:
        """Map (N, L, h, w), (N, L), (N,) to (N, 3, H, W) and uint8 (N, H, W, 3), BGR."""
        values = self.model.rebuild(symbols, inverse_gain, width_index)
        return values, to_pixels(values)


class DetectGraph(nn.Module):
    """Detector and top-k: rebuilt pictures in, candidate boxes out."""

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map normalized (N, 3, H, W) to boxes (N, K, 4), scores (N, K), labels (N, K)."""
        return top_candidates(self.detector(values))


class ServerGraph(nn.Module):
    """Decoder, detector and top-k of systems that rebuild no picture: symbols to candidates."""

    def __init__(self, model: CodecModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, symbols: Tensor, inverse_gain: Tensor, width_index: Tensor
                ) -> tuple[Tensor, Tensor, Tensor]:
        """Map (N, L, h, w), (N, L), (N,) to boxes (N, K, 4), scores (N, K), labels (N, K)."""
        return top_candidates(self.model.decode(symbols, inverse_gain, width_index))


class PictureGraph(nn.Module):
    """Detector and top-k: pixels in, candidate boxes out."""

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map uint8 (N, H, W, 3) to boxes (N, K, 4), scores (N, K), labels (N, K)."""
        return top_candidates(self.detector(normalize(image.permute(0, 3, 1, 2))))


def write_encoder(robot: nn.Module, latent_channels: int, path: Path) -> None:
    """Write what the robot runs at one width: `image`, `gain` to `symbols`."""
    height, side = TRACE_SIZE
    image = torch.zeros(1, height, side, 3, dtype=torch.uint8)
    gain = torch.ones(latent_channels)
    _trace(robot, (image, gain), path, ['image', 'gain'], {
        'image': {1: 'height', 2: 'width'}, 'symbols': {2: 'latent_height', 3: 'latent_width'}})


def write_map(robot_map: nn.Module, path: Path) -> None:
    """Write what steers video at one width: `image` to `levels`."""
    height, side = TRACE_SIZE
    image = torch.zeros(1, height, side, 3, dtype=torch.uint8)
    _trace(robot_map, (image,), path, ['image'], {
        'image': {1: 'height', 2: 'width'}, 'levels': {2: 'latent_height', 3: 'latent_width'}})


def write_rebuild(model: SplitDetector, latent_channels: int, stride: int, path: Path) -> None:
    """
    Write the first part of the server's half: symbols to `values` and `picture`.

    The detector goes on from `values`, whose range is free: where few bits are left, what lies
    beyond black and white still tells it something (`docs/experiments.md`).
    """
    _trace_symbols(RebuildGraph(model), latent_channels, stride, path, {
        'values': {0: 'batch', 2: 'height', 3: 'width'},
        'picture': {0: 'batch', 1: 'height', 2: 'width'}})


def write_detect(detector: Detector, path: Path) -> None:
    """Write the second part of the server's half: `values` to candidates."""
    _trace(DetectGraph(detector), (torch.zeros(2, 3, *TRACE_SIZE),), path, ['values'], {
        'values': {0: 'batch', 2: 'height', 3: 'width'},
        **{name: {0: 'batch'} for name in ('boxes', 'scores', 'labels')}})


def write_server(model: CodecModel, latent_channels: int, stride: int, path: Path) -> None:
    """Write a server's half that rebuilds no picture: symbols to candidates."""
    _trace_symbols(ServerGraph(model), latent_channels, stride, path, {
        name: {0: 'batch'} for name in ('boxes', 'scores', 'labels')})


def _trace_symbols(graph: nn.Module, latent_channels: int, stride: int, path: Path,
                   outputs: dict[str, dict[int, str]]) -> None:
    """Write a graph of `symbols`, `inverse_gain` and `width_index`, as many as there are."""
    height, side = (size // stride for size in TRACE_SIZE)
    inputs = (torch.zeros(2, latent_channels, height, side, dtype=torch.int8),
              torch.ones(2, latent_channels), torch.zeros(2, dtype=torch.int64))
    names = ['symbols', 'inverse_gain', 'width_index']
    free = {**{name: {0: 'batch'} for name in names}, **outputs}
    free['symbols'].update({2: 'latent_height', 3: 'latent_width'})
    _trace(graph, inputs, path, names, free)


def write_picture_detector(detector: Detector, path: Path) -> None:
    """Write a whole detector: `image`, uint8 (1, H, W, 3), BGR, to candidates."""
    height, side = TRACE_SIZE
    image = torch.zeros(1, height, side, 3, dtype=torch.uint8)
    _trace(PictureGraph(detector), (image,), path, ['image'], {
        'image': {1: 'height', 2: 'width'}, 'boxes': {}, 'scores': {}, 'labels': {}})


def _trace(module: nn.Module, inputs: tuple[Tensor, ...], path: Path, names: list[str],
           free: dict[str, dict[int, str]]) -> None:
    outputs = [name for name in free if name not in names]
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # the tracer's remarks on shapes that stay free
        torch.onnx.export(
            module.eval().requires_grad_(False), inputs, path, input_names=names,
            output_names=outputs, dynamic_axes=free, opset_version=OPSET, dynamo=False)
    store_in_half(path)


def store_in_half(path: Path) -> None:
    """
    Rewrite large float32 constants as float16 with a cast, which is folded when loaded.

    Exact where the weights were rounded to float16 before, as `export` does.
    """
    graph = onnx.load(path)
    casts = []
    for constant in graph.graph.initializer:
        array = numpy_helper.to_array(constant)
        if array.dtype != np.float32 or array.size < SMALL_TENSOR:
            continue
        name = constant.name
        constant.CopyFrom(numpy_helper.from_array(array.astype(np.float16), f'{name}.half'))
        casts.append(onnx.helper.make_node(
            'Cast', [f'{name}.half'], [name], to=onnx.TensorProto.FLOAT))
    for cast in reversed(casts):
        graph.graph.node.insert(0, cast)
    onnx.checker.check_model(graph)
    onnx.save(graph, path)
