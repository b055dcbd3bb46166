"""A table on a terminal: rows beside one another, or below where that is too narrow."""

from __future__ import annotations

from rich.console import Console, Group
from rich.table import Table as RichTable
from rich.text import Text

from slim_split_ros.reports.page import Table

# What rich puts where it cuts a word.
_CUT = '…'


def fit_table(table: Table, console: Console) -> list[RichTable]:
    """Return one table, or one of each row where words would have to be cut to fit."""
    beside = RichTable(header_style='bold')
    for number, column in enumerate(table.columns):
        beside.add_column(column, justify='left' if number == 0 else 'right')
    for row in table.rows:
        # Text, not markup: brackets in a name are no commands.
        beside.add_row(*map(Text, row))
    lines = console.render_lines(beside, pad=False)
    if not any(_CUT in segment.text for line in lines for segment in line):
        return [beside]
    return [_below(table.columns, row) for row in table.rows]


def stack(tables: list[RichTable], lines: list[Text], console: Console) -> Group:
    """Put lines below tables, or above where the terminal is too low to show them all."""
    group = Group(*tables, *lines)
    is_too_low = console.is_terminal and len(console.render_lines(group)) > console.height
    return Group(*lines, *tables) if is_too_low else group


def _below(columns: tuple[str, ...], row: tuple[str, ...]) -> RichTable:
    table = RichTable(header_style='bold')
    table.add_column(columns[0])
    table.add_column(Text(row[0]))
    for column, cell in zip(columns[1:], row[1:], strict=True):
        if cell:
            table.add_row(column, Text(cell))
    return table
