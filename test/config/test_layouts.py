"""Do the layouts in config/ show topics and fields that our nodes have?"""

from __future__ import annotations

from collections.abc import Iterator
import json
from pathlib import Path
import re
import subprocess
from xml.etree import ElementTree

import pytest
import yaml

STATUSES = {'/onboard/status': 'EncoderStatus', '/offboard/status': 'ServerStatus'}


def texts(value: object) -> Iterator[str]:
    """Yield every text of a parsed document."""
    if isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value


def shown_in(path: Path) -> set[str]:
    """Return every topic, or topic and field, that a layout names."""
    if path.suffix == '.rviz':
        found = texts(yaml.safe_load(path.read_text()))
    elif path.suffix == '.xml':
        root = ElementTree.parse(path).getroot()
        curves = [curve.get('name', '') for curve in root.iter('curve')]
        lists = [item.get('value', '').split(';') for item in root.iter('selected_topics')]
        found = iter([*curves, *(topic for topics in lists for topic in topics)])
    elif path.suffix == '.json':
        found = texts(json.loads(path.read_text()))
    else:
        # Within representations of Python values.
        found = iter(re.findall(r"'(/[^']+)'", path.read_text()))
    return {text for text in found if text.startswith('/')}


def documented_topics(checkout: Path) -> set[str]:
    lines = (checkout / 'docs' / 'topics.md').read_text().splitlines()
    rows = [line.split('|')[1] for line in lines if line.startswith('| `')]
    return {'/' + name.lstrip('/') for row in rows for name in re.findall(r'`([^`]+)`', row)}


def fields_of(message: str, checkout: Path) -> set[str]:
    lines = (checkout / 'msg' / f'{message}.msg').read_text().splitlines()
    return {line.split()[1] for line in lines if line and not line.startswith('#')}


@pytest.mark.parametrize('name', [
    'slim_split.rviz', 'foxglove_layout.json', 'plotjuggler_layout.xml',
    'slim_split.perspective'])
def test_everything_that_a_layout_shows_exists(name: str, checkout: Path) -> None:
    known = documented_topics(checkout)
    fields = {f'{topic}{separator}{field}' for topic, message in STATUSES.items()
              for field in fields_of(message, checkout) for separator in '/.'}

    shown = shown_in(checkout / 'config' / name)

    assert len(shown) >= 4
    assert not shown - known - fields


@pytest.mark.parametrize('name', [
    'slim_split.rviz', 'foxglove_layout.json', 'plotjuggler_layout.xml',
    'slim_split.perspective'])
def test_the_documented_command_moves_a_layout_into_a_namespace(
    name: str, checkout: Path, tmp_path: Path
) -> None:
    text = (checkout / 'docs' / 'looking.md').read_text()
    command = re.search(r'^sed .* > robot1\.rviz$', text, re.MULTILINE)[0]
    moved = tmp_path / f'moved{Path(name).suffix}'
    command = command.replace('config/slim_split.rviz', f'config/{name}')

    subprocess.run(['bash', '-c', command.replace('robot1.rviz', f'{moved}')], cwd=checkout,
                   check=True)

    here, there = shown_in(checkout / 'config' / name), shown_in(moved)
    assert there == {
        topic if topic == '/diagnostics' else f'/robot1{topic}' for topic in here}
