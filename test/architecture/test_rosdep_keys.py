"""Does package.xml name only what `rosdep install` can find? One unknown key stops all of it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

# Of rosdistro's rosdep/python.yaml, in August 2026, those that are packages of Ubuntu 24.04. Look
# there before a name is added: not every package of Debian has a key.
KEYS = {
    'python3-hypothesis', 'python3-jinja2', 'python3-matplotlib', 'python3-numpy',
    'python3-opencv', 'python3-psutil', 'python3-pytest', 'python3-rich', 'python3-tqdm',
    'python3-yaml'}


def test_every_system_package_has_a_key(checkout: Path) -> None:
    root = ElementTree.parse(checkout / 'package.xml').getroot()
    named = {element.text for element in root if element.tag.endswith('depend')}
    assert {name for name in named if name.startswith('python3-')} <= KEYS
