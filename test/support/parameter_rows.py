"""Which rows does a table of parameters in a document have? Made from the node's own table."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from slim_split_ros.ros.parameters import allowed_values


def parameter_rows(settings: type) -> list[str]:
    """Give a Markdown row for each field: name, default, meaning, what is allowed, when."""
    return [_row(item) for item in fields(settings)]


def _row(item: Any) -> str:
    rule = item.metadata['rule']
    default = str(item.default).lower() if isinstance(item.default, bool) else str(item.default)
    changeable = 'at start' if rule.read_only else 'any time'
    cells = (f'`{item.name}`', f'`{default}`' if default else '', rule.description,
             allowed_values(rule), changeable)
    return f'| {" | ".join(cells)} |'
