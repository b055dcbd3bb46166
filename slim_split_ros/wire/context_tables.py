"""
The tables of a model whose symbols are coded by what is known before them.

All widths and rates share them; a width and rate has its own expected sizes of coefficients.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from slim_split_ros.wire.entropy_tables import ChannelTable
from slim_split_ros.wire.errors import ManifestError

SILENT = -1
BANK = 32  # tables, of rising expected sizes
MOST_LEVELS = 3
MOST_PARENTS = 8
# Of sizes up to 255: in sixteenths of an octave, with 16 bits behind the point.
LARGEST_EXPECTED = 24 * 16 - 1


@dataclass(frozen=True, slots=True, eq=False)
class Contexts:
    """
    Hold the tables that all widths and rates of a model share.

    `levels` has one for each combination of levels of four neighbours; the two banks have BANK
    each, for the planes, which are the first channels after the levels and travel as differences,
    and for all others. `parents` names earlier channels of the same cell whose magnitudes tell
    most, for every channel. Compared by identity, as coders keep what they derive from it.
    """

    levels: tuple[ChannelTable, ...]
    plane_bank: tuple[ChannelTable, ...]
    cell_bank: tuple[ChannelTable, ...]
    planes: int
    parents: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        """Refuse tables that do not code every symbol."""
        if len(self.levels) not in [count ** 4 for count in range(1, MOST_LEVELS + 1)]:
            raise ManifestError(
                f'contexts have {len(self.levels)} tables of levels, must have one for each four '
                f'of 1 to {MOST_LEVELS} levels')
        for name, bank in (('plane_bank', self.plane_bank), ('cell_bank', self.cell_bank)):
            if len(bank) != BANK:
                raise ManifestError(f'contexts have {len(bank)} tables in {name}, must be {BANK}')
        if not 1 <= self.planes <= len(self.parents):
            raise ManifestError(
                f'contexts have {self.planes} planes of {len(self.parents)} channels')
        for channel, row in enumerate(self.parents):
            if len(row) > MOST_PARENTS or not all(0 < parent < channel for parent in row):
                raise ManifestError(
                    f'contexts name parents {list(row)!r:.60} of channel {channel}, must be at '
                    f'most {MOST_PARENTS} earlier ones')

    def to_json(self) -> dict[str, Any]:
        """Return plain data for manifest.json."""
        return {name: [table.to_json() for table in getattr(self, name)]
                for name in ('levels', 'plane_bank', 'cell_bank')} | {
            'planes': self.planes, 'parents': [list(row) for row in self.parents]}

    @classmethod
    def from_json(cls, data: Any) -> Contexts:
        """Build from what `to_json` gave; raises ManifestError for anything else."""
        try:
            tables = [tuple(map(ChannelTable.from_json, data[name]))
                      for name in ('levels', 'plane_bank', 'cell_bank')]
            planes, parents = data['planes'], tuple(map(tuple, data['parents']))
        except (KeyError, TypeError) as error:
            raise ManifestError(
                f'contexts are {data!r:.60}, must have levels, plane_bank, cell_bank, planes and '
                'parents') from error
        if any(type(number) is not int for row in ((planes,), *parents) for number in row):
            raise ManifestError('contexts have planes or parents that are no integers')
        if any(table.of_differences for bank in tables for table in bank):
            raise ManifestError('contexts have tables of differences, must be of what is coded')
        return cls(*tables, planes, parents)


@dataclass(frozen=True, slots=True, eq=False)
class ContextTables:
    """
    Hold what one width and rate has of its own.

    `expected` has a row a level, with a number for each channel after that of levels: how large
    its symbols are on average, as `context_model.logarithm` gives it of 1/65536, or SILENT.
    """

    contexts: Contexts
    expected: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        """Refuse numbers that are no sizes, and too many."""
        if len(self.expected) ** 4 != len(self.contexts.levels):
            raise ManifestError(
                f'expected sizes are of {len(self.expected)} levels, contexts have '
                f'{len(self.contexts.levels)} tables of levels')
        if len({len(row) for row in self.expected}) > 1 or not (
                self.contexts.planes <= len(self) <= len(self.contexts.parents)):
            raise ManifestError(
                f'expected sizes are of {sorted({len(row) + 1 for row in self.expected})} '
                f'channels, contexts of {len(self.contexts.parents)}')
        for row in self.expected:
            if not all(SILENT <= number <= LARGEST_EXPECTED for number in row):
                raise ManifestError(
                    f'expected sizes lie from {min(row)} to {max(row)}, must lie from {SILENT} '
                    f'to {LARGEST_EXPECTED}')
            if SILENT in row[:self.contexts.planes - 1]:
                raise ManifestError('expected sizes are silent in planes, which every cell sends')

    def __len__(self) -> int:
        return 1 + len(self.expected[0])

    def to_json(self) -> dict[str, Any]:
        """Return plain data for manifest.json, without what all share."""
        return {'expected': [list(row) for row in self.expected]}

    @classmethod
    def from_json(cls, data: Any, contexts: Contexts) -> ContextTables:
        """Build from what `to_json` gave; raises ManifestError for anything else."""
        try:
            expected = tuple(map(tuple, data['expected']))
        except (KeyError, TypeError) as error:
            raise ManifestError(
                f'entropy tables are {data!r:.60}, must have expected sizes') from error
        if not expected or any(type(number) is not int for row in expected for number in row):
            raise ManifestError('expected sizes are none, or no integers')
        return cls(contexts, expected)
