"""The file of a model's weights: safetensors in half precision with the configuration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
import torch
from torch import nn

from slim_split_ros.networks.config import ModelConfig
from slim_split_ros.networks.errors import WeightsError
from slim_split_ros.networks.rivals.ensemble import EnsembleDetector
from slim_split_ros.networks.split_detector import SplitDetector

WEIGHTS_FILE = 'model.safetensors'
CodecModel = SplitDetector | EnsembleDetector
# By the name that a file gives; a file without one holds ours.
CODECS: dict[str, type[CodecModel]] = {'slim': SplitDetector, 'ensemble': EnsembleDetector}

Model = TypeVar('Model', bound=nn.Module)


def round_to_half(model: Model) -> Model:
    """Round weights to float16 in place, so that every file of a model holds the same ones."""
    for tensor in model.state_dict().values():
        if tensor.dtype == torch.float32:
            tensor.copy_(tensor.half().float())
    return model.eval()


def save_model(model: CodecModel, path: Path) -> None:
    """Write weights that `round_to_half` rounded; others would lose digits unseen."""
    tensors = {name: (tensor.half() if tensor.dtype == torch.float32 else tensor).contiguous()
               for name, tensor in model.state_dict().items()}
    codec = next(name for name, kind in CODECS.items() if type(model) is kind)
    # One entry: several are written in an order that changes, and the file's hash with it.
    # Not save_file, whose file nobody else on the machine may read.
    path.write_bytes(save(tensors, metadata={
        'config': json.dumps({'codec': codec, **model.config.to_dict()})}))


def load_model(path: Path) -> CodecModel:
    """
    Read `model.safetensors`, or the one in a model folder, as float32.

    Raises WeightsError naming the file.
    """
    path = path / WEIGHTS_FILE if path.is_dir() else path
    try:
        with safe_open(path, framework='pt') as file:
            metadata = file.metadata()
            config = json.loads(metadata['config'])
            codec = config.pop('codec', metadata.get('codec', 'slim'))  # which stood beside it
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        config = ModelConfig.from_dict(config)
        if codec == 'slim':
            detects = any(name.startswith('detector.') for name in tensors)
            model = SplitDetector(config, detects=detects)
        else:
            model = CODECS[codec](config)
        model.load_state_dict(
            {name: tensor.float() if tensor.is_floating_point() else tensor
             for name, tensor in tensors.items()})
    except (SafetensorError, OSError, ArithmeticError, AttributeError, LookupError, TypeError,
            ValueError, RuntimeError) as error:
        raise WeightsError(
            f'{path} cannot be read as a model ({str(error).splitlines()[0]}): train one, or '
            'point to a folder that `export` wrote') from error
    return model.eval()
