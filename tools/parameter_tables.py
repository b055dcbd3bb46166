"""The tables of docs/parameters.md, made from the nodes' own: `make docs` runs this file."""

from __future__ import annotations

from dataclasses import fields
from importlib import import_module
from pathlib import Path
import sys
from typing import Any

DOCUMENT = Path(__file__).resolve().parents[1] / 'docs' / 'parameters.md'
TABLES = {
    'onboard': ('slim_split_ros.ros.settings.onboard_parameters', 'OnboardSettings'),
    'offboard': ('slim_split_ros.ros.settings.offboard_parameters', 'OffboardSettings'),
    'sim_camera': ('slim_split_ros.ros.cameras.camera_parameters', 'SimCameraSettings'),
    'file_camera': ('slim_split_ros.ros.cameras.camera_parameters', 'FileCameraSettings'),
    'overlay': ('slim_split_ros.ros.settings.overlay_parameters', 'OverlaySettings'),
    'bag_camera': ('slim_split_ros.ros.cameras.camera_parameters', 'BagCameraSettings'),
}
HEAD = ('| parameter | default | meaning | allowed | changeable |',
        '| --- | --- | --- | --- | --- |')


def with_tables(text: str) -> str:
    """Return a document whose sections, named like the nodes, end with the tables of the code."""
    opening, *sections = text.split('\n## ')
    return '\n## '.join([opening, *map(_with_table, sections)])


def _with_table(section: str) -> str:
    node, *lines = section.splitlines()
    prose = '\n'.join(line for line in lines if not line.startswith('|')).strip()
    module, name = TABLES[node]
    table = '\n'.join([*HEAD, *map(_row, fields(_table(module, name)))])
    return '\n\n'.join(part for part in (node, prose, table) if part) + '\n'


def _table(module: str, name: str) -> type:
    return getattr(import_module(module), name)


def _row(item: Any) -> str:
    from slim_split_ros.ros.settings.parameters import allowed_values

    rule = item.metadata['rule']
    default = str(item.default).lower() if isinstance(item.default, bool) else str(item.default)
    changeable = 'at start' if rule.read_only else 'any time'
    cells = (f'`{item.name}`', f'`{default}`' if default else '', rule.description,
             allowed_values(rule), changeable)
    return f'| {" | ".join(cells)} |'


def main() -> int:
    """Write the document anew."""
    DOCUMENT.write_text(with_tables(DOCUMENT.read_text('utf-8')), encoding='utf-8')
    return 0


if __name__ == '__main__':
    sys.exit(main())
