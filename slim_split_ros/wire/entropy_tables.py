"""
How often does each symbol occur? Integer tables that give the same bits on every machine.

A table belongs to one latent channel at one width and rate. Floats never enter a stream: both
sides hold the same integers, which travel with the weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from slim_split_ros.wire.errors import ManifestError

# Integers of one table sum to this: 12 bits, 0.1 % above the ideal size (see `fit_tables`).
TABLE_TOTAL = 4_096
SYMBOL_LIMITS = (-128, 127)
# Coders number the entries of a table in a byte.
MOST_ENTRIES = 256
# Bits that a symbol outside the alphabet costs beside the escape itself: one plain byte.
ESCAPE_BITS = 8
# Of the bits: a channel is coded as differences where these cost less than this share.
LEAST_SAVING = 0.99
# How many wider alphabets may cost more before the search ends.
PATIENCE = 8


@dataclass(frozen=True, slots=True)
class ChannelTable:
    """
    Hold the frequencies of one channel's symbols.

    Entry i is the frequency of symbol `offset + i`; the last entry is the escape, which stands
    for every symbol outside the alphabet. With `of_differences` the channel is coded as
    differences from its neighbours (`neighbours.py`), and the table is theirs.
    """

    offset: int
    frequencies: tuple[int, ...]
    of_differences: bool = False

    def __post_init__(self) -> None:
        """Refuse a table that cannot code every symbol."""
        if not 2 <= len(self.frequencies) <= MOST_ENTRIES:
            raise ManifestError(
                f'entropy table has {len(self.frequencies)} frequencies, needs at least 2, '
                f'a symbol and the escape, and at most {MOST_ENTRIES}')
        if min(self.frequencies) < 1 or sum(self.frequencies) != TABLE_TOTAL:
            raise ManifestError(
                f'entropy table sums to {sum(self.frequencies)} with least entry '
                f'{min(self.frequencies)}, must sum to {TABLE_TOTAL} with none below 1: '
                'export the model again')
        if not SYMBOL_LIMITS[0] <= self.offset <= self.last_symbol <= SYMBOL_LIMITS[1]:
            raise ManifestError(
                f'entropy table covers symbols {self.offset} to {self.last_symbol}, must lie '
                f'within {SYMBOL_LIMITS[0]} to {SYMBOL_LIMITS[1]}')

    @property
    def escape(self) -> int:
        """Index of the escape entry, which is also the number of symbols in the alphabet."""
        return len(self.frequencies) - 1

    @property
    def last_symbol(self) -> int:
        """Largest symbol of the alphabet."""
        return self.offset + self.escape - 1

    def to_json(self) -> dict[str, Any]:
        """Return plain data for manifest.json."""
        plain = {'offset': self.offset, 'frequencies': list(self.frequencies)}
        return plain | ({'of_differences': True} if self.of_differences else {})

    @classmethod
    def from_json(cls, data: Any) -> ChannelTable:
        """Build from what `to_json` gave; raises ManifestError for anything else."""
        try:
            offset, frequencies = data['offset'], tuple(data['frequencies'])
            of_differences = data.get('of_differences', False)
        except (AttributeError, KeyError, TypeError) as error:
            raise ManifestError(
                f'entropy table is {data!r:.60}, must have offset and frequencies') from error
        if not all(type(value) is int and abs(value) <= TABLE_TOTAL
                   for value in (offset, *frequencies)):
            raise ManifestError(
                f'entropy table holds something else than integers of up to {TABLE_TOTAL}')
        if type(of_differences) is not bool:
            raise ManifestError(
                f'entropy table has of_differences {of_differences!r:.40}, must be true or false')
        return cls(offset, frequencies, of_differences)


@dataclass(frozen=True, slots=True, eq=False)
class ChannelTables:
    """
    Hold one table a channel, for one width and rate.

    Compared and hashed by identity: coders keep what they derive from it, and hashing 48 tables
    by value took as long as coding a frame.
    """

    channels: tuple[ChannelTable, ...]

    def __len__(self) -> int:
        return len(self.channels)

    def __iter__(self) -> Iterator[ChannelTable]:
        return iter(self.channels)

    def to_json(self) -> list[dict[str, Any]]:
        """Return plain data for manifest.json."""
        return [table.to_json() for table in self.channels]

    @classmethod
    def from_json(cls, data: Any) -> ChannelTables:
        """Build from what `to_json` gave; raises ManifestError for anything else."""
        if not isinstance(data, list):
            raise ManifestError(f'entropy tables are {data!r:.40}, must be a list')
        return cls(tuple(ChannelTable.from_json(table) for table in data))


def fit_tables(counts: np.ndarray, difference_counts: np.ndarray | None = None) -> ChannelTables:
    """
    Choose each channel's alphabet and frequencies for the fewest expected bits.

    `counts` is (channels, 256): how often symbols -128 to 127 occurred, in that order;
    `difference_counts` is the same of their differences, which are coded where that saves 1 %. The
    alphabet is -A to A with the A that costs least: each entry takes at least 1/4096 of the
    probability, each symbol outside costs the escape and a byte. Tables fitted to a frame itself
    code it within 0.1 % of its entropy (shared 9,600 symbols of a Laplace distribution).
    """
    plain = [_fit_channel(channel) for channel in _checked(counts)]
    if difference_counts is None:
        return ChannelTables(tuple(fit.table() for fit in plain))
    of_differences = [_fit_channel(channel) for channel in _checked(difference_counts)]
    return ChannelTables(tuple(
        other.table(of_differences=True) if other.bits < LEAST_SAVING * fit.bits else fit.table()
        for fit, other in zip(plain, of_differences, strict=True)))


def fit_alphabet(counts: np.ndarray) -> ChannelTable:
    """Return a table of symbols 0 to n - 1 from how often (n,) each occurred: all have entries."""
    observed = np.append(np.maximum(counts, 1), 1).astype(np.float64)  # the escape last
    return ChannelTable(0, tuple(_quantize(observed / observed.sum()).tolist()))


def count_symbols(symbols: np.ndarray) -> np.ndarray:
    """Count symbols for `fit_tables`: int8 (C, h, w) gives int64 (C, 256)."""
    counts = [np.bincount(channel.ravel().astype(np.int64) - SYMBOL_LIMITS[0], minlength=256)
              for channel in symbols]
    return np.array(counts, np.int64).reshape(-1, 256)


@dataclass(frozen=True, slots=True)
class _Fit:
    """Hold the best alphabet -reach to reach of a channel, and what it costs."""

    bits: float
    reach: int
    frequencies: np.ndarray

    def table(self, *, of_differences: bool = False) -> ChannelTable:
        return ChannelTable(-self.reach, tuple(self.frequencies.tolist()), of_differences)


def _checked(counts: np.ndarray) -> np.ndarray:
    counts = np.asarray(counts, np.float64)
    if counts.ndim != 2 or counts.shape[1] != 256 or not np.all(counts >= 0):
        raise ValueError(
            f'counts has shape {counts.shape}, must be (channels, 256) of non-negative numbers')
    return counts


def _fit_channel(counts: np.ndarray) -> _Fit:
    zero = -SYMBOL_LIMITS[0]
    if not counts.any():
        counts = counts.copy()
        counts[zero] = 1.0  # a channel never seen: expect zeros
    used = np.flatnonzero(counts) - zero
    widest = min(int(np.abs(used).max()), SYMBOL_LIMITS[1])
    best = _Fit(np.inf, 0, np.empty(0))
    for reach in range(widest + 1):
        bits, frequencies = _quantize_alphabet(counts, reach)
        if bits < best.bits:
            best = _Fit(bits, reach, frequencies)
        elif reach > best.reach + PATIENCE:
            break
    return best


def _quantize_alphabet(counts: np.ndarray, reach: int) -> tuple[float, np.ndarray]:
    """Return the bits that `counts` cost with alphabet -reach to reach, and the frequencies."""
    zero = -SYMBOL_LIMITS[0]
    inside = counts[zero - reach:zero + reach + 1]
    outside = counts.sum() - inside.sum()
    observed = np.append(inside, outside)
    frequencies = _quantize(observed / observed.sum())
    bits = -np.sum(observed * np.log2(frequencies / TABLE_TOTAL)) + ESCAPE_BITS * outside
    return float(bits), frequencies


def _quantize(probabilities: np.ndarray) -> np.ndarray:
    """Round to integers of at least 1 that sum to TABLE_TOTAL, at the least cost in bits."""
    frequencies = np.maximum(1, np.round(probabilities * TABLE_TOTAL)).astype(np.int64)
    while (excess := int(frequencies.sum()) - TABLE_TOTAL) != 0:
        step = -1 if excess > 0 else 1
        changed = np.maximum(1, frequencies + step)
        gain = probabilities * np.log2(changed / frequencies)
        gain[changed == frequencies] = -np.inf  # already 1
        # Many at once while far away, so that a flat table does not take thousands of rounds.
        best = np.argsort(-gain, kind='stable')[:min(abs(excess), len(frequencies))]
        frequencies[best[np.isfinite(gain[best])]] += step
    return frequencies
