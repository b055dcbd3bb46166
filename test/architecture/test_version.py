"""Do the files that name a version agree about it?"""

from __future__ import annotations

import ast
from pathlib import Path
import re
from xml.etree import ElementTree


def test_package_xml_and_setup_py_name_the_same_version(checkout: Path) -> None:
    assert _setup_version(checkout) == _package_version(checkout)


def test_changelog_begins_with_forthcoming_or_this_version(checkout: Path) -> None:
    sections = re.findall(
        r'^(Forthcoming|\d+\.\d+\.\d+)(?: \(.*\))?\n-+$',
        (checkout / 'CHANGELOG.rst').read_text(), re.MULTILINE)
    released = [section for section in sections if section != 'Forthcoming']

    assert sections[0] in ('Forthcoming', _package_version(checkout))
    assert released[:1] in ([], [_package_version(checkout)])


def _package_version(checkout: Path) -> str | None:
    return ElementTree.parse(checkout / 'package.xml').getroot().findtext('version')


def _setup_version(checkout: Path) -> str:
    tree = ast.parse((checkout / 'setup.py').read_text())
    return next(
        ast.literal_eval(keyword.value) for node in ast.walk(tree) if isinstance(node, ast.Call)
        for keyword in node.keywords if keyword.arg == 'version')
