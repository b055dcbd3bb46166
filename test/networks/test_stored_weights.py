"""Tests of files of weights that are damaged or say what no model has."""

from __future__ import annotations

from dataclasses import fields
import json
from pathlib import Path

import pytest

from slim_split_ros.weights import SHIPPED_MODEL

torch = pytest.importorskip('torch', reason='torch is not here: make setup-training')

from safetensors.torch import save_file  # noqa: E402

from slim_split_ros.networks.config import ModelConfig  # noqa: E402
from slim_split_ros.networks.errors import WeightsError  # noqa: E402
from slim_split_ros.networks.stored_weights import load_model, save_model  # noqa: E402

CONFIG = ModelConfig(('ball',)).to_dict()


def write(path: Path, config: object, codec: str = 'slim') -> Path:
    save_file({'a': torch.zeros(1)}, path, metadata={'codec': codec, 'config': json.dumps(config)})
    return path


@pytest.mark.parametrize('codec', ['slim', 'ensemble'])
@pytest.mark.parametrize('name', [field.name for field in fields(ModelConfig)])
def test_a_configuration_that_no_model_has_is_refused_with_the_file(
    name: str, codec: str, tmp_path: Path
) -> None:
    for value in (10**400, 10**9, -1, 0, None, 'x', [], {}, float('nan'), float('inf'), [[1e308]]):
        path = write(tmp_path / 'model.safetensors', CONFIG | {name: value}, codec)
        with pytest.raises(WeightsError, match=r'model\.safetensors cannot be read as a model'):
            load_model(path)


@pytest.mark.parametrize('config', [[], None, 5, {}, {'classes': ['a'], 'more': 1}])
def test_what_is_no_configuration_is_refused_with_the_file(config: object, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r'model\.safetensors cannot be read as a model'):
        load_model(write(tmp_path / 'model.safetensors', config))


@pytest.mark.parametrize('content', [b'', b'\0' * 8, b'\xff' * 64, b'PK\3\4', b'{}' * 50])
def test_what_is_no_safetensors_file_is_refused_with_the_file(
    content: bytes, tmp_path: Path
) -> None:
    (tmp_path / 'model.safetensors').write_bytes(content)
    with pytest.raises(WeightsError, match=r'model\.safetensors cannot be read as a model'):
        load_model(tmp_path)


def test_weights_may_be_read_by_whoever_may_read_what_is_beside_them(tmp_path: Path) -> None:
    shipped = SHIPPED_MODEL / 'model.safetensors'
    file, beside = tmp_path / 'model.safetensors', tmp_path / 'beside'
    model = load_model(shipped)
    save_model(model, file)
    beside.touch()

    assert file.stat().st_mode == beside.stat().st_mode
    again = load_model(file).state_dict()
    assert all(torch.equal(again[name], value) for name, value in model.state_dict().items())
