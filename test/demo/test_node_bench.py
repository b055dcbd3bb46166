"""Is a node measured as a process, and one that gives nothing told apart?"""

from __future__ import annotations

import json
from pathlib import Path
import subprocess
import sys

import pytest


@pytest.mark.ros
@pytest.mark.once
def test_onboard_and_republisher_are_measured_on_the_same_images(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    # A process of its own: it takes a domain of its own.
    answer = subprocess.run(
        [sys.executable, '-m', 'slim_split_ros', 'bench', 'node', '--model', str(tiny_bundle),
         '--seconds', '1', '--json', str(tmp_path / 'a.json')],
        capture_output=True, text=True, timeout=200)

    assert answer.returncode == 0, answer.stderr
    rows = json.loads((tmp_path / 'a.json').read_text())['rows']
    assert [(row['name'], row['width']) for row in rows] == [
        ('onboard', 0.25), ('onboard', 1.0), ('jpeg 80 republisher', None)]
    for row in rows:
        assert row['p95_ms'] >= row['p50_ms'] > 0.0
        assert row['rss_mb'] > 10.0
        assert row['start_s'] > 0.0 and row['cpu_percent'] > 0.0


@pytest.mark.ros
@pytest.mark.once
def test_a_node_that_is_watched_too_briefly_gives_no_figures(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    answer = subprocess.run(
        [sys.executable, '-m', 'slim_split_ros', 'bench', 'node', '--model', str(tiny_bundle),
         '--seconds', '1e-9', '--json', str(tmp_path / 'a.json')],
        capture_output=True, text=True, timeout=200)

    assert answer.returncode == 1
    assert answer.stderr.strip().endswith('watch it for longer with --seconds')
    assert not (tmp_path / 'a.json').exists()


@pytest.mark.ros
@pytest.mark.once
def test_a_node_that_does_not_start_is_explained(tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, '-m', 'slim_split_ros', 'bench', 'node', '--model', str(tmp_path)],
        capture_output=True, text=True, timeout=100)

    assert answer.returncode == 1
    line, = answer.stderr.splitlines()
    assert 'manifest.json cannot be read' in line
