"""Which parameters of a codec and its server learn how fast? Four groups for the optimizer."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn

TRANSFORM_RATE = 0.005  # of the cosine kernels, small numbers that start right
SERVER_RATE = 0.3  # of trunk, neck and head, which start trained
PRIOR_RATE = 15.0  # of the prior's scales, or it lags behind and bits mislead


def codec_groups(learning_rate: float, codecs: Iterable[nn.Module],
                 priors: list[nn.Parameter], kernels: list[nn.Parameter],
                 trained: Iterable[nn.Module]) -> list[dict]:
    """
    Return four groups: what starts untrained, the priors, the transforms, what starts trained.

    `codecs` may contain the others; frozen parameters are left out.
    """
    tuned = [parameter for part in trained for parameter in part.parameters()]
    apart = {id(parameter) for parameter in (*priors, *kernels, *tuned)}
    fresh = [parameter for part in codecs for parameter in part.parameters()
             if id(parameter) not in apart and parameter.requires_grad]
    groups = [{'params': fresh, 'initial_lr': learning_rate},
              {'params': priors, 'initial_lr': PRIOR_RATE * learning_rate, 'weight_decay': 0.0},
              {'params': kernels, 'initial_lr': TRANSFORM_RATE * learning_rate,
               'weight_decay': 0.0},
              {'params': tuned, 'initial_lr': SERVER_RATE * learning_rate}]
    return [{**group, 'lr': group['initial_lr']} for group in groups]
