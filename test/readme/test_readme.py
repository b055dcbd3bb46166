"""Does the README agree with the code about parameters, topics, commands and files?"""

from __future__ import annotations

from pathlib import Path
import re
import subprocess

import pytest

GENERATED = ('.venv', 'out', 'build', 'install')


@pytest.fixture(scope='module')
def readme(checkout: Path) -> str:
    return (checkout / 'README.md').read_text(encoding='utf-8')


@pytest.mark.ros
def test_every_parameter_stands_in_the_documents_as_its_node_declares_it(checkout):
    from tools.parameter_tables import DOCUMENT, TABLES, with_tables

    text = DOCUMENT.read_text(encoding='utf-8')

    assert set(re.findall('^## (.+)$', text, re.MULTILINE)) == set(TABLES)
    assert with_tables(text) == text, 'make docs writes it anew'


def test_every_command_stands_there_and_no_other(readme):
    from slim_split_ros.commands import COMMANDS

    described = set(re.findall(r'^\| `(\w+)` \|', section(readme, 'Commands'), re.MULTILINE))

    assert described == set(COMMANDS)


def test_every_target_of_make_exists(readme, checkout):
    makefile = (checkout / 'Makefile').read_text(encoding='utf-8')
    phony = re.search(r'^\.PHONY: (.+)$', makefile, re.MULTILINE)
    assert phony

    assert set(re.findall(r'\bmake ([a-z][a-z0-9-]+)', readme)) <= set(phony.group(1).split())


def test_every_file_that_it_names_is_in_the_repository(readme, checkout):
    linked = re.findall(r'\]\(([^)#:]+)\)', readme)
    opened = re.findall(r'`((?:slim_split_ros|config|docs|launch|msg|test|third_party)/[^`]*)`',
                        readme)

    # Neither a placeholder such as test/<room>, nor a message such as slim_split_ros/EncodedFrame.
    named = {path for path in linked + opened if '<' not in path and path == path.lower()
             and not path.startswith(GENERATED)} | {'LICENSE'}

    assert [path for path in sorted(named) if not (checkout / path).exists()] == []


def test_picture_is_small_enough_for_a_page(checkout):
    tracked = subprocess.run(
        ['git', 'ls-files', 'docs/images'], cwd=checkout, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip('not a git checkout')

    assert [path for path in tracked.stdout.split()
            if (checkout / path).stat().st_size > 150_000] == []


def section(text: str, heading: str) -> str:
    """Give what stands below a heading of the second level."""
    return text.split(f'\n## {heading}\n', 1)[1].split('\n## ', 1)[0]
