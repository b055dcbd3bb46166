"""
How do the rivals lie on disk? One safetensors file, small enough to ship beside the model.

What a robot runs is kept in half precision. What only the server runs, most of the weights, has
8 bits and a scale per output channel: seven megabytes instead of fifteen.
"""

from __future__ import annotations

from dataclasses import dataclass
import json
from pathlib import Path
import re
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
import torch
from torch import Tensor, nn

from slim_split_ros.networks.config import ModelConfig
from slim_split_ros.networks.detector import Detector
from slim_split_ros.networks.errors import WeightsError
from slim_split_ros.networks.rivals.rivals import Rivals

RIVALS_FILE = 'rivals.safetensors'
ON_SERVER = re.compile(r'rivals\.\w+\.(decoder|detector\.(trunk|neck|head))\.')
SMALL_TENSOR = 1024  # elements; fewer are not worth 8 bits
SCALE_SUFFIX = '.scale'
BYTE_LIMIT = 127


@dataclass(frozen=True, slots=True, eq=False)
class StoredRivals:
    """
    Hold the rivals, the robot's own detector and entropy tables.

    `tables` is plain data as `wire` writes it: by codec, one list of channels a rate, or what a
    codec of contexts has.
    """

    rivals: Rivals
    nano: Detector
    nano_config: ModelConfig
    tables: dict[str, Any]

    @property
    def modules(self) -> nn.ModuleDict:
        """Return all networks under the names that their tensors have in the file."""
        return nn.ModuleDict({'rivals': self.rivals, 'nano': self.nano})


@torch.no_grad()
def round_rivals(modules: nn.ModuleDict) -> None:
    """Round weights in place to what a file holds, so that tables fit what is loaded later."""
    for name, tensor in modules.state_dict().items():
        tensor.copy_(_unpacked(_packed(name, tensor), name))


def save_rivals(stored: StoredRivals, path: Path) -> None:
    """Write rivals that `round_rivals` rounded; others would lose digits unseen."""
    tensors = {}
    for name, tensor in stored.modules.state_dict().items():
        tensors |= _packed(name, tensor)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(save(tensors, metadata={
        'config': json.dumps(stored.rivals.config.to_dict()),
        'nano_config': json.dumps(stored.nano_config.to_dict()),
        'tables': json.dumps(stored.tables, separators=(',', ':'))}))


def load_rivals(path: Path) -> StoredRivals:
    """Read what `save_rivals` wrote, as float32. Raises WeightsError naming the file."""
    try:
        with safe_open(path, framework='pt') as file:
            metadata = {key: json.loads(value) for key, value in file.metadata().items()}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        config = ModelConfig.from_dict(metadata['config'])
        nano_config = ModelConfig.from_dict(metadata['nano_config'])
        stored = StoredRivals(
            Rivals(config), Detector(nano_config), nano_config, metadata['tables'])
        stored.modules.load_state_dict({
            name: _unpacked(tensors, name) for name in tensors
            if not name.endswith(SCALE_SUFFIX)})
    except (SafetensorError, OSError, AttributeError, TypeError, KeyError, ValueError,
            RuntimeError) as error:
        raise WeightsError(
            f'{path} cannot be read as rivals ({str(error).splitlines()[0]}): train them with '
            '`train --rivals`') from error
    stored.modules.eval()
    return stored


def _packed(name: str, tensor: Tensor) -> dict[str, Tensor]:
    """Return what a file holds for a tensor."""
    if not tensor.is_floating_point():
        return {name: tensor.contiguous()}
    if tensor.ndim < 2 or tensor.numel() < SMALL_TENSOR or not ON_SERVER.match(name):
        return {name: tensor.half().contiguous()}
    rows = tensor.flatten(1)
    # Few digits of the scale, so that rounding what was rounded changes nothing.
    scale = (rows.abs().amax(1) / BYTE_LIMIT).bfloat16()
    steps = rows / scale.float().clamp_min(torch.finfo(torch.float32).tiny)[:, None]
    packed = steps.round().clamp(-BYTE_LIMIT, BYTE_LIMIT).to(torch.int8)
    return {name: packed.view(tensor.shape).contiguous(), f'{name}{SCALE_SUFFIX}': scale}


def _unpacked(tensors: dict[str, Tensor], name: str) -> Tensor:
    """Return a tensor as float32, or integers as they are."""
    tensor, scale = tensors[name], tensors.get(f'{name}{SCALE_SUFFIX}')
    if scale is None:
        return tensor.float() if tensor.is_floating_point() else tensor
    return tensor.float() * scale.float().view(-1, *[1] * (tensor.ndim - 1))
