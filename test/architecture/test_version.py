"""Do the files that name a version agree about it?"""

from __future__ import annotations

from pathlib import Path
import re
from xml.etree import ElementTree


def test_package_xml_and_pyproject_name_the_same_version(checkout: Path) -> None:
    assert _project_version(checkout) == _package_version(checkout)


def test_what_pip_always_installs_stands_among_what_running_needs(checkout: Path) -> None:
    listed = re.search(
        r'^dependencies = \[(.+)\]$', (checkout / 'pyproject.toml').read_text(), re.MULTILINE)
    assert listed
    dependencies = re.findall(r"'([^']+)'", listed.group(1))

    runtime = (checkout / 'requirements' / 'runtime.txt').read_text().splitlines()

    assert dependencies
    assert set(dependencies) <= set(runtime)


def test_changelog_begins_with_forthcoming_or_this_version(checkout: Path) -> None:
    sections = re.findall(
        r'^(Forthcoming|\d+\.\d+\.\d+)(?: \(.*\))?\n-+$',
        (checkout / 'CHANGELOG.rst').read_text(), re.MULTILINE)
    released = [section for section in sections if section != 'Forthcoming']

    assert sections[0] in ('Forthcoming', _package_version(checkout))
    assert released[:1] in ([], [_package_version(checkout)])


def _package_version(checkout: Path) -> str | None:
    return ElementTree.parse(checkout / 'package.xml').getroot().findtext('version')


def _project_version(checkout: Path) -> str:
    project = (checkout / 'pyproject.toml').read_text().partition('[project]')[2]
    found = re.search(r"^version = '(.+)'$", project, re.MULTILINE)
    assert found
    return found.group(1)
