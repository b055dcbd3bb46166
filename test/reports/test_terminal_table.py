"""Tests of a table on terminals that are wide, and not."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console
from rich.text import Text

from slim_split_ros.reports.page import Table
from slim_split_ros.reports.terminal_table import fit_table, stack

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


@pytest.mark.parametrize(('rows', 'first'), [(40, '┏'), (8, 'WARN')])
def test_what_is_complained_of_is_on_top_where_not_everything_can_be_seen(
    rows: int, first: str
) -> None:
    file = StringIO()
    console = Console(file=file, width=120, height=rows, force_terminal=True, color_system=None)
    lines = [Text('WARN onboard: link: down')] * 4
    console.print(stack(fit_table(TABLE, console), lines, console))
    assert file.getvalue().startswith(first)
