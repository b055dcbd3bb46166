"""Are the rows of `bench` complete, and do subjects get the same frames by turns?"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bags.test_replay import TOPIC, image
from slim_split_ros.__main__ import main
from slim_split_ros.bags import BagImageWriter
from slim_split_ros.coders import why_no_video_encoding
from slim_split_ros.evaluation.bench.subject import BenchSubject, measure

KEYS = {'name', 'stage', 'runtime', 'width', 'threads', 'p50_ms', 'p95_ms'}


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    with BagImageWriter(tmp_path / 'bag') as writer:
        for number in range(3):
            writer.write(TOPIC, image(number))
    return tmp_path / 'bag'


def test_subjects_take_turns_on_the_same_frames() -> None:
    calls: list[tuple[str, int]] = []

    def subject(name: str, ms: float) -> BenchSubject:
        def work(frame: np.ndarray) -> dict[str, float]:
            calls.append((name, int(frame[0, 0, 0])))
            return {'all': ms}
        return BenchSubject(name, 'none', 0.0, 1, work)

    frames = [np.full((1, 1, 3), value, np.uint8) for value in (0, 1)]
    rows = measure([subject('a', 2.0), subject('b', 4.0)], frames, rounds=5)

    assert calls[:4] == [('a', 0), ('b', 0), ('a', 1), ('b', 1)]
    assert [(row.name, row.p50_ms, row.p95_ms, row.width) for row in rows] == [
        ('a', 2.0, 2.0, None), ('b', 4.0, 4.0, None)]


def test_warming_up_is_not_counted() -> None:
    times = iter([900.0, 800.0, 700.0, 1.0, 2.0, 3.0])
    subject = BenchSubject('a', 'none', 0.0, 1, lambda frame: {'all': next(times)})

    row, = measure([subject], [np.zeros((1, 1, 3), np.uint8)], rounds=3)

    assert row.p50_ms == 2.0


def test_encoding_is_measured_beside_rivals(bag: Path, tiny_bundle: Path, tmp_path: Path) -> None:
    status = main(['bench', 'encode', '--bag', str(bag), '--model', str(tiny_bundle),
                   '--rounds', '2', '--json', str(tmp_path / 'a.json')])

    rows = json.loads((tmp_path / 'a.json').read_text())['rows']
    assert status == 0
    assert all(set(row) == KEYS for row in rows)
    stages = {(row['width'], row['stage']) for row in rows if row['name'] == 'slim'}
    assert stages == {(width, stage) for width in (0.25, 0.5, 0.75, 1.0)
                      for stage in ('all', 'letterbox', 'network', 'coder')}
    names = {row['name'] for row in rows}
    assert {'jpeg 80', 'webp 80', 'paper, one member'} <= names
    assert ('h264' in names) == (not why_no_video_encoding())


def test_the_server_is_measured_at_every_width(
    bag: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    status = main(['bench', 'server', '--bag', str(bag), '--model', str(tiny_bundle),
                   '--rounds', '2', '--json', str(tmp_path / 'a.json')])

    rows = json.loads((tmp_path / 'a.json').read_text())['rows']
    assert status == 0
    assert {row['stage'] for row in rows} == {'all', 'decode', 'rebuild and detect'}
    assert all(row['p50_ms'] <= row['p95_ms'] for row in rows)


@pytest.mark.parametrize(('arguments', 'fault'), [
    (['node', '--threads', '4'], '--threads is not of node'),
    (['node', '--processor'], '--processor is not of node'),
    (['encode', '--device', 'cuda'], '--device is not of encode'),
    (['server', '--seconds', '3'], '--seconds is not of server'),
    (['encode', '--topic', '/image'], '--topic is of a bag'),
    (['server', '--device', 'cuda', '--processor'], 'does not count the time of cuda')])
def test_options_that_mean_nothing_are_wrong_use(
    arguments: list[str], fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['bench', *arguments]) == 2
    assert fault in capsys.readouterr().err


def test_what_cannot_be_measured_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['bench', 'encode', '--bag', str(tmp_path / 'absent')]) == 1
    line, = capsys.readouterr().err.splitlines()
    assert line.startswith('bench: ') and 'does not exist' in line
