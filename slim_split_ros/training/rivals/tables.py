"""The entropy tables of rivals, counted from their symbols as ours are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from slim_split_ros.networks.rivals import late
from slim_split_ros.networks.rivals.prior import round_latent
from slim_split_ros.networks.rivals.rivals import Rivals
from slim_split_ros.networks.split_detector import normalize
from slim_split_ros.training.export.model import fit_all_tables
from slim_split_ros.wire.entropy_tables import ChannelTables, count_symbols, fit_tables
from slim_split_ros.wire.neighbours import to_differences


def fit_rivals_tables(rivals: Rivals, images: list[Tensor]) -> dict[str, Any]:
    """Count the symbols of pictures uint8 (N, 3, H, W); return tables as plain data."""
    rivals.eval()
    unit = torch.ones_like(rivals.entropic.log_scale)
    symbols_of: dict[str, Callable[[Tensor], Tensor]] = {
        'entropic': lambda image: round_latent(rivals.entropic.encoder(image), unit),
        'late': lambda image: late.quantize(rivals.late.encode(rivals.server.stem(image))),
    }
    tables = {name: [_fit(encode, images)] for name, encode in symbols_of.items()}
    plain: dict[str, Any] = {
        name: [table.to_json() for table in rates] for name, rates in tables.items()}
    static = fit_all_tables(rivals.static, images)[0]
    return plain | {'static': {'contexts': static[0].contexts.to_json(),
                               'rates': [rate.to_json() for rate in static]}}


@torch.no_grad()
def _fit(encode: Callable[[Tensor], Tensor], images: Iterable[Tensor]) -> ChannelTables:
    counts, differences = 0, 0
    for batch in images:
        symbols = encode(normalize(batch)).transpose(0, 1).numpy()  # C, N, h, w
        counts = counts + count_symbols(symbols)
        differences = differences + count_symbols(to_differences(symbols))
    return fit_tables(np.asarray(counts), np.asarray(differences))
