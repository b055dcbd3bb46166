"""Tests of a table on terminals that are wide, and not."""

from __future__ import annotations

from io import StringIO

import pytest

pytest.importorskip('rich', reason='rich is not installed')
from rich.console import Console  # noqa: E402

from slim_split_ros.reports.page import Table  # noqa: E402
from slim_split_ros.reports.terminal_table import fit_table  # noqa: E402

TABLE = Table(('robot', 'frames/s', 'dropped', 'late'), (
    ('/left/onboard', '9.9', '14 no_subscriber, 3 encoder_busy', ''),
    ('/[red]/onboard', '0.1', '', '7 of 9')))


def drawn(columns: int) -> list[str]:
    file = StringIO()
    console = Console(file=file, width=columns)
    for part in fit_table(TABLE, console):
        console.print(part)
    return file.getvalue().splitlines()


def test_a_wide_terminal_has_a_line_for_each_row() -> None:
    lines = drawn(120)
    assert sum('onboard' in line for line in lines) == 2
    assert any('/left/onboard' in line and '14 no_subscriber, 3 encoder_busy' in line
               for line in lines)


@pytest.mark.parametrize('columns', [40, 48, 56, 64])
def test_no_word_is_cut_however_narrow_the_terminal(columns: int) -> None:
    lines = drawn(columns)
    text = '\n'.join(lines)
    assert '…' not in text and max(map(len, lines)) <= columns
    for word in ('/left/onboard', '/[red]/onboard', 'no_subscriber,', 'encoder_busy', '7 of 9'):
        assert word in text
