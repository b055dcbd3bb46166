"""What an interrupted run goes on with is what it had."""

from __future__ import annotations

from pathlib import Path
import resource

import pytest

torch = pytest.importorskip('torch')

from slim_split_ros.training.checkpoint import (  # noqa: E402
    flatten_optimizer,
    load_checkpoint,
    restore_optimizer,
    save_checkpoint,
)

pytestmark = pytest.mark.torch


def stepped(seed: int, steps: int) -> tuple[torch.nn.Conv2d, torch.optim.Optimizer]:
    """Return a convolution whose weights lie channels last, and its optimizer after some steps."""
    torch.manual_seed(seed)
    conv = torch.nn.Conv2d(4, 8, 3).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(conv.parameters(), lr=1e-2)
    for _ in range(steps):
        optimizer.zero_grad()
        conv(torch.randn(2, 4, 6, 6)).square().sum().backward()
        optimizer.step()
    return conv, optimizer


def test_moments_come_back_as_they_were_and_lie_as_their_weights_do(tmp_path: Path) -> None:
    """A fused step on a GPU refuses moments that lie otherwise."""
    _, before = stepped(0, 3)
    save_checkpoint(tmp_path / 'a.safetensors', {'optimizer': flatten_optimizer(before)}, {})
    conv, after = stepped(1, 0)
    restore_optimizer(after, load_checkpoint(tmp_path / 'a.safetensors')[0]['optimizer'])

    restored, saved = after.state[conv.weight], before.state_dict()['state'][0]
    for name in ('exp_avg', 'exp_avg_sq'):
        assert torch.equal(restored[name], saved[name])
        assert restored[name].stride() == conv.weight.stride()
    assert restored['step'] == 3


def test_a_disk_that_is_full_is_an_error_of_the_system_and_leaves_the_last_one(
    tmp_path: Path
) -> None:
    file, groups = tmp_path / 'a.safetensors', {'model': {'weight': torch.zeros(4096)}}
    save_checkpoint(file, groups, {'step': 1})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match='File too large'):
            save_checkpoint(file, groups, {'step': 2})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert load_checkpoint(file)[1] == {'step': 1}
