"""Does `replay` say what came of a bag, and in one line why nothing did?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import json
import os
from pathlib import Path

import numpy as np
import pytest

from bags.recordings import STAMP_NS, raw_image, write_bag
from slim_split_ros.__main__ import main
from slim_split_ros.bags import BagImage
from support.bundles import write_tiny_bundle
from support.rerun_file import logged_rows


@dataclass
class Answer:
    """What a command left on the terminal."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def replay(capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Run the command in this process: a new one takes seconds to start."""
    def run(*arguments: object) -> Answer:
        capsys.readouterr()
        status = main(['replay', *map(str, arguments)])
        return Answer(status, *capsys.readouterr())
    return run


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    pixels = np.zeros((96, 128, 3), np.uint8)
    pixels[16:48, 32:64] = 255
    times_ns = [STAMP_NS + number * 40_000_000 for number in range(20)]
    return write_bag(tmp_path / 'recorded', {'/camera/image_raw': [
        BagImage(time_ns, time_ns, 'camera', 'rgb8', 128, 96, 384, False, pixels.ravel())
        for time_ns in times_ns]})


@pytest.fixture(scope='module')
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp('model'), with_pictures=True)


def test_figures_page_and_bag_are_written_and_a_second_run_is_compared(
    bag: Path, model: Path, tmp_path: Path, replay: Callable[..., Answer]
) -> None:
    wide, narrow = tmp_path / 'wide.json', tmp_path / 'narrow.json'
    common = bag, '--model', model, '--output', tmp_path / 'out'
    first = replay(*common, '--width', 1.0, '--json', wide)
    second = replay(*common, '--width', 0.25, '--json', narrow, '--compare', wide)

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    figures = json.loads(wide.read_text())
    assert (figures['frames'], figures['answered'], figures['width']) == (20, 20, 1.0)
    assert figures['bytes'] > json.loads(narrow.read_text())['bytes']
    assert len(figures['payload_sha256']) == 64
    assert figures['detections'] == sum(len(row['detections']) for row in figures['rows']) > 0
    assert figures['milliseconds']['encode']['p50'] > 0.0
    assert second.stdout.split()[:4] == ['figure', 'this', 'run', 'wide']
    page = (tmp_path / 'out' / 'index.html').read_text()
    assert 'width 1.00' in page and 'width 0.25' in page and 'as the server rebuilt it' in page
    assert '<img src="data:image/jpeg' in page
    assert (tmp_path / 'out' / 'bag' / 'metadata.yaml').is_file()


def test_a_link_is_named_and_timed(
    bag: Path, model: Path, tmp_path: Path, replay: Callable[..., Answer]
) -> None:
    trace = tmp_path / 'slow.csv'
    trace.write_text('t_s,rate_kbps,delay_ms,loss\n0,1000,50,0\n60,1000,50,0\n')

    answer = replay(bag, '--model', model, '--width', 0.25, '--link', trace,
                     '--output', tmp_path / 'out', '--json', tmp_path / 'f.json')

    assert answer.returncode == 0, answer.stderr
    figures = json.loads((tmp_path / 'f.json').read_text())
    assert (figures['link'], figures['target_fps']) == ('slow.csv', 10.0)
    assert figures['milliseconds']['end_to_end']['p50'] > 125.0
    assert figures['dropped']['target_fps'] > 0
    assert 'end to end, ms' in (tmp_path / 'out' / 'index.html').read_text()


def test_features_that_were_recorded_are_replayed_without_images(
    bag: Path, model: Path, tmp_path: Path, replay: Callable[..., Answer]
) -> None:
    first = replay(bag, '--model', model, '--output', tmp_path / 'a',
                    '--json', tmp_path / 'a.json')
    again = replay(tmp_path / 'a' / 'bag', '--features', '--model', model,
                    '--output', tmp_path / 'b', '--json', tmp_path / 'b.json')

    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    one, two = (json.loads((tmp_path / name).read_text()) for name in ('a.json', 'b.json'))
    assert one['payload_sha256'] == two['payload_sha256']
    assert [row['detections'] for row in one['rows']] == [
        row['detections'] for row in two['rows']]


def test_each_fault_is_one_line_that_says_the_way_out(
    bag: Path, model: Path, tmp_path: Path, replay: Callable[..., Answer]
) -> None:
    empty = write_bag(tmp_path / 'empty', {'/image': []})
    two = write_bag(tmp_path / 'two', {'/left': [raw_image(0)], '/right': [raw_image(1)]})
    strange = write_bag(tmp_path / 'strange', {'/image': [raw_image(0, 'weird')]})
    other = write_tiny_bundle(tmp_path / 'other', seed=7)
    (tmp_path / 'no.json').write_text('{"bag": 1}')
    output = '--output', tmp_path / 'out'
    assert replay(bag, '--model', model, *output).returncode == 0
    features = tmp_path / 'features'
    (tmp_path / 'out' / 'bag').rename(features)
    for arguments, words in (
        ((tmp_path / 'absent', '--model', model), 'does not exist'),
        ((empty, '--model', model), 'no images'),
        ((two, '--model', model), 'name one of these with --topic'),
        ((features, '--features', '--model', other), 'fingerprint of the frame is'),
        ((strange, '--model', model), 'no image on /image could be sent: image dropped: encoding'),
        ((bag, '--model', tmp_path), 'manifest.json cannot be read'),
        ((os.fsdecode(b'a\xff.mcap'),), 'is not written in UTF-8: rename'),
        ((bag, '--compare', tmp_path / 'no.json'), 'cannot be compared with'),
        ((bag, '--link', tmp_path / 'absent.csv', '--model', model), 'absent.csv'),
    ):
        answer = replay(*arguments, *output)
        assert answer.returncode == 1, arguments
        line, = answer.stderr.splitlines()
        assert line.startswith('replay: ') and words in line


def test_a_width_that_the_model_does_not_have_is_wrong_use(
    bag: Path, model: Path, tmp_path: Path, replay: Callable[..., Answer]
) -> None:
    answer = replay(bag, '--width', 0.3, '--model', model, '--output', tmp_path / 'out')

    assert answer.returncode == 2
    assert '--width is 0.3, the model has 0.25, ' in answer.stderr


def test_what_lies_in_the_place_of_the_bag_is_not_removed(
    bag: Path, model: Path, tmp_path: Path, replay: Callable[..., Answer]
) -> None:
    mine = tmp_path / 'out' / 'bag' / 'thesis.txt'
    mine.parent.mkdir(parents=True)
    mine.write_text('years')

    answer = replay(bag, '--model', model, '--output', tmp_path / 'out')

    assert answer.returncode == 1
    assert 'name another folder' in answer.stderr
    assert mine.read_text() == 'years'


def test_a_replay_of_its_own_results_does_not_take_them_away(
    bag: Path, model: Path, tmp_path: Path, replay: Callable[..., Answer]
) -> None:
    common = '--model', model, '--output', tmp_path / 'out'
    assert replay(bag, *common).returncode == 0
    results = tmp_path / 'out' / 'bag'
    before = {path.name: path.read_bytes() for path in results.iterdir()}

    for source in (results, results / 'metadata.yaml', next(results.glob('*.mcap'))):
        answer = replay(source, '--features', *common)
        assert answer.returncode == 1
        assert 'name another folder with --output' in answer.stderr
    assert {path.name: path.read_bytes() for path in results.iterdir()} == before


def test_a_replay_that_fails_leaves_the_bag_of_the_one_before(
    bag: Path, model: Path, tmp_path: Path, replay: Callable[..., Answer]
) -> None:
    common = '--model', model, '--output', tmp_path / 'out'
    results = tmp_path / 'out' / 'bag'
    strange = write_bag(tmp_path / 'strange', {'/image': [raw_image(0, 'weird')]})
    assert replay(bag, *common).returncode == 0
    before = {path.name: path.read_bytes() for path in results.iterdir()}

    for source in (tmp_path / 'absent', strange):
        assert replay(source, *common).returncode == 1
        assert {path.name: path.read_bytes() for path in results.iterdir()} == before
    assert replay(bag, *common, '--width', 0.25).returncode == 0
    assert {path.name: path.read_bytes() for path in results.iterdir()} != before
    assert {path.name for path in results.parent.iterdir()} <= {'bag', 'index.html', 'matplotlib'}


def test_a_link_in_the_place_of_the_bag_is_refused(
    bag: Path, model: Path, tmp_path: Path, replay: Callable[..., Answer]
) -> None:
    (tmp_path / 'out').mkdir()
    (tmp_path / 'large_disk').mkdir()
    (tmp_path / 'out' / 'bag').symlink_to(tmp_path / 'large_disk')

    answer = replay(bag, '--model', model, '--output', tmp_path / 'out')

    assert answer.returncode == 1
    assert 'is a link, and the bag of this replay goes there: name another' in answer.stderr


def test_a_clock_beyond_what_stamps_can_hold_costs_nothing(
    model: Path, tmp_path: Path, replay: Callable[..., Answer]
) -> None:
    late_ns = 2**31 * 1_000_000_000
    pixels = np.zeros((96, 128, 3), np.uint8).ravel()
    bag = write_bag(tmp_path / 'late', {'/image': [
        BagImage(late_ns + number * 40_000_000, STAMP_NS + number * 40_000_000, 'camera', 'rgb8',
                 128, 96, 384, False, pixels) for number in range(5)]})

    answer = replay(bag, '--model', model, '--output', tmp_path / 'out',
                    '--json', tmp_path / 'f.json')

    assert answer.returncode == 0, answer.stderr
    assert json.loads((tmp_path / 'f.json').read_text())['answered'] == 5


def test_options_that_mean_nothing_for_features_are_wrong_use(
    bag: Path, tmp_path: Path, replay: Callable[..., Answer]
) -> None:
    answer = replay(bag, '--features', '--width', 0.5, '--output', tmp_path / 'out')

    assert answer.returncode == 2
    assert '--features' in answer.stderr


def test_a_recording_for_rerun_has_every_frame_and_leaves_the_payloads_as_they_are(
    bag: Path, model: Path, tmp_path: Path, replay: Callable[..., Answer]
) -> None:
    pytest.importorskip('rerun', reason='rerun-sdk is not installed (requirements/rerun.txt)')
    common = bag, '--model', model, '--output', tmp_path / 'out'
    plain = replay(*common, '--json', tmp_path / 'plain.json')
    logged = replay(*common, '--json', tmp_path / 'logged.json', '--rerun', tmp_path / 'a.rrd')
    features = replay(tmp_path / 'out' / 'bag', '--features', '--model', model,
                      '--output', tmp_path / 'again', '--rerun', tmp_path / 'b.rrd')

    assert (plain.returncode, logged.returncode, features.returncode) == (0, 0, 0)
    one, two = (json.loads((tmp_path / name).read_text())['payload_sha256']
                for name in ('plain.json', 'logged.json'))
    assert one == two
    assert f"Rerun: {tmp_path / 'a.rrd'}" in logged.stdout
    assert logged_rows(tmp_path / 'a.rrd', tmp_path).items() >= {
        'camera': 20, 'rebuilt': 20, 'camera/found': 20, 'bytes': 20}.items()
    rows = logged_rows(tmp_path / 'b.rrd', tmp_path)
    assert rows['rebuilt'] == rows['rebuilt/found'] == 20 and 'camera' not in rows
