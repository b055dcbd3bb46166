"""Checkpoints of a stage: tensors and JSON in safetensors, of which nothing is unpickled."""

from __future__ import annotations

import json
import os
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
import torch
from torch import Tensor

from slim_split_ros.training.errors import CheckpointError


def save_checkpoint(path: Path, groups: dict[str, dict[str, Tensor]], metadata: dict) -> None:
    """Write named groups of tensors and JSON metadata, all or nothing."""
    flat = {f'{group}/{name}': value.detach().contiguous().clone()
            for group, tensors in groups.items() for name, value in tensors.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix('.partial')
    # Not `save_file`: of a full disk it says so in an error of its own.
    partial.write_bytes(save(flat, metadata={'json': json.dumps(metadata)}))
    os.replace(partial, path)


def load_checkpoint(path: Path) -> tuple[dict[str, dict[str, Tensor]], dict]:
    """Read what `save_checkpoint` wrote. Raises CheckpointError if the file is damaged."""
    groups: dict[str, dict[str, Tensor]] = {}
    try:
        with safe_open(path, framework='pt') as file:
            metadata = json.loads(file.metadata()['json'])
            for key in file.keys():  # noqa: SIM118 (not a dict)
                group, name = key.split('/', 1)
                groups.setdefault(group, {})[name] = file.get_tensor(key)
    except (SafetensorError, OSError, TypeError, KeyError, ValueError) as error:
        raise CheckpointError(
            f'{path} cannot be read ({error}); remove it to start this stage again') from error
    return groups, metadata


def flatten_optimizer(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return the optimizer's moments as named tensors."""
    state = optimizer.state_dict()['state']
    return {f'{index}.{name}': torch.as_tensor(value)
            for index, entry in state.items() for name, value in entry.items()}


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put moments back that `flatten_optimizer` took."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group['params']]
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, name = key.split('.', 1)
        if value.ndim:  # files hold rows in order; a GPU's step wants them as its weights lie
            value = torch.empty_like(parameters[int(index)], dtype=value.dtype).copy_(value)
        state.setdefault(int(index), {})[name] = value
    whole = optimizer.state_dict()
    optimizer.load_state_dict({'state': state, 'param_groups': whole['param_groups']})
