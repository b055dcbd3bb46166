"""Is torch's CPU build taken where no GPU is, whatever pip would bring?"""

from __future__ import annotations

import json
from pathlib import Path
import subprocess
from typing import Any

import pytest

from tools.environment import packages
from tools.environment.packages import Installer, install_torch


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record what would be installed."""
    recorded: list[str] = []
    monkeypatch.setattr(
        packages, 'run', lambda command, *rest: recorded.append(' '.join(map(str, command))))
    return recorded


def test_cuda_is_never_installed_on_a_machine_without_gpu(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, commands: list[str]
) -> None:
    _let_pip_resolve_to(monkeypatch, 'torch', 'nvidia-cublas-cu12')
    monkeypatch.setattr(packages, 'has_gpu', lambda: False)

    install_torch(Installer(tmp_path / 'bin' / 'python', tmp_path / 'log', {}), tmp_path)

    assert len(commands) == 2
    assert commands[0].endswith(' uv')
    assert '--torch-backend cpu' in commands[1]


@pytest.mark.parametrize(('names', 'gpu_is_there'), [
    (('torch', 'sympy'), False),
    (('torch', 'nvidia-cublas-cu12'), True),
])
def test_pip_installs_torch_where_its_resolution_fits(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, commands: list[str],
    names: tuple[str, ...], gpu_is_there: bool,
) -> None:
    _let_pip_resolve_to(monkeypatch, *names)
    monkeypatch.setattr(packages, 'has_gpu', lambda: gpu_is_there)

    install_torch(Installer(tmp_path / 'bin' / 'python', tmp_path / 'log', {}), tmp_path)

    assert len(commands) == 1
    assert commands[0].endswith('torch.txt')


def _let_pip_resolve_to(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    report = json.dumps({'install': [{'metadata': {'name': name}} for name in names]})

    def answer(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        assert '--dry-run' in command
        return subprocess.CompletedProcess(command, 0, report, '')

    monkeypatch.setattr(subprocess, 'run', answer)
