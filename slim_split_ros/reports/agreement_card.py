"""The model card of a folder that was fitted to a place and a detector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import math
from typing import Any

from slim_split_ros.reports.agreement_page import (
    MEANING,
    NEEDED_COLUMNS,
    as_points,
    needed_rows,
)


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a user of the folder should know, in words and figures."""

    fingerprint: str
    base: str
    detector: str
    sources: str
    trained_on: str
    tried_on: str
    measured_on: str
    command: str
    input_long_side: int
    encoder_mb: float  # NaN where it was not measured


def render_card(facts: CardFacts, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the card as Markdown, for the points of `--json`."""
    ours = [row for row in rows if row['codec'] == 'slim']
    return '\n'.join([
        '# Model card', '',
        f'Fingerprint `{facts.fingerprint}`; made by', '', '```sh', facts.command, '```', '',
        f'from {facts.base}. The map was trained on what the detector finds; no labels were used. '
        "Licences of the detector and of the recordings are their owners'.", '',
        '| | |', '|---|---|',
        f'| detector | {facts.detector} |', f'| sources | {facts.sources} |',
        f'| trained on | {facts.trained_on} |',
        f'| settings of video chosen on | {facts.tried_on} |',
        f'| measured on | {facts.measured_on} |',
        f'| network input | longer side {facts.input_long_side} pixels |',
        '| memory of the encoder, all widths, Python included | '
        f'{_megabytes(facts.encoder_mb)} |', '',
        '## What it takes', '',
        'Agreement is AP50 against what the detector itself finds in undamaged frames, its '
        f'classes taken for one. Bytes are of the whole message. {MEANING}', '',
        *_table(NEEDED_COLUMNS, needed_rows(as_points(rows))), '',
        '## Operating points', '',
        *_table(('coder', 'width', 'rate', 'alone', 'bytes', 'encode ms', 'agreement'),
                [_row(row) for row in ours]), ''])


def _megabytes(megabytes: float) -> str:
    return 'not measured' if math.isnan(megabytes) else f'{megabytes:.0f} MB'


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f'| {" | ".join(cells)} |' for cells in (columns, ['---'] * len(columns), *rows)]


def _row(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (row.get('coder', 'cells'), f'{row["width"]:g}', str(row['rate']),
            'yes' if row.get('alone', True) else 'no', f'{row["bytes"]:.0f}',
            f'{row["encode_ms"]:.2f}', f'{row["agreement_ap50"]:.3f}')
